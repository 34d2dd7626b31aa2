// Package data holds the training row and everything that makes one: importers of published corpora,
// text hygiene, merging, splitting, statistics, Parquet and CSV.
package data
