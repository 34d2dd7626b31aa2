// Package statecache keeps the states of texts after a model's lower layers on disk. Where these layers are
// not trained, the states never change: they are computed once and many runs begin at the layer above.
//
// A cache is three files in a folder, named by what the states are made from (Key): the states themselves, text
// after text, [tokens, H] little-endian; an index that says where each lies, with checksums; and a lock, which
// whoever adds states holds. FORMAT.md draws their bytes. Files only grow, the index after the states it names
// are on disk, so that a kill loses the last batch of texts at most and readers are never in a writer's way.
//
// A text is known by its token ids. The model is causal and its positions relative, so nothing else of the
// text, of its neighbours, of the tokenizer or of the longest text allowed enters its states.
//
// The caller owes a Key that tells apart all weights and settings that make other states. Refused: files of
// another key or format. Cut or damaged states count as missing, and are computed again.
//
// Axis letters: R rows, S tokens a row, H hidden.
//
// Where to begin: key.go (what decides the states), cache.go (reading), fill.go (adding), index.go (records and
// checksums), elder.go (files of the earlier format). What it saves: in a model of 28 layers with 26 frozen, a step
// computes two.
//
// Invariant: a record is on disk only after its states are, and what is whole is never changed.
package statecache
