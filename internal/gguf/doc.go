// Package gguf reads GGUF files, versions 2 and 3: the weights, sizes and tokenizer of a model in one file, as
// llama.cpp and its tools write them.
//
// A file is "GGUF", the version, the number of tensors and of metadata, the metadata (name, type, value), a line for
// each tensor (name, axes innermost first, type, offset), padding, and the tensors' bytes, each at a multiple of
// general.alignment. Numbers are little-endian. Source: the format's page in ggml's repository, docs/gguf.md.
//
// Tensors may be of F32, F16 or BF16, or in blocks of 32 or 256 numbers that share scales: Q8_0, Q4_0, Q4_1, Q4_K,
// Q6_K. Rows are decoded one at a time, so that nothing but the result need ever lie in memory; Forget gives the
// pages of what was decoded back.
//
// Headers are taken for hostile. Counts and lengths are believed only as far as the file has bytes for them; names
// that come twice, nested arrays, unknown types, axes that multiply beyond 64 bits, offsets that are not aligned,
// lie outside the file or overlap are refused, naming file and tensor, before anything of their size is allocated.
//
// TokenizerJSON writes the tokenizer in the file out as the tokenizer.json that the same model would have.
//
// How a file becomes weights, without holding them twice: Open maps it and checks the header; the loader asks for a
// tensor by name and decodes it row by row into its place in the engine's memory; Forget gives the file's pages back
// as it goes. Peak memory of loading SmolLM2-135M was 1.01 times its weights (docs/WEIGHTS.md).
//
// A block of Q8_0, as an example of all of them: 34 bytes for 32 numbers.
//
//	00 2c             the scale, a float16: 0.0625
//	04 f8 7f …        32 signed bytes: 4, −8, 127 …
//	→                 0.25, −0.5, 7.9375 …
//
// Where to begin: header.go (the bytes of a file), value.go and metadata.go (its keys), tensor.go and decode.go (its
// numbers), tokenizer.go and pre.go (its tokenizer, and back), write.go (a file of our own), folder.go (which file a
// path means).
package gguf
