// Package banks opens the two anchor banks that Stage 2 trains with, and holds rows to them.
//
// A bank is K sentences. A row on disk names a sentence by its stable id, which may leave gaps; a loss wants its
// position 0 to K−1. Banks.Assigned turns one into the other, and refuses a row whose id the bank lacks: no graph
// could notice it.
//
// A bank is a versioned input: Bank.SHA256 is of its ids and sentences, and nothing else of it reaches training.
// Whoever resumes a run compares it.
//
// The caller also asks what the bank rests on. RefuseWeights refuses one whose rows were assigned by the weights
// about to be trained, which would be taught their own opinion. RefuseHeldOut refuses one that was fitted on the
// rows that the model is judged by. Both can only judge what a bank records; the inventory without a file
// records neither, and needs no fitting.
//
// Words: an anchor is a sentence of a bank. A row on disk has its id, a row in a batch its position; this package
// is the one place where the first becomes the second.
//
// Letters used for axes: K sentences, N rows.
package banks
