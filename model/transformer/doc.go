// Package transformer is what encoders of all families share: their weights by name, adapters, loading and saving,
// the parts that forward graphs are made of, and pooling. A family, as qwen3embed or bert, is a config that lists its
// tensors (Architecture) and a forward graph over them (Model); package folder holds the table of families.
//
// Axis letters: B batch, R rows, S sequence, T text slots, H hidden.
//
// The caller gives token ids, and says where each text lies: ids never tell padding apart. Graph functions panic on
// shapes that do not fit, as GoMLX graph building does; the executor turns that into an error.
//
// Weights come from safetensors, or from what a family reads itself, row by row; what was converted leaves memory.
//
// Refused: weights with a missing, extra or misshapen tensor, weights that are not finite.
package transformer
