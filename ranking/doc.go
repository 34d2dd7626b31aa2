// Package ranking turns orderings of texts into utilities with errors: Plackett–Luce and what belongs to it.
//
// It is pure: item numbers and weights in, numbers out. It reads no file, asks no judge and knows no text. Who wants
// names keeps them in an array of their own. docs/INTENSITY.md derives the formulas.
//
//	r, err := ranking.New(3, [][]int{{0, 1, 2}, {1, 0}, {0, 2}}, nil)  // the best first
//	fit, err := ranking.Fit(r, ranking.Ghost(.5))
//	fit.Theta                                                         // logits, their mean is 0
//
// A utility is in logits: a difference of 1 means that the better text wins e : 1 = 2.7 : 1 against the other. The
// likelihood does not change when a constant is added to all utilities, and by nothing else: the unit is fixed by how
// noisy the judges are. So Theta of two pools can be compared only through texts that both hold.
//
// Where to begin: likelihood.go (the formula and its derivatives), prior.go (what keeps utilities finite), newton.go
// (how the maximum is found), errors.go and bootstrap.go (how sure it is), graph.go (what the rankings can tell apart
// at all). Beside them: judges.go (judges of unlike sharpness and bias), onedim.go and posterior.go (one response
// among anchors of known utility), windows.go and active.go (whom to compare next), bias.go (does a judge favour a
// place), paper.go (the published solver, to make its figures again).
//
// What the package refuses, with the ranking's number: an item outside 0 … N−1, an item twice in a ranking, fewer
// than two items in one, a weight that is negative or not finite; items that never met in any chain of rankings;
// without a prior also items whose utility would be infinite. It never returns numbers from an iteration that has not
// settled.
//
// Invariant: the same rankings, prior and seed give the same bits, whatever the number of processors: sums run in the
// order of the rankings, and draws are named (Stream), never counted.
//
// Axis letters: N items, R rankings, k places of a ranking, B draws of the bootstrap, J judges, T windows of a
// response.
package ranking
