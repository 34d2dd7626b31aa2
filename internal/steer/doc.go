// Package steer moves a language model towards a value without words in its prompt, and measures whether it moved.
//
//	hives steer vector benevolence     a direction between the layers, from answers for and against the value
//	hives steer sweep benevolence      what adding it does, at which layer, how strongly, beside controls
//	hives steer kernel --values FILE   networks from value vectors to pushes, and whether they reach held-out values
//
// A Trait is a value with a name and a definition. Vectors are differences of means: of a layer's states over answers
// that were given under an instruction for the value, less those under one against it. Row l of a vector is after l
// blocks, before the final norm; steering at layer l adds c times row l to what block l has built.
//
// The caller owes a model on this machine: an endpoint shows no states between layers. Refused by name: a vector of
// other weights or another width, pairs too few to mean anything, a run that goes on with other settings.
//
// Invariant: what was answered or scored is in the journal of the folder before it counts, and depends on its request
// alone. So a stopped run goes on and ends with the bytes of one that was not stopped.
//
// Axis letters: L layers, H hidden.
package steer
