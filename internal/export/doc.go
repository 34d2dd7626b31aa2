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
package export
