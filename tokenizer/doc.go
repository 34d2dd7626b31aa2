// Package tokenizer turns texts into token ids and frames them as Qwen3-Embedding was trained: the ids,
// then the end token, at most 256 of them.
//
// Open reads the tokenizer.json of a byte-level BPE model (Qwen2, Qwen3, GPT-2, SmolLM2) in plain Go and
// gives the ids that Hugging Face tokenizers 0.23.3 gives, without special tokens. OpenDaulet, in programs
// built with -tags daulet, gives the same ids by way of the Rust library. Framed cuts a row and puts the
// end token last; PadLeft lays rows out for the model.
//
// The caller owes it valid UTF-8; html entities and blanks are the caller's business, NFC is done here when
// the file asks for it. Tokens such as <|im_end|> and <think> become their own ids when a text spells
// them, as they do in Hugging Face's library.
//
// Refused, with the field or the byte named: components of a file that are not implemented, text that is
// not UTF-8, ids outside the vocabulary, a tokenizer larger than the model's embedding table. Texts are
// never part of an error.
//
// Axis letters: B batch (rows), S sequence (ids of a row, padding included).
package tokenizer
