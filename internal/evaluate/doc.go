// Package evaluate measures systems that turn texts into vectors, all on the same rows, beside controls.
//
// A Bench holds what depends on the rows alone: labels, relations between rows and between texts, and
// the bootstrap draws. Score measures one system on it; Controls measures those that need no model, such
// as a vector that says only which corpus a text is from; Compare gives paired differences. Evaluate and
// Demo put these together into the documents whose shape docs/metrics.schema.json fixes.
//
// The caller owes rows with text_id and group filled in. Refused: no rows, rows without a text id, and
// vectors that are not finite, not of length one or of the wrong number, with the row's number and never
// its text. An undefined figure is null in JSON and has its reason under "skipped".
//
// Axis letters: N rows, T texts, D width of a vector, F terms of the TF-IDF vocabulary, K classes.
package evaluate
