// Package metrics measures how well a space of unit vectors follows value annotations.
//
// It is pure: vectors and labels in, numbers out; it loads no file, embeds no text and draws no random
// candidate. The caller owes it unit rows (a row of zeros is allowed and means "no opinion") and labels
// of the same length; it refuses anything else with the row's number. A quantity that has no value, for
// instance a correlation with a constant, is NaN here; writers turn it into null with a reason.
//
// The metrics, their scopes and their intervals are defined in docs/METRICS.md. In short:
//
//   - ranking accuracy: for anchor a, a candidate that is closer to a in the value tree should also be
//     closer to it in the space; five bins of closeness, exact expectation over all candidates;
//   - similarity correlation: cosine against the number of shared labels, over pairs i < j;
//   - direction accuracy: same value and same direction before same value and other direction;
//   - value vectors and their orthogonality, neighbours, mean cosine distances, mean-cosine maps.
//
// Where to begin:
//
//	relation.go      how a candidate stands to an anchor: bins and scopes, for rows; texts.go for whole texts
//	measure.go       one pass over all anchors, which feeds every sum
//	layout.go        items in cells; seen.go: what the anchors of one text see of them
//	outcome.go       one anchor's ranking; ranking.go: the means over anchors; credits.go: what candidates have a part in
//	correlation.go   cosines against labels; neighbours.go, distances.go, maps.go
//	values.go        a value's direction in space, and how values stand to each other
//	bootstrap.go     intervals from influences; auc.go: figures of two sides; holm.go: many claims at once
//	collapse.go      whether a space still tells anything apart
//
// Words: an anchor is the item, row or text, from whose place all others are ranked; each item is one in turn. It
// has nothing to do with the anchor vectors of a bank.
//
// Axis letters: N rows or texts, D width of a vector, G groups, R resamples, K neighbours.
package metrics
