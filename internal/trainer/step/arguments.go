package step

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
)

// arguments is everything that the graphs of a step take; each of them takes some of it. V is any where a graph is
// called and *Node where it is built.
//
// The engine wants a flat list. It is made in one place, flatten, and read in one place, nodesOf, both by the order of
// places: no graph counts its inputs.
//
//	whole step, 1 micro-batch:   ids texts last │ theory levels direction │ rate updates scale
//	way back of a micro-batch:   ids texts last │ share first
//	slice of a split update:     gradients…     │ rate updates factor norm
type arguments[V comparable] struct {
	micro     []Values[V] // inputs of the network, one a micro-batch
	loss      Values[V]   // inputs of the loss: what is said of the whole batch
	outputs   V           // of the network, for all micro-batches
	share     V           // a micro-batch's part of the loss's gradient with respect to outputs
	first     V           // whether that is the step's first micro-batch
	gradients []V         // one a trained variable, or those that the graph at hand updates
	rate      V           // of learning, of this step
	updates   V           // done so far
	scale     V           // of the loss; 1 without scaling
	factor    V           // of the gradients: clip / scale
	norm      V           // of all gradients
}

// places point at every value in the one order that graphs know.
func (a *arguments[V]) places() (places []*V) {
	for _, m := range a.micro {
		places = append(places, m.places()...)
	}
	places = append(append(places, a.loss.places()...), &a.outputs, &a.share, &a.first)
	for i := range a.gradients {
		places = append(places, &a.gradients[i])
	}
	return append(places, &a.rate, &a.updates, &a.scale, &a.factor, &a.norm)
}

// flatten lists the values that are there.
func (a *arguments[V]) flatten() (flat []V) { return present(a.places()) }

func present[V comparable](places []*V) (flat []V) {
	// None is nil for every V that is used: an any without a value, no node, no tensor. A rate of 0 is a value.
	var none V
	for _, p := range places {
		if *p != none {
			flat = append(flat, *p)
		}
	}
	return flat
}

// nodesOf is flatten undone: nodes stand for the values of given, in flatten's order.
func nodesOf(given *arguments[any], nodes []*Node) *arguments[*Node] {
	in := &arguments[*Node]{loss: withNamesOf[*Node](given.loss), gradients: make([]*Node, len(given.gradients))}
	for _, m := range given.micro {
		in.micro = append(in.micro, withNamesOf[*Node](m))
	}
	// in has the same micro-batches, names and number of gradients, so the i-th place of one is the i-th of the other.
	values, at := given.places(), 0
	for i, place := range in.places() {
		if *values[i] != nil {
			*place = nodes[at]
			at++
		}
	}
	return in
}

// rows tells of each value in flatten's order whether its axis 0 is dealt out to devices.
func (a *arguments[V]) rows() (rows []bool) {
	for _, m := range a.micro {
		for _, n := range m {
			rows = append(rows, n.Rows)
		}
	}
	return append(rows, make([]bool, len(a.flatten())-len(rows))...)
}

// Terms are a loss and what is worth logging of it.
type Terms[V any] struct {
	Loss V // scalar: what is minimised
	// Parts are its terms without their weights, scalars, any number; metrics.jsonl has them under "terms".
	Parts Values[V]
	// Figures are for reading only: [K] each.
	Figures Values[V]
}

// results is everything that the graphs of a step return, again each some of it.
type results[V comparable] struct {
	terms     Terms[V]
	norm      V // of the gradients before the clip
	clip      V // factor of the clip
	factor    V
	norms     V // [P], of each gradient
	done      V // a scalar of a graph that only changes variables: engines want an output
	outputs   V // of the network, or the loss's gradient with respect to them; in its own type
	gradients []V
}

// numbers point at what is read as float64.
func (r *results[V]) numbers() (places []*V) {
	places = append([]*V{&r.terms.Loss}, r.terms.Parts.places()...)
	return append(append(places, r.terms.Figures.places()...), &r.norm, &r.clip, &r.factor, &r.norms, &r.done)
}

func (r *results[V]) places() []*V {
	places := append(r.numbers(), &r.outputs)
	for i := range r.gradients {
		places = append(places, &r.gradients[i])
	}
	return places
}

// flatten lists the nodes that are there, those of numbers as float64.
func (r *results[V]) flatten() []V { return present(r.places()) }

// widen makes float64s of numbers.
func widen(r *results[*Node]) *results[*Node] {
	for _, p := range r.numbers() {
		if *p != nil {
			*p = ConvertDType(*p, dtypes.Float64)
		}
	}
	return r
}

// tensorsOf is flatten undone, of what a graph that was built as made returned.
func tensorsOf(made *results[*Node], flat []*tensors.Tensor) *results[*tensors.Tensor] {
	out := &results[*tensors.Tensor]{
		terms: Terms[*tensors.Tensor]{Parts: withNamesOf[*tensors.Tensor](made.terms.Parts),
			Figures: withNamesOf[*tensors.Tensor](made.terms.Figures)},
		gradients: make([]*tensors.Tensor, len(made.gradients)),
	}
	nodes, at := made.places(), 0
	for i, place := range out.places() {
		if *nodes[i] != nil {
			*place = flat[at]
			at++
		}
	}
	return out
}
