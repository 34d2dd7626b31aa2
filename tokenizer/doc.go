// Package tokenizer reads Hugging Face tokenizer.json files of byte-level BPE models and frames texts
// the way Qwen3-Embedding was trained: ids, then the end token, at most 256 of them.
package tokenizer
