// Package kmeans groups unit vectors around k centres.
//
// The cost of a row x at the centre c is |x−c|². With Spherical the centre of a group is the unit vector
// of its mean, so that cost is 2−2·cos and the fit maximises cosines (Dhillon and Modha 2001); without, it
// is the mean itself, which is what scikit-learn's KMeans fits. Starts are drawn by k-means++ with several
// candidates a draw (Arthur and Vassilvitskii 2007, greedy form); the best of several restarts is kept.
// Mini-batches (Sculley 2010) are for sets too large for Lloyd's passes.
//
// A result is a function of points and options alone: sums run in row order, and work is shared among
// cores only where the parts do not meet. Scores are taken in float32, and every centre that float32
// cannot tell from the best one is scored again in float64, so an assignment is that of exact arithmetic.
//
// Fit refuses vectors that are not finite or not of length 1, and fewer different vectors than centres.
//
// Where to begin: kmeans.go (a fit and its restarts), seed.go (the start), lloyd.go (the passes, and which rows can be
// skipped in them), score.go (exact labels from float32 products), minibatch.go (for large sets).
//
// Axis letters: N rows, D dimensions, K centres.
package kmeans
