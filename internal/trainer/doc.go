// Package trainer runs Stage 1: it turns rows into batches, batches into steps of one compiled graph, and
// steps into a run folder that holds everything needed to go on, to look at, or to serve.
//
// The journey of a row: data.Row → token ids and label ids, once (corpus.go) → a batch, which is a
// function of seed and step alone (samplers) → ids [B, S], lengths [B], labels (batch.go) → loss,
// gradients and update in one graph (step.go) → metrics.jsonl, validation, checkpoints (loop.go).
//
// The caller owes an open engine and a run folder nobody else writes to. Refused: rows that do not fit
// the tokenizer or the sampler, a resume whose data, tokenizer or configuration differ, and going on
// after the first loss or gradient that is not finite.
//
// Axis letters: B batch, S sequence, H hidden.
package trainer
