package gradcheck

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
)

// cubes is Σ x³ with gradient 3x².
func cubes(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v * v
	}
	return sum
}

func TestCompare(t *testing.T) {
	x := []float64{.5, -2, 0}
	right := []float64{.75, 12, 0}
	if err := Compare(cubes, x, right); err != nil {
		t.Error(err)
	}
	if x[0] != .5 || x[1] != -2 || x[2] != 0 {
		t.Errorf("the argument is left at %v", x)
	}
	tests := []struct {
		name  string
		wrong []float64
	}{
		{"one coordinate off by a hundred-thousandth", []float64{.75, 12.0001, 0}},
		{"sign", []float64{.75, -12, 0}},
		{"a coordinate left out", []float64{.75, 12}},
		{"NaN", []float64{.75, math.NaN(), 0}},
		{"infinite", []float64{.75, math.Inf(1), 0}},
	}
	for _, test := range tests {
		if Compare(cubes, x, test.wrong) == nil {
			t.Errorf("%s: a wrong gradient passes", test.name)
		}
	}
	if Compare(func([]float64) float64 { return math.NaN() }, x, right) == nil {
		t.Error("a function that is NaN passes")
	}
}

func TestGraph(t *testing.T) {
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	a := tensors.FromValue([][]float64{{.3, -1}, {2, .7}})
	label := tensors.FromValue([]int32{1, 0})
	b := tensors.FromValue([]float64{.2, .9})
	right := func(in []*graph.Node) *graph.Node {
		chosen := graph.Gather(in[0], graph.InsertAxes(in[1], -1))
		return graph.ReduceAllSum(graph.Mul(graph.Exp(chosen), graph.InsertAxes(in[2], 0)))
	}
	if err := Graph(e.Backend, right, a, label, b); err != nil {
		t.Error(err)
	}
	// StopGradient hides one of the two uses of the last input.
	wrong := func(in []*graph.Node) *graph.Node {
		return graph.Mul(right(in), graph.ReduceAllSum(graph.StopGradient(in[2])))
	}
	if err := Graph(e.Backend, wrong, a, label, b); err == nil || !strings.Contains(err.Error(), "input 2") {
		t.Errorf("error %v, want one about input 2", err)
	}
}
