// Package folder reads and writes what surrounds the weights in a model folder: hives.json, which says
// how texts become vectors, and the tokenizer's files.
//
// A folder without hives.json is a Qwen3-Embedding one: end token <|endoftext|>, at most 256 tokens,
// last-token pooling, unit vectors. What such a folder says as one of sentence-transformers (modules.json, pooling,
// prompts, longest text, the tokenizer's template) goes over that.
// A GGUF file says by its metadata what a folder without hives.json would not.
package folder
