// Package evaluate measures systems that turn texts into vectors, all on the same rows, beside controls.
//
// A Bench holds what depends on the rows alone: labels, relations between rows and between texts, and
// the bootstrap draws. Score measures one system on it; Controls measures those that need no model, such
// as a vector that says only which corpus a text is from; Compare gives paired differences. Evaluate and
// Demo put these together into the documents whose shape docs/metrics.schema.json fixes.
//
// Where to begin:
//
//	bench.go       the rows, made ready; score.go: one system measured; system.go: what is known of it then
//	controls.go    what knows no values: tfidf.go, logistic.go; ties.go: why their ties count half
//	compare.go     paired differences
//	claims.go      what a page may say, corrected for being many: findings.go (a demo), gains.go (an experiment)
//	documents.go   evaluation and demo; experiment.go: a series of runs; base.go: their untrained base, read four ways
//	figures.go     every figure by name, for tables; explain.go: a reason for every null
//
// Words: an anchor is the row or text from which others are ranked, as in package metrics; a control is what a
// model must beat to have shown anything; a claim is a sentence with a p, a finding a sentence.
//
// The caller owes rows with text_id and group filled in. Refused: no rows, rows without a text id, and
// vectors that are not finite, not of length one or of the wrong number, with the row's number and never
// its text. An undefined figure is null in JSON and has its reason under "skipped".
//
// Axis letters: N rows, T texts, D width of a vector, F terms of the TF-IDF vocabulary, K classes.
package evaluate
