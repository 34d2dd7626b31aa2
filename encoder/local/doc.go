// Package local embeds texts with a model folder on this machine's engine.
//
// The journey of a text: tokenise (in parallel) → sort by length → batches of a few fixed shapes, so
// that few graphs are ever compiled → engine → unit vectors back in input order. A vector does not
// depend on which other texts share its batch, but for rounding.
//
// Axis letters: B batch, S sequence, H hidden.
package local
