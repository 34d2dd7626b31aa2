package step

import (
	"fmt"
	"strings"
)

// Named is a value under a name.
type Named[V any] struct {
	Name  string
	Value V
	// Rows marks an input of a micro-batch whose axis 0 are its rows: several devices share them. Others each device
	// has whole.
	Rows bool
}

// Values are named values in the order in which a graph takes or returns them. V is any for what the engine
// takes, *Node inside a graph, and numbers once a step is done.
type Values[V any] []Named[V]

// Values are few, three to a dozen, so names are looked up one after the other and keep the order that they were
// given in: graphs take them in it. Get returns the value of a name. A name that is not there is a mistake of the
// program, found when the graph is built.
func (all Values[V]) Get(name string) V {
	v, ok := all.Find(name)
	if !ok {
		panic(fmt.Errorf("no value %q among %q", name, strings.Join(all.names(), " ")))
	}
	return v
}

// Find is Get of a name that may be absent.
func (all Values[V]) Find(name string) (v V, ok bool) {
	for _, n := range all {
		if n.Name == name {
			return n.Value, true
		}
	}
	return v, false
}

func (all Values[V]) names() (names []string) {
	for _, n := range all {
		names = append(names, n.Name)
	}
	return names
}

// places point at the values.
func (all Values[V]) places() (places []*V) {
	for i := range all {
		places = append(places, &all[i].Value)
	}
	return places
}

// withNamesOf makes values of another kind under the same names, still to be filled in.
func withNamesOf[V, W any](all Values[W]) Values[V] {
	out := make(Values[V], len(all))
	for i, n := range all {
		out[i] = Named[V]{Name: n.Name, Rows: n.Rows}
	}
	return out
}
