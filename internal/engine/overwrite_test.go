//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package engine

import (
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Overwrite rests on fields of go-xla that nobody promised: this fails when they are others.
func TestOverwrite(t *testing.T) {
	e := OpenForTest(t)
	if e.Name == Go {
		t.Skip("results are written over parameters by XLA alone")
	}
	var marked, plain, place any
	exec, err := graph.NewExec(e.Backend, func(old, gradient *graph.Node) *graph.Node {
		result := graph.Sub(old, gradient)
		Overwrite(old, result)
		Overwrite(result, old)                            // what is no parameter is left alone,
		Overwrite(gradient, graph.ReduceAllSum(gradient)) // and so is one of another shape
		marked, plain = valueOf(old).Attributes[aliasing], valueOf(gradient).Attributes[aliasing]
		return result
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	old := tensors.FromValue([]float32{5, 7})
	given, err := graph.DonateTensorBuffer(old, e.Backend, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call1(given, []float32{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := marked.(output); ok {
		place = o.ToStableHLO()
	}
	if place != "0 : i32" || plain != nil {
		t.Errorf("the parameter given away is to be written over by %v, the other one by %v", place, plain)
	}
	if got := out.String(); !strings.Contains(got, "4") || !strings.Contains(got, "5") {
		t.Errorf("5 − 1 and 7 − 2 are %s", got)
	}
}

// A value that its owner keeps has its own copy: marking alone takes nothing away.
func TestOverwriteLeavesWhatIsKept(t *testing.T) {
	e := OpenForTest(t)
	exec, err := graph.NewExec(e.Backend, func(kept *graph.Node) *graph.Node {
		result := graph.AddScalar(kept, 1)
		Overwrite(kept, result)
		return result
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	kept := tensors.FromValue([]float32{5, 7})
	for range 2 {
		out, err := exec.Call1(kept)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := tensors.MustCopyFlatData[float32](out), []float32{6, 8}; got[0] != want[0] || got[1] != want[1] {
			t.Errorf("5 + 1 and 7 + 1 are %v", got)
		}
	}
}
