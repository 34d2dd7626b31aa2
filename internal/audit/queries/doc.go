// Package queries chooses what a language model is asked in an audit: hives steer queries.
//
//	own.go      the program's own 128 queries: four for each of the 32 values, two dilemmas and two opinions
//	sources.go  published collections, and any table with a column "query"
//	choose.go   of each source a hundred texts that stand for all: the members nearest to the centres of k-means
//	file.go     the chosen queries, written and read
//
// A source of up to a hundred distinct texts is taken whole, and needs no encoder. What is chosen of a source depends
// on its texts, the encoder and the seed alone: another source beside it, or another order of its lines, changes
// nothing.
//
// What the package refuses: a file without the columns of its source, a source without a text, a query that is no
// text, two queries of one id.
package queries
