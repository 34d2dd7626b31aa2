// Package export writes a model folder in the forms that other tools read.
//
// SentenceTransformers is a folder for SentenceTransformer(path): weights and config under transformers' names,
// a tokenizer.json that frames texts as tokenizer.Framed does, pooling, normalisation, prompts, and a model card.
// It holds hives.json too, so it stays a model folder.
//
// GGUF is one file with weights, sizes and tokenizer for llama.cpp. It cannot say the longest text and holds no
// prompts.
//
// An export is whole or absent: it is made under a temporary name and renamed. A target that exists is refused,
// and with Force only what looks like an earlier export is replaced. Cards and configs name no folder of the
// machine that wrote them; what is not known is said to be unknown. The same model and run give the same bytes.
//
// What SentenceTransformers writes:
//
//	config.json model.safetensors           the model, under transformers' names
//	tokenizer.json tokenizer_config.json    texts framed by the library itself
//	modules.json 1_Pooling/ 2_Normalize/    Transformer, Pooling, Normalize
//	config_sentence_transformers.json       prompts, cosine
//	sentence_bert_config.json               the longest text
//	hives.json                              for our own programs
//	README.md DATA.md                       the card, and that of the rows
//
// Where to begin: export.go (what is refused, and what is asked first), sentencetransformers.go with tokenizer.go,
// gguf.go with vocabulary.go, and for the card record.go (what is known of the run) and card.go (how it is said).
//
// Invariant: Python makes of an export the vectors that these programs make of the model, but for rounding.
// scripts/roundtrip.sh holds the exports to the real libraries.
package export
