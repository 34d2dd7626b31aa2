// Package folder reads and writes what surrounds the weights in a model folder: hives.json, which says
// how texts become vectors, and the tokenizer's files.
//
// Without hives.json one rule holds for folders and GGUF files. A Qwen3 is a Qwen3-Embedding: end token <|endoftext|>, at
// most 256 tokens, last-token pooling, unit vectors. A Llama is a language model: its own end token, and the mean. A BERT
// takes the mean too, and what its tokenizer puts around a text. What the files say goes over that: modules.json, pooling, prompts, longest text and the tokenizer's template of a
// sentence-transformers folder, the metadata of a GGUF file.
//
// Every key of these files is understood, changes no vector, or is refused by name: keys.go has the lists.
package folder
