// Package check holds an engine to what training relies on: the same step gives the same bits, call after
// call, process after process, idle and beside other load, and its numbers are those of the Go engine.
// Builds of XLA for CPUs have failed either; a new plugin is checked before it is pinned.
//
// The step is a small transformer's: embedding, causal attention, gated feed-forward, last-token pooling
// and a contrastive loss, with the gradients of every weight. Letters: B texts, S tokens, H hidden,
// Q heads, D head width, F feed-forward, V vocabulary.
package check
