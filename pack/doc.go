// Package pack lays several texts into the rows of one batch, so that few computed tokens are padding.
//
// A row of S tokens holds whole texts one after the other, each contiguous; the model's mask keeps them
// apart (block-diagonal and causal) and counts positions from each text's first token.
// Training calls Choose once over sampled batches, then One for every batch; corpora call Many, embedd
// Next, which makes up one batch out of the texts that wait.
//
// Everything here is a function of the texts' lengths and the shapes: no clock, no random number, no map
// order. Texts are placed longest first, those of equal length in the caller's order, each into the first
// row with room (first-fit decreasing, which is at most 11/9 of the fewest rows, plus one).
//
// The caller owes token ids that the model accepts: pack counts and copies them. Refused, with the
// numbers: texts without tokens, texts longer than every row, and One where no shape holds them all.
//
// Where to begin:
//
//	pack.go     a shape, its cost, a batch
//	stock.go    the texts that wait, and how a row is filled
//	one.go      training: all texts in one batch; many.go: corpora and the daemon
//	choose.go   which shapes are worth compiling
//
// Axis letters: R rows, S tokens a row, T text slots.
package pack
