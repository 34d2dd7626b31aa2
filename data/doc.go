// Package data holds the training row and all that is done to rows: reading and writing Parquet and CSV, text
// hygiene, merging, splitting and numbering for samplers and metrics.
//
// Read and Scan return rows that are complete: their path is in the hierarchies and spelled as there, the
// direction is −1, 0 or 1, the text is not empty, and what a file may leave out is filled in. They refuse,
// by file and place, what is missing, unknown, torn or not UTF-8, and never repeat a text in a message.
// Write and WriteStream leave a whole file or the old one. The caller keeps rows of one text under one
// TextID; importers (package corpora) and Dedupe see to that.
//
// Where to begin:
//
//	row.go           what a row is
//	read.go          files → rows: csv.go and parquet_read.go give cells, bind.go makes rows of them
//	write.go         rows → files
//	clean.go         a text as it is kept; normalise.go, signs.go: the form by which two texts are one
//	dedupe.go        rows that say the same, and rows that contradict each other
//	merger.go        the same for more rows than fit in memory: buckets.go, spool.go, heads.go
//	split.go         parts that share nothing, by unionfind.go
//	labels.go        rows as numbers, for losses, samplers and metrics; alt.go, textlabels.go
//	permute.go       labels dealt out anew, as a control; permute_anchors.go: anchors
//
// Words: an anchor is a sentence of a bank that a row is assigned to; the row holds its id. Which row a batch is built
// around, which samplers call an anchor too, is no matter here.
//
// Letters used for axes: N rows. Columns, mappings and file versions are described in docs/DATA.md.
package data
