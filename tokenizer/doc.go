// Package tokenizer turns texts into token ids and frames them as the model read them in training: for Qwen3-Embedding
// the ids, then the end token, at most 256 of them; for BERT [CLS], the ids, [SEP].
//
// Open reads the tokenizer.json of a byte-level BPE model (Qwen2, Qwen3, GPT-2, SmolLM2) or of a WordPiece model (BERT
// and its kin) in plain Go and gives the ids that Hugging Face tokenizers 0.23.3 gives, without special tokens.
// OpenDaulet, in programs built with -tags daulet, gives the same ids by way of the Rust library. Framed cuts a row and
// puts special tokens around it; PadLeft lays rows out for the model.
//
// The caller owes it valid UTF-8; html entities and blanks are the caller's business, normalisation is done here as the
// file asks for it. Tokens such as <|im_end|>, <think> and [MASK] become their own ids when a text spells them, as they
// do in Hugging Face's library.
//
// Refused, with the field or the byte named: components of a file that are not implemented, text that is
// not UTF-8, ids outside the vocabulary, a tokenizer larger than the model's embedding table. Texts are
// never part of an error. Truncation, padding and decoder of a file are read over: they change no ids here.
//
// Where to begin:
//
//	tokenizer.go     what a tokenizer answers
//	open.go          a file becomes a tokenizer: file.go, components.go
//	encode.go        the way of a text through added tokens, normalisers, splitters and model
//	split.go         words; bpe.go, wordpiece.go: ids
//	nfc.go, bert.go  normalising, by the tables of characters.go
//	framed.go        what stands around a text; prompted.go: a prompt before it
//	bpefirst.go      why the beginning of a long text can be encoded alone
//
// Words: a piece is what splitters cut a text into, a token an entry of the vocabulary, an id its number. Framing is
// what stands around a text's own ids. A window is the beginning of a long text that is read when few ids are wanted.
//
// Axis letters: B batch (rows), S sequence (ids of a row, padding included).
package tokenizer
