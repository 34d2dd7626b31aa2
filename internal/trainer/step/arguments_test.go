package step

import (
	"context"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
)

// TestNodesStandForTheirValues fills some of the places of arguments, at random, and looks whether each node that the
// engine's list brings is found under the name of the value that it stands for.
func TestNodesStandForTheirValues(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		given := &arguments[any]{gradients: make([]any, draw.IntN(3))}
		for range draw.IntN(3) {
			given.micro = append(given.micro, Values[any]{{Name: "ids", Rows: true}, {Name: "last"}})
		}
		if draw.IntN(2) == 0 {
			given.loss = Values[any]{{Name: "y"}, {Name: "z"}}
		}
		places := given.places()
		for i, place := range places {
			if draw.IntN(3) > 0 {
				*place = i // each value is its own place
			}
		}
		flat := given.flatten()
		nodes := make([]*Node, len(flat))
		standFor := map[*Node]any{}
		for i := range nodes {
			nodes[i] = &Node{}
			standFor[nodes[i]] = flat[i]
		}
		for i, node := range nodesOf(given, nodes).places() {
			if value := *places[i]; (*node == nil) != (value == nil) || *node != nil && standFor[*node] != value {
				t.Fatalf("place %d holds %v and gets the node of %v", i, value, standFor[*node])
			}
		}
	}
}

// TestEveryPlaceIsListed: a field that places forgets would never reach a graph.
func TestEveryPlaceIsListed(t *testing.T) {
	in := arguments[any]{micro: []Values[any]{{{Name: "ids"}}}, loss: Values[any]{{Name: "y"}}, gradients: make([]any, 1)}
	if fields := reflect.TypeOf(in).NumField(); len(in.places()) != fields {
		t.Errorf("%d places of %d fields with one value each", len(in.places()), fields)
	}
	out := results[any]{gradients: make([]any, 1)}
	if fields := reflect.TypeOf(out).NumField(); len(out.places()) != fields { // terms without parts hold the loss alone
		t.Errorf("%d places of %d fields with one value each", len(out.places()), fields)
	}
}

// TestUnknownNameSaysWhatThereIs: a mistyped name is an error of the first step, with the names beside it.
func TestUnknownNameSaysWhatThereIs(t *testing.T) {
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	l, err := NewLossOnly(e.Backend, mistyped{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = l.Of(tensors.FromValue([]float32{1}), Values[any]{{Name: "labels", Value: []float32{1}}})
	if err == nil || !strings.Contains(err.Error(), `"lables" among "labels"`) {
		t.Errorf("%v", err)
	}
}

type mistyped struct{}

func (mistyped) Loss(outputs *Node, in Values[*Node]) Terms[*Node] {
	return Terms[*Node]{Loss: ReduceAllSum(Mul(outputs, in.Get("lables")))}
}
