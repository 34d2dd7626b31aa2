// Package losses holds the training objectives of HiVES as GoMLX graph functions: hierarchical supervised
// contrast (Stage 1), InfoNCE against a bank of anchor vectors, and their sum (Stage 2). Formulas, costs
// and a table that helps to choose are in docs/LOSSES.md.
//
// Axis letters: B batch, H hidden, K anchors of a bank, L levels of a path (3).
//
// The caller owes vectors of one batch without padding rows, labels as Int32 and a fixed B: every new B
// is a new graph. Arithmetic is f32, or f64 when the vectors are f64; narrower vectors are widened first.
// A loss never samples and knows nothing of texts: which rows meet in a batch is the sampler's business.
//
// Where to begin:
//
//	hierarchical.go  the loss of Stage 1, from vectors to a scalar
//	contrast.go      its pieces: unit vectors, masks of positives, log probabilities
//	variant.go       one switch for each way in which readings of the paper differ
//	infonce.go       a vector against a bank; stage2.go: the sum of three terms
//	labels.go        what a batch says of its rows, and which pairs say nothing
//
// Words: an anchor is a row of the batch, each in turn, whose positives are pulled to it. The vectors of a bank are
// always called anchor vectors or bank, their positions anchor ids. Chance level is the loss of vectors that tell
// nothing apart: log(B−1) a level for the hierarchical loss, log K for InfoNCE.
//
// Being graph functions they panic on wrong shapes and on a configuration that Validate refuses; the
// engine's seam turns that into an error. Finite vectors make finite losses and gradients, also a zero
// vector (its unit vector is taken as 0), B = 1 and a batch without a single positive.
package losses
