// Package embedfiles embeds files of texts: a file of lines into one matrix, and a Parquet file of any size in shards
// that any number of processes work on, each of which may be killed and started again. FORMAT.md draws the folder that
// the shards write.
//
// Rows are cut into blocks of a fixed size, and the blocks are dealt out to n shards by arithmetic alone: no
// process needs to hear of another. A block is one Parquet file, written as a whole or not at all; a shard that is
// started again goes on with its first missing block. Its manifest is written last and lists the blocks' hashes.
//
// All shards of a folder are of one input, one model, one prompt and one n: corpus.json says which, and a start
// that differs is refused. The caller owes an encoder that knows its weights' hash before the first text. A text
// that is empty or not UTF-8 is refused with its row. Texts never stand in an error, nor in what is written.
//
// An example: 10,000 rows in blocks of 4,096 are three blocks. Two shards have block 0, and blocks 1 and 2. A kill
// while block 2 is embedded leaves block 1, and a start of shard 1/2 does block 2 and no more.
//
//	vectors/corpus.json                     input, model, prompt, blocks, n
//	vectors/shard-00000-of-00002/           block-00000000.parquet  manifest.json  lock
//	vectors/shard-00001-of-00002/           block-00000001.parquet  block-00000002.parquet  …
//
// Where to begin: run.go (a shard's start), worker.go (its blocks), part.go and manifest.go (what it writes),
// corpus.go (what all shards agree on), verify.go (the whole), shard.go (who has which block), input.go and lines.go
// (what is read).
package embedfiles
