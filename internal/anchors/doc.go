// Package anchors builds the cross-theory bank {u_t} from training rows, and assigns rows to it.
//
// The journey of a bank: rows → distinct texts in the order of their ids → unit vectors of a frozen
// embedder → k-means → near-duplicate clusters merged → clusters with too few exemplars dropped → one
// sentence each (of an LLM, or the medoid) → ids, kept from an earlier bank where clusters match → a
// bank.Bank with everything it rests on in Meta.
//
// Rows of validation or test, and the weights that the bank is meant to train, are refused: an anchor
// fitted on them would teach a model its own opinion or its own examination. Rows are assigned only by
// the embedder that the bank records. The same rows, model and options give the same bytes, in whatever
// order the rows stand.
//
// Where to begin:
//
//	build.go      the journey as code: texts.go, embed.go, package kmeans, cluster.go, ids.go, fill.go
//	previous.go   what people said of an earlier bank
//	llm.go        sentences by a language model
//	assign.go     rows to anchors; assigned.go: the account
//	meta.go       what the bank rests on
//	page.go       the space as a picture; pca.go: its two axes
//	run.go, jobs.go, show.go   the commands
//
// Words: an anchor is a sentence of the theory bank, found as a cluster of texts; the cluster's unit mean is its
// centre, the texts nearest to it its exemplars, the nearest of all the medoid. (Package data/anchors has the
// file's form.)
//
// Axis letters: N texts, d dimension, K clusters, A anchors.
//
// The caller owes training rows and a frozen embedder that is not the model to be trained. Errors are of kind Invalid
// where the options, the rows or the space give no bank, Mismatch where something is of another model, bank or part
// of the split.
package anchors
