// Package local embeds texts with a model folder on this machine's engine.
//
// The journey of a text: tokenise (in parallel) → pack several texts a row into batches of a few fixed
// shapes, so that few graphs are ever compiled and little is padding → engine → unit vectors back in
// input order. A vector does not depend on which other texts share its batch, but for rounding.
//
// Local is the encoder.Encoder; Runner is the part below it that takes packed batches, which the daemon
// drives from its own queue.
//
// Where to begin: local.go (Open, New, Encode), batch.go (a text in, a unit vector out), runner.go (shapes and graphs),
// length.go (how long a text may be).
//
// Axis letters: R rows, S tokens a row, T text slots, H hidden.
package local
