// Package safetensorsio reads and writes safetensors files: model weights and checkpoints.
//
// A file is an 8-byte little-endian header length N, N bytes of JSON, then the tensors' bytes without
// gaps: {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, …}, offsets counted from the
// end of the header, plus an optional "__metadata__" object of strings.
//
// Reading maps the file, so a tensor's Data is a view and costs no second copy; it ends with Close.
// The caller reads Data within Guard, which turns a file that is cut or written to meanwhile into an error.
// Headers are taken for hostile: overlapping or negative ranges, gaps, duplicate names, unknown dtypes,
// shapes that do not fit their bytes and absurd lengths are refused, naming file and tensor, before
// anything of their size is allocated. go-huggingface's reader was looked at first; it trusts all of
// these, lets the last of two equal names win and slices out of range.
//
// Writing is a function of its input: widest dtype first, then by name, so that every tensor starts at a
// multiple of its element size; the header is padded so that the data starts at a multiple of 8. The
// bytes are those that the format's reference implementation writes.
//
// Why a parser of our own for a format this simple: a header decides where bytes are read from, and a file of
// weights comes from strangers. What is refused here is what other readers disagree about, so a file that passes
// means one thing.
package safetensorsio
