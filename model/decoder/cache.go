package decoder

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/internal/fault"
	"hives/model/transformer"
)

// Cache holds the keys, already turned, and the values of a batch's earlier tokens, a buffer [B, K, T, D] for each
// layer. Every row has T slots, and all rows stand at the same one: rows of unequal length begin at slots of their own
// (Step.First), with padding before them.
//
// A cache lives in whatever the caller likes, inputs and outputs of a graph or variables. A fresh one is all zeros.
type Cache struct {
	Keys, Values []*Node
}

// slots is a cache in a pass: where its new tokens go, and how much of it is looked at.
type slots struct {
	*Cache
	start  *Node
	window int
}

// CacheShape is the shape of one buffer. Its type is that of products' operands: keys and values are cast to it in any
// case, so that keeping them in it changes no number.
func (c *Config) CacheShape(rows, slots int, arith transformer.Arithmetic) shapes.Shape {
	return shapes.Make(arith.Operand, rows, c.NumKVHeads, slots, c.HeadDim)
}

// CacheBytes is what a whole cache takes: 2 buffers for each of L layers.
func (c *Config) CacheBytes(rows, slots int, arith transformer.Arithmetic) int64 {
	shape := c.CacheShape(rows, slots, arith)
	return 2 * int64(c.NumLayers) * int64(shape.Size()) * int64(shape.DType.Size())
}

// Step is the next C tokens of each of B rows, whose earlier tokens lie in a cache. A prompt is one step from slot 0
// on, of as many tokens as its longest row, the others padded on the left; generation is steps of one token. Prompts
// that are too long for one step may come in several.
//
// Worked example, T 8, rows "a b c" and "x": prefill of C 3 with Start 0 and First (0, 2), then a step of C 1 with
// Start 3 and the same First.
//
//	slot     0 1 2 3 4 5 6 7
//	row 0    a b c d . . . .        position of d: 3 − 0
//	row 1    . . x y . . . .        position of y: 3 − 2; slots 0 and 1 are padding and never seen
type Step struct {
	IDs   *Node // [B, C] int32
	Start *Node // [] int32: the slot of the first of the C tokens
	First *Node // [B] int32: the slot of each row's first token; constant over a row's life
	// Window is W: slots 0..W−1 are looked at, which spares a short text the work of T slots.
	Window int
	Cache  *Cache // replaced, buffer by buffer, by the one that holds the new tokens too
}

// CheckStep refuses a step that its window or its cache has no room for, before it is run: DynamicUpdateSlice would
// move it to the left in silence, over the keys of tokens that are there.
func CheckStep(start, tokens, window, slots int) error {
	if start < 0 || tokens < 1 || start+tokens > window || window > slots {
		return fault.New(fault.Invalid, "%d tokens from slot %d on, a window of %d, %d slots: "+
			"want start + tokens ≤ window ≤ slots", tokens, start, window, slots)
	}
	return nil
}

// Cached begins a pass over the new tokens of a step; once its States are built, s.Cache holds the buffers for the
// next.
//
// A query at slot i of row b looks at slots First[b]..i, and stands at position i − First[b]. The host owes
// Start + C ≤ Window, see CheckStep.
//
// Invariant: steps of any lengths give the states that Padded gives for the whole rows, but for rounding; and a row's
// states are the same bits in any company, in any row of a batch of the same shapes.
func Cached(w *transformer.Weights, s *Step, o Options) *Pass {
	s.check(w.Sizes())
	rows, tokens := s.IDs.Shape().Dim(0), s.IDs.Shape().Dim(1)
	f := begin(w, s.IDs.Graph(), s.Window, o)
	f.slots = &slots{s.Cache, s.Start, s.Window}
	first := Reshape(s.First, rows, 1, 1)
	offset := Iota(f.Graph, shapes.Make(dtypes.Int32, 1, tokens, 1), 1)    // [1, C, 1]
	query := Add(offset, ExpandLeftToRank(s.Start, 3))                     // [1, C, 1]: slots of the new tokens
	key := Iota(f.Graph, shapes.Make(dtypes.Int32, 1, 1, s.Window), 2)     // [1, 1, W]
	f.see(And(GreaterOrEqual(key, first), LessOrEqual(key, query)))        // [B, C, W]
	f.stand(MaxScalar(Sub(Squeeze(query, 2), Reshape(s.First, -1, 1)), 0)) // [B, C]; padding stands at 0
	return f
}

