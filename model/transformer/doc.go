// Package transformer is what encoders of all families share: their weights by name, adapters, loading and saving,
// the parts that forward graphs are made of, and pooling. A family, as qwen3embed or bert, is a config that lists its
// tensors (Architecture) and a forward graph over them (Model); package folder holds the table of families.
//
// The way from a folder to a vector, and the word for each station:
//
//	config.json ──ReadConfig──▶ Architecture    sizes, and the name and shape of every tensor (Layout)
//	*.safetensors ──Load──▶ Weights             variables of a store, each under VariablePath(name)
//	Weights ──Begin──▶ Pass                     one graph in which they are nodes; families build layers of them
//	Model.Packed ──▶ [T, H]                     a vector for each text of a batch
//
// Weights know their Architecture, and no forward pass: one set of weights serves an encoder and a language model.
//
// Axis letters: B batch, R rows, S sequence, T text slots, H hidden.
//
// The caller gives token ids, and says where each text lies: ids never tell padding apart. Graph functions panic on
// shapes that do not fit, as GoMLX graph building does; the executor turns that into an error.
//
// Weights come from safetensors, or from what a family reads itself, row by row; what was converted leaves memory.
//
// Refused: weights with a missing, extra or misshapen tensor, weights that are not finite. A tensor that nobody asks
// for is refused as well, because a file that holds more than the config tells of is of another model.
package transformer
