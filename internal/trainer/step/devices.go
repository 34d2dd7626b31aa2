package step

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"

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
	// Refused before the mesh is made: the library's own words for it name no setting.
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

// specs are those of a call's arguments.
func (d *devices) specs(dealt []bool) (specs []*distributed.ShardingSpec) {
	for _, rows := range dealt {
		if rows {
			specs = append(specs, d.rows)
		} else {
			specs = append(specs, d.same)
		}
	}
	return specs
}

// shard deals a value out, or copies it.
func (d *devices) shard(value any, spec *distributed.ShardingSpec) (*dtensor.Tensor, error) {
	whole, ok := value.(*tensors.Tensor)
	if !ok {
		var err error
		if whole, err = tensors.FromAnyValue(value); err != nil {
			return nil, err
		}
	}
	return dtensor.ShardTensor(spec, whole)
}

// call runs a graph whose inputs are dealt out as specs say. Outputs are the same on every device: those of the
// first are returned.
func (d *devices) call(exec func(...any) ([]*tensors.Tensor, error), specs []*distributed.ShardingSpec,
	args []any) ([]*tensors.Tensor, error) {
	shards := make([]any, len(args))
	for i, arg := range args {
		shard, err := d.shard(arg, specs[i])
		if err != nil {
			return nil, fmt.Errorf("input %d on %d devices: %w", i, d.n, err)
		}
		// Each shard is a copy on a device. Inputs change every step, so they go when the call is done.
		defer shard.FinalizeAll()
		shards[i] = shard
	}
	out, err := exec(shards...)
	if err != nil {
		return nil, err
	}
	// Outputs come device by device, every one of them whole.
	each := len(out) / d.n
	for _, t := range out[each:] {
		t.FinalizeAll()
	}
	return out[:each], nil
}
