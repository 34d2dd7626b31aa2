package trainer

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
)

// devices is a group of devices of one host that compute a step together. The rows of a packed batch are
// dealt out among them; everything else, weights and moments too, every device has whole. The graph is that
// of one device: XLA's partitioner divides the work, gathers the vectors before the loss, so that the
// contrast sees the whole batch, and adds up the gradients.
type devices struct {
	n          int
	mesh       *distributed.DeviceMesh
	rows, same *distributed.ShardingSpec // axis 0 cut in n; a copy on each device
}

// newDevices returns nil for one device, which needs no group.
func newDevices(backend compute.Backend, n int) (*devices, error) {
	has := backend.NumDevices()
	switch {
	case n > has:
		return nil, fault.Usage(fault.New(fault.Invalid, "memory.devices %d: the engine has %d", n, has))
	case n <= 1:
		return nil, nil
	}
	mesh, err := distributed.NewDeviceMesh([]int{n}, []string{"data"})
	if err != nil {
		return nil, err
	}
	rows, err := distributed.BuildSpec(mesh).S("data").R().Done()
	return &devices{n: n, mesh: mesh, rows: rows, same: distributed.NewReplicatedShardingSpec(mesh)}, err
}

// stepGraph is a compiled graph on one device or on several.
type stepGraph struct {
	exec    *model.Exec
	devices *devices
	specs   []*distributed.ShardingSpec // of the inputs, the last one of all further ones too
}

// newGraph prepares a graph whose first inputs are those of a number of packs; shapes come from a short
// list, so none is ever dropped.
func (s *Stepper) newGraph(packs int, build func(in []*Node) []*Node) (*stepGraph, error) {
	exec, err := model.NewExec(s.backend, s.model.Variables(), func(_ *model.Scope, in []*Node) []*Node { return build(in) })
	if err != nil {
		return nil, err
	}
	g := &stepGraph{exec: exec.SetMaxCache(-1), devices: s.devices}
	if d := s.devices; d != nil {
		for range packs {
			g.specs = append(g.specs, d.rows, d.rows, d.same)
		}
		g.specs = append(g.specs, d.same)
		exec.AutoSharding(d.mesh).WithInputShardingSpecs(g.specs...).WithOutputShardingSpecs(d.same)
	}
	return g, nil
}

// Call runs the graph. Outputs are the same on every device: those of the first are returned.
func (g *stepGraph) Call(args ...any) ([]*tensors.Tensor, error) {
	if g.devices == nil {
		return g.exec.Call(args...)
	}
	shards := make([]any, len(args))
	for i, arg := range args {
		shard, err := g.shard(i, arg)
		if err != nil {
			return nil, fmt.Errorf("input %d on %d devices: %w", i, g.devices.n, err)
		}
		defer shard.FinalizeAll()
		shards[i] = shard
	}
	out, err := g.exec.Call(shards...)
	if err != nil {
		return nil, err
	}
	each := len(out) / g.devices.n
	for _, t := range out[each:] {
		t.FinalizeAll()
	}
	return out[:each], nil
}

// shard deals an input out, or copies it, as its place among the inputs says.
func (g *stepGraph) shard(i int, arg any) (*dtensor.Tensor, error) {
	whole, ok := arg.(*tensors.Tensor)
	if !ok {
		var err error
		if whole, err = tensors.FromAnyValue(arg); err != nil {
			return nil, err
		}
	}
	return dtensor.ShardTensor(g.specs[min(i, len(g.specs)-1)], whole)
}

// Call1 is Call of a graph with one output.
func (g *stepGraph) Call1(args ...any) (*tensors.Tensor, error) {
	out, err := g.Call(args...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// valueOf is a variable's value to be read. One that steps on several devices have used lies whole on each
// of them, and the first's copy is it; Value would leave a merged copy in host memory until the next step.
func valueOf(v *model.Variable) (*tensors.Tensor, error) {
	if v.ShardingSpec() == nil {
		return v.Value()
	}
	d, err := v.DistributedValue()
	if err != nil {
		return nil, err
	}
	return d.Shards()[0], nil
}
