// Package qwen3embed is the Qwen3-Embedding encoder: config, weights and forward graph.
//
// Axis letters: B batch, S sequence, H hidden, Q query heads, K key-value heads, G query heads per
// key-value head (Q = K·G), D head width, F feed-forward width, V vocabulary.
//
// The architecture is Qwen3's decoder (transformers' Qwen3Model): pre-norm blocks, RMS norms, q and k
// normed per head before rotary embedding in the rotate-half pairing, grouped-query causal attention,
// SwiGLU, no biases, tied embeddings. A text's vector is the state of its last token after the final
// norm, divided by its L2 norm.
//
// The caller gives token ids padded on the left and the number of real tokens of each row: pad and
// end token share an id, so ids never tell padding apart. Graph functions panic on shapes that do not
// fit, as GoMLX graph building does; the executor turns that into an error.
//
// Weights come from safetensors or from a GGUF file, row by row; what was converted leaves memory.
//
// Refused: configs that ask for what is not built (sliding windows, scaled RoPE, biases) or hold a key of which nothing
// is known, weights with a missing, extra or misshapen tensor, weights that are not finite. An untied output head is read
// over in every format: it makes tokens of states, and no vector.
package qwen3embed
