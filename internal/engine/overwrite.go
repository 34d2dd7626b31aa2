//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package engine

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/stablehlo"
	"github.com/gomlx/gomlx/core/graph"
)

// aliasing tells XLA's compiler which result may lie where a parameter did.
const aliasing = "tf.aliasing_output"

// Overwrite lets a graph write a result over the parameter that it takes the place of, as a step does with its weights:
// they are then held once and not twice. Who runs the graph must give the parameter's buffer away, as it is done with
// variables that a graph changes; what is kept would be copied first. On other engines, and on several devices, it does
// nothing.
//
// GoMLX gives such buffers away, but go-xla 0.4.1 does not tell the compiler, and without that they are not used in the
// call, and freed after it. Inputs have attributes there that cannot be set from outside, so they are reached by
// reflection; TestOverwrite fails with a version that has other fields. Which output a result is, is known when the
// program is written down.
func Overwrite(param, result *graph.Node) {
	if param.Type() != graph.NodeTypeParameter || !param.Shape().Equal(result.Shape()) ||
		param.Graph().DistributedStrategy() != distributed.None {
		return
	}
	input, by := valueOf(param), valueOf(result)
	if input == nil || by == nil {
		return
	}
	if input.Attributes == nil {
		input.Attributes = map[string]any{}
	}
	input.Attributes[aliasing] = output{by}
}

// output is the place of a value among a program's results.
type output struct{ *stablehlo.Value }

// ToStableHLO is asked once all statements stand; the last one returns. A value that is not returned has no place,
// which the compiler refuses.
func (o output) ToStableHLO() string {
	place := -1
	if f, ok := hidden[*stablehlo.Function](o.Value, "fn"); ok && len(f.Statements) > 0 {
		place = slices.Index(f.Statements[len(f.Statements)-1].Inputs, o.Value)
	}
	return fmt.Sprintf("%d : i32", place)
}

// valueOf is a node of one output in go-xla's program, or nil.
func valueOf(n *graph.Node) *stablehlo.Value {
	values, _ := hidden[[]compute.Value](n, "outputOps")
	if len(values) != 1 {
		return nil
	}
	node, ok := values[0].(*xla.Node)
	if !ok {
		return nil
	}
	value, _ := hidden[*stablehlo.Value](node, "value")
	return value
}

// Apart are the same values, which XLA computes once, in memory, whoever reads them: else it may put their formula into
// each reader's loop, and each reads what went into them again. Other engines compute every value once.
func Apart(values ...*graph.Node) []*graph.Node {
	if valueOf(values[0]) == nil {
		return values
	}
	return graph.OptimizationBarriers(values...)
}

// hidden reads an unexported field of what p points at; not ok without one of that name and type.
func hidden[T any](p any, name string) (value T, ok bool) {
	f := reflect.ValueOf(p).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return value, false
	}
	return *(*T)(unsafe.Pointer(f.UnsafeAddr())), true
}
