package step

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
)

// graph is one of a step's compiled graphs, on one device or on several. What it takes and returns has names; that the
// engine wants lists is seen here alone.
type graph struct {
	exec    *model.Exec
	devices *devices
	specs   []*distributed.ShardingSpec // of the inputs, on several devices

	// The engine calls the building function itself, from within Call, with nodes alone. So what the call under
	// way gave is noted here first: its names are the nodes' names.
	taking *arguments[any] // the call under way: what its inputs are called, should it compile

	compiled map[string]bool // by the shapes of its inputs
	made     *results[*Node] // what the graph returns, by name
}

// builder makes a graph's nodes: named inputs → named results.
type builder func(in *arguments[*Node]) *results[*Node]

// newGraph prepares a graph; it is compiled for each shape at its first call. Shapes come from a short list, so
// none is ever dropped.
func newGraph(backend compute.Backend, store *model.Store, d *devices,
	build builder) (*graph, error) {
	g := &graph{devices: d}
	// A graph is built anew for each shape, always from the same kinds of values, so made is the same each time: only the
	// first building decides what the results are called.
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, nodes []*Node) []*Node {
		g.made = widen(build(nodesOf(g.taking, nodes)))
		return g.made.flatten()
	})
	if err == nil {
		g.exec = exec.SetMaxCache(-1)
	}
	return g, err
}

func (s *Stepper) newGraph(build builder) (*graph, error) {
	return newGraph(s.backend, s.params.Store, s.devices, build)
}

// call runs the graph.
func (g *graph) call(in *arguments[any]) (*results[*tensors.Tensor], error) {
	g.taking = in
	out, err := g.run(in)
	if err != nil {
		return nil, err
	}
	return tensorsOf(g.made, out), nil
}

func (g *graph) run(in *arguments[any]) ([]*tensors.Tensor, error) {
	d := g.devices
	if d == nil {
		flat := in.flatten()
		if err := g.compile(flat); err != nil {
			return nil, err
		}
		return g.exec.Call(flat...)
	}
	// How inputs are dealt out follows from which there are, and that is known with the first call. Later calls have the
	// same: a graph takes one kind of arguments.
	if g.specs == nil {
		g.specs = d.specs(in.rows())
		g.exec.AutoSharding(d.mesh).WithInputShardingSpecs(g.specs...).WithOutputShardingSpecs(d.same)
	}
	return d.call(g.exec.Call, g.specs, in.flatten())
}

// compile makes the graph of a shape before its first call, and gives back to the system what the compiler has freed
// and the C library keeps. Else the step's own memory would come on top of it, and a run's peak would be the sum.
func (g *graph) compile(flat []any) error {
	of := make([]shapes.Shape, len(flat))
	for i, v := range flat {
		var err error
		if t, is := v.(*tensors.Tensor); is {
			of[i] = t.Shape()
		} else if of[i], err = shapes.FromAnyValue(v); err != nil {
			return err
		}
	}
	key := fmt.Sprint(of)
	if g.compiled[key] {
		return nil
	}
	if _, err := g.exec.Compile(of...); err != nil {
		return err
	}
	if g.compiled == nil {
		g.compiled = map[string]bool{}
	}
	g.compiled[key] = true
	engine.Trim()
	return nil
}

func (g *graph) close() {
	if g != nil {
		g.exec.Finalize()
	}
}

// floats copies float64 numbers to the host and frees them; nil where there are none.
func floats(t *tensors.Tensor) ([]float64, error) {
	if t == nil {
		return nil, nil
	}
	// Results are small but come every step; without this they would wait for the garbage collector, which does not see
	// the device's memory.
	defer t.FinalizeAll()
	return tensors.CopyFlatData[float64](t)
}

// number is floats of a scalar, 0 where there is none.
func number(t *tensors.Tensor) (float64, error) {
	all, err := floats(t)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0], nil
}
