// Package fuse makes one model of several that were tuned from the same base.
//
// A model is a set of tensors, and each tensor is fused by itself, as one long vector θ_j of model j with weight λ_j:
//
//	linear    Σ λ_j θ_j / Σ λ_j
//	karcher   the mean of the directions θ_j/‖θ_j‖ on the sphere, times the mean of the norms
//
// Why two? Averaging shortens: of two vectors of norm 1 at an angle of 90° the average has norm .71. Karcher's mean
// keeps the norm. Models tuned from one base lie at small angles, where the two are nearly the same. At a cosine of
// .99 they differ by .0025 of the norm, which is less than bfloat16 keeps.
//
// Sums are float64 and are rounded once, to the type that the first model keeps the tensor in. Numbers are read a
// block at a time, so that memory holds two tensors, whatever the number of models.
//
//	rec, err := fuse.Run(ctx, fuse.Options{Models: []string{"a", "b"}, Method: fuse.ByKarcher, Out: "fused"})
//
// Where to begin: numbers.go has the two means and knows no file; source.go makes vectors of a model's tensors, or of a
// base's and an adapter; numbersof.go reads and rounds stored types; fuse.go holds the run, from the look at the inputs
// to the folder.
//
// The caller owes nothing but the names. Refused, before a number is read, with the two folders: another config or
// tokenizer, other tensors or shapes, adapters of another base. Refused while reading, with tensor and place: a number
// that is not finite.
package fuse
