// Package bert is the BERT encoder: config, layout and forward graph. all-MiniLM, bge, e5 and gte are of this family.
//
// Axis letters: R rows, S sequence, T text slots, H hidden, A heads, D head width, F feed-forward width, V vocabulary.
//
// The architecture is transformers' BertModel: word, position and token-type embeddings (type 0 everywhere) under a
// layer norm; blocks of attention over the whole text, with biases, and a GELU feed-forward, each added to its input
// and normed after that. Positions count from a text's first token, so a text embeds to the same vector wherever it
// stands in a row. Dropout, which a config names, is none of the model's: nothing here drops anything, in training
// neither.
//
// Read over: the pooler, heads of pretraining, and known buffers; no vector needs them.
//
// Refused: a config that asks for what is not built, or names what is not known here; a weights file with any other
// tensor; a text of more tokens than the model has positions.
package bert
