// Package qwen3embed is the embedder on package decoder: states of a language model's decoder, pooled into vectors.
// It bears the name of the model that it was made for, Qwen3-Embedding; the other families of the decoder's table embed
// as well.
//
// Axis letters: B batch, S sequence, R rows, T text slots, H hidden.
//
// A text's vector is the state of its last token after the final norm, or the mean of all its states, divided by its L2
// norm. The caller gives token ids padded on the left and the number of real tokens of each row, or packed texts.
//
// An untied output head is read over in every format: it makes tokens of states, and no vector. What else is read and
// refused is the decoder's.
package qwen3embed