// check panics on inputs that do not fit each other or a model of these sizes.
func (s *Step) check(sizes transformer.Sizes) {
	i, start, first := s.IDs.Shape(), s.Start.Shape(), s.First.Shape()
	if i.Rank() != 2 || start.Rank() != 0 || first.Rank() != 1 || first.Dim(0) != i.Dim(0) {
		panic(fmt.Errorf("decoder: ids %s, start %s and first %s: want [B, C], [] and [B]", i, start, first))
	}
	if s.Window < i.Dim(1) || len(s.Cache.Keys) != sizes.Layers || len(s.Cache.Values) != sizes.Layers {
		panic(fmt.Errorf("decoder: a window of %d slots for %d tokens, %d and %d buffers for %d layers",
			s.Window, i.Dim(1), len(s.Cache.Keys), len(s.Cache.Values), sizes.Layers))
	}
}

// extend puts a layer's new keys and values [B, C, K, D] into the cache, and returns the window of all there are:
// [B, K, W, D].
func (s *slots) extend(l int, k, v *Node) (keys, values *Node) {
	s.Keys[l], s.Values[l] = s.write(s.Keys[l], k), s.write(s.Values[l], v)
	window := AxisRange(0, s.window)
	return SliceAxis(s.Keys[l], 2, window), SliceAxis(s.Values[l], 2, window)
}

// write replaces the slots from start on: buffer [B, K, T, D], fresh [B, C, K, D] → [B, K, T, D].
func (s *slots) write(buffer, fresh *Node) *Node {
	fresh = ConvertDType(TransposeAllAxes(fresh, 0, 2, 1, 3), buffer.DType()) // [B, K, C, D]
	b, n := buffer.Shape(), fresh.Shape()
	if b.Rank() != 4 || b.Dim(0) != n.Dim(0) || b.Dim(1) != n.Dim(1) || b.Dim(3) != n.Dim(3) || b.Dim(2) < s.window {
		panic(fmt.Errorf("decoder: new keys or values %s and a window of %d do not fit the cache %s", n, s.window, b))
	}
	if buffer.Graph().Backend().Capabilities().Operations[compute.OpTypeDynamicUpdateSlice] {
		zero := ZerosLike(s.start)
		return DynamicUpdateSlice(buffer, fresh, []*Node{zero, zero, s.start, zero}) // XLA writes it in place
	}
	return s.choose(buffer, fresh)
}

// choose is write by other means, for the Go engine: each slot takes its new token, if it has one, and keeps what it
// held if not. It goes over all T slots.
func (s *slots) choose(buffer, fresh *Node) *Node {
	tokens, g := fresh.Shape().Dim(2), buffer.Graph()
	slot := Iota(g, shapes.Make(dtypes.Int32, buffer.Shape().Dim(2)), 0) // [T]
	token := Sub(slot, s.start)                                          // [T]: of the step, if 0..C−1
	isNew := And(GreaterOrEqual(token, ScalarZero(g, dtypes.Int32)), LessThan(token, Scalar(g, dtypes.Int32, tokens)))
	nearest := InsertAxes(MinScalar(MaxScalar(token, 0), tokens-1), -1) // [T, 1]
	spread := Gather(TransposeAllAxes(fresh, 2, 0, 1, 3), nearest)      // [T, B, K, D]
	kept := TransposeAllAxes(buffer, 2, 0, 1, 3)                        // [T, B, K, D]
	return TransposeAllAxes(Where(isNew, spread, kept), 1, 2, 0, 3)     // [B, K, T, D]
}
