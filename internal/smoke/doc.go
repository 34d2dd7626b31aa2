// Package smoke shrinks a training configuration to about a minute: a few steps of a tiny model, from random
// weights, on rows of the demo's corpora. What decides the kind of computation stays (stage, precision,
// packing, loss, sampler, banks, moments), so that a setting that does not run is found before the weeks and the
// hardware that it is meant for. The figures of such a run mean nothing.
//
// The caller owes a folder of its own for rows and model, and the checkout's folder demo, which Find looks for.
package smoke
