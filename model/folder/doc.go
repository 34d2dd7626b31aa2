// Package folder reads and writes what surrounds the weights in a model folder: hives.json, which says
// how texts become vectors, and the tokenizer's files.
//
// What lies in a folder, and who reads it:
//
//	config.json                          the family by its model_type, and sizes: decoder, bert
//	model.safetensors, or shards         weights: transformer
//	tokenizer.json                       how a text is cut up: tokenizer; its template and added tokens: here
//	tokenizer_config.json                end token and longest text: here
//	hives.json                           how a text becomes a vector, with hashes: here, and nobody else's program
//	modules.json, 1_Pooling/config.json  the same, as sentence-transformers keeps it: here
//	config_sentence_transformers.json    prompts: here
//	sentence_bert_config.json            longest text: here
//
// Where there is a hives.json it says all. Without one the question "how does a text of this model become a vector?" is
// answered in three steps, each over the one before:
//
//  1. The family's defaults, one rule for folders and GGUF files. A Qwen3 is a Qwen3-Embedding: end token
//     <|endoftext|>, at most 256 tokens, last-token pooling, unit vectors. Other decoders are language models: their
//     own end token, and the mean. A BERT takes the mean too.
//  2. The tokenizer's files: what they put behind a text, and how long one may be.
//  3. What was written for embedding: modules.json and its kin, or the metadata of a GGUF file.
//
// Worked example, a folder of all-MiniLM-L6-v2: model_type bert, hence the mean; the tokenizer is a WordPiece, hence
// [CLS] and [SEP] by its own template and no end token beside; modules.json names mean pooling and a Normalize, and
// sentence_bert_config.json at most 256 tokens.
//
// Invariant: two folders that hold the same weights make the same vectors, whichever program wrote them, or one of them
// is refused.
//
// Every key of these files is understood, changes no vector, or is refused by name: keys.go has the lists.
package folder
