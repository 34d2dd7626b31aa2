package start

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/statecache"
	"hives/model/transformer"
	"hives/pack"
)

// lower computes the states of a model's lower layers, each text alone in a row whose length follows from the
// text's. A shape that other texts share would save time, but a matrix product may add up in another order at
// another place, so the bits of a state would depend on the company in which it was computed, or was computed
// again after damage.
//
// Why the company matters: (a + b) + c and a + (b + c) differ in the last bit, and how a product adds up depends
// on the shape of its matrices. So a text's state in a row of 64 may differ from its state in a row of 32. Runs
// that share a folder would then differ by who filled it first.
//
// Invariant: a state is a function of weights, type and its own text (TestStatesDoNotDependOnCompany).
type lower struct {
	exec  *model.Exec
	dtype dtypes.DType
	width int
}

// newLower prepares it. Whatever the steps compute in, states are computed in float32 and rounded once.
func newLower(backend compute.Backend, m transformer.Model, layers int, dtype string) (l *lower, err error) {
	l = &lower{width: m.Sizes().Hidden}
	// Whatever precision the steps have, states are f32 rounded once: runs of all precisions share them.
	if l.dtype, err = statecache.ParseType(dtype); err != nil {
		return nil, err
	}
	l.exec, err = model.NewExec(backend, m.Variables(), func(_ *model.Scope, ids, texts, last *Node) *Node {
		p := transformer.Packed{IDs: ids, Texts: texts, Last: last, Frozen: layers}
		return ConvertDType(m.Lower(p, transformer.F32), l.dtype)
	})
	if err == nil {
		l.exec.SetMaxCache(-1) // the shapes are few
	}
	return l, err
}

// compute is statecache.Work's.
func (l *lower) compute(ctx context.Context, texts [][]int32, put func(text int, states []byte) error) error {
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return err
		}
		// One text a call. Full batches would be faster; alone, a state is a function of its text: a state
		// computed again after damage has the bits of the first.
		alone, err := pack.Padded([][]int32{text}, pack.Shape{Rows: 1, Length: rowFor(len(text)), Texts: 1})
		if err == nil {
			err = l.batch(&alone, func(_ int, states []byte) error { return put(i, states) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rowFor is the row of a text of n tokens: 16, 24, 32, 48, 64, 96, …, so that shapes are few, padding is at most
// half of the text, and nothing else has a say, such as the longest text of a run.
//
//	5 → 16     17 → 24     33 → 48     100 → 128     300 → 384
func rowFor(n int) int {
	for length := 16; ; length *= 2 {
		switch {
		case n <= length:
			return length
		case n <= length+length/2:
			return length + length/2
		}
	}
}

// batch runs the layers over a packed batch and hands out each text's part, as the bytes that go on the disk.
func (l *lower) batch(b *pack.Batch, put func(text int, states []byte) error) error {
	states, err := l.exec.Call1(tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length), b.Last)
	if err != nil {
		return fmt.Errorf("states of %d rows of %d tokens: %w", b.Rows, b.Length, err)
	}
	defer states.FinalizeAll()
	var failed error
	err = states.ConstBytes(func(raw []byte) {
		token := l.width * l.dtype.Size()
		for _, s := range statecache.Spans(b) {
			part := raw[s.From*token : s.To*token]
			if failed = l.finite(part); failed == nil {
				failed = put(b.Members[s.Slot], part)
			}
			if failed != nil {
				return
			}
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

// finite refuses numbers that the type cannot hold: their exponent's bits are all ones.
//
//	float16 00 7c: 0x7c & 0x7c, infinite     float32 … 80 7f: both bytes' bits are ones, infinite
func (l *lower) finite(raw []byte) error {
	size := l.dtype.Size()
	// Little-endian: the last byte of a number holds its sign and the upper bits of the exponent.
	mask := byte(0x7c) // of float16's upper byte
	if l.dtype == dtypes.Float32 {
		mask = 0x7f
	}
	for i := size - 1; i < len(raw); i += size {
		if raw[i]&mask == mask && (l.dtype == dtypes.Float16 || raw[i-1]&0x80 != 0) {
			return fault.New(fault.Invalid,
				"the lower layers make a state that %s cannot hold; give --set model.states_type=f32", l.dtype)
		}
	}
	return nil
}

// noise stands in for states where only time and memory are asked for. The generator's seed is fixed, so a dry run
// measures the same numbers each time.
type noise struct{ key statecache.Key }

func (n noise) Layers() int { return n.key.Layers }

// Gather draws normal numbers, which are finite in either type and cost a step what real ones do.
func (n noise) Gather(b *pack.Batch) (*tensors.Tensor, error) {
	dims := []int{b.Rows, b.Length, n.key.Width}
	draw := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, dims[0]*dims[1]*dims[2])
	for i := range values {
		values[i] = float32(draw.NormFloat64())
	}
	if n.key.Type == statecache.F32 {
		return tensors.FromFlatDataAndDimensions(values, dims...), nil
	}
	t := tensors.FromShape(shapes.Make(dtypes.Float16, dims...))
	err := tensors.MutableFlatData(t, func(flat []float16.Float16) {
		for i, v := range values {
			flat[i] = float16.FromFloat32(v)
		}
	})
	return t, err
}
