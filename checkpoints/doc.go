// Package checkpoints saves the whole state of a training run so that a kill or a power cut at any
// moment loses at most the steps since the last save. FORMAT.md draws the folder.
//
// The caller owes every tensor that the next step depends on (weights, moments, counters), a Meta that
// says where the data and the schedule stand, and a lock: one writer per folder.
//
// A run goes through it like this:
//
//	c, skipped, err := Latest(dir)      // NotFound: begin anew; skipped: damaged ones, to be told
//	…                                   // load c.Tensors, go on at c.Meta.Step and SamplerStep
//	path, err := Save(dir, meta, source)
//	err = Prune(dir, Keep{Newest: meta.Step, Last: 3, Best: "ranking_accuracy.within_corpus"})
//
// Save is atomic: the folder appears under its name complete and durable, or not at all. Latest verifies
// checksums, names each damaged checkpoint and falls back to the one before. A format newer than this
// build is refused, never guessed at.
package checkpoints
