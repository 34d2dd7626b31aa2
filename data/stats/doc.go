// Package stats describes a set of rows: how many by corpus, theory, level and direction, labels a text, and
// the length of texts in tokens, as a table, as JSON and as one self-contained page of plots.
package stats
