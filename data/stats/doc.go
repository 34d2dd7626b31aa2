// Package stats describes a set of rows: how many by corpus, theory, level and direction, labels a text, and
// the length of texts in tokens, as a table, as JSON and as one self-contained page of plots.
//
// Rows stream by; what stays is counts, hashes of texts and groups, and a length for each text. The caller brings the
// tokenizer as a function, so that this package knows none. The same rows in the same order give the same bytes.
//
// Where to begin: stats.go (what is told), tally.go (how it is counted), names.go (texts, groups and what a split
// cannot divide), table.go and page.go (how it is shown).
package stats
