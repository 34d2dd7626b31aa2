package local

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/model/native"
	"hives/model/transformer"
	"hives/pack"
)

// batchTokens is R·S of a full batch: enough to fill the cores, little enough to stay in cache.
const batchTokens = 2048

// fullLengths are the rows of full batches: the shorter ones spare short texts the attention of long rows.
var fullLengths = []int{32, 128, 256}

// Shapes lists the batches that texts of at most maxLength tokens are packed into, at most pack.MaxShapes: single
// rows of growing length, so that one short text does not pay for a long row, full batches, and where room is
// left batches in between. For 256 tokens:
//
//	1 × 16   1 × 32   1 × 64   1 × 128   1 × 256      a text alone
//	64 × 32  16 × 128  8 × 256                        2,048 tokens
func Shapes(maxLength int) []pack.Shape {
	var out []pack.Shape
	add := func(rows, length int) {
		// A slot costs little; a text of fewer than 8 tokens, its end token included, is rare.
		out = append(out, pack.Shape{Rows: rows, Length: length, Texts: max(1, rows*length/8)})
	}
	for _, length := range ladder(maxLength, pack.MaxShapes-len(fullLengths)) {
		add(1, length)
	}
	for i, length := range fullLengths {
		if i == 0 || maxLength > fullLengths[i-1] {
			add(max(1, batchTokens/min(length, maxLength)), min(length, maxLength))
		}
	}
	for rows := 4; len(out) < pack.MaxShapes && rows*maxLength < batchTokens; rows *= 4 {
		add(rows, maxLength)
	}
	return out
}

// ladder rises from 16 to top by a constant factor, the least power of two that needs at most n rungs: to 256 by
// 2 in five rungs, to 2,048 by 4 (16, 64, 256, 1,024, 2,048).
func ladder(top, n int) []int {
	for factor := 2; ; factor *= 2 {
		var rungs []int
		for length := 16; length < top; length *= factor {
			rungs = append(rungs, length)
		}
		if rungs = append(rungs, top); len(rungs) <= n {
			return rungs
		}
	}
}

// Runner computes raw vectors of packed batches with a model in memory. It may be called concurrently: one batch is
// computed at a time.
type Runner struct {
	shapes    []pack.Shape
	dim       int
	attention float64

	mu sync.Mutex
	by computer // nil when closed
}

// computer is what a Runner computes with: graphs of an engine, or kernels.
type computer interface {
	compile(s pack.Shape) error
	vectors(ctx context.Context, b *pack.Batch) ([]float32, error) // raw, [T, H]
	close()
}

// graphs are an engine's, one for each shape; they see the weights as they are at the call.
type graphs struct {
	exec   *model.Exec
	states States // nil where all layers are computed
}

// kernels are those of package native. No shape is compiled, and padding costs nothing.
type kernels struct{ model *native.Model }

func (kernels) compile(pack.Shape) error { return nil }
func (kernels) close()                   {}

func (k kernels) vectors(ctx context.Context, b *pack.Batch) ([]float32, error) {
	return k.model.Vectors(ctx, b)
}

// newKernelRunner prepares for texts of at most maxLength tokens. Shapes say only how many tokens go together, so there
// are few.
func newKernelRunner(m *native.Model, arch transformer.Architecture, maxLength int) *Runner {
	row := min(maxLength, fullLengths[len(fullLengths)-1])
	shapes := []pack.Shape{{Rows: 1, Length: row, Texts: max(1, row/8)},
		{Rows: max(1, batchTokens/row), Length: row, Texts: max(1, batchTokens/8)}}
	if maxLength > row {
		shapes = append(shapes, pack.Shape{Rows: 1, Length: maxLength, Texts: max(1, maxLength/8)})
	}
	return &Runner{shapes: shapes, dim: arch.Sizes().Hidden, attention: arch.AttentionLength(), by: kernels{m}}
}

// States are residual streams after a model's first layers that are known already, see transformer.Packed.
type States interface {
	Layers() int
	// Gather returns those of a batch, [R, S, H].
	Gather(b *pack.Batch) (*tensors.Tensor, error)
}

// newRunner prepares a model for batches of at most maxLength tokens a text. Nothing is compiled yet: the first
// batch of a shape does so, or Compile.
//
//	tokens  [R, S] int32, or states [R, S, H]   texts [R, S] int32   last [T] int32   →   vectors [T, H] float32
//
// Each (R, S, T) is one graph; Shapes keeps them few.
func newRunner(m transformer.Model, backend compute.Backend, pooling transformer.Pooling, arith transformer.Arithmetic,
	maxLength int, states States) (*Runner, error) {
	if maxLength < 1 {
		return nil, fault.New(fault.Invalid, "texts of at most %d tokens: want 1 or more", maxLength)
	}
	exec, err := model.NewExec(backend, m.Variables(), func(_ *model.Scope, tokens, texts, last *Node) *Node {
		p := transformer.Packed{IDs: tokens, Texts: texts, Last: last}
		if states != nil { // tokens are states then
			p.IDs, p.States, p.Frozen = texts, tokens, states.Layers()
		}
		raw := m.Packed(p, pooling, arith)
		return ConvertDType(raw, dtypes.Float32)
	})
	if err != nil {
		return nil, err
	}
	exec.SetMaxCache(-1) // the shapes are few
	return &Runner{shapes: Shapes(maxLength), dim: m.Sizes().Hidden, attention: m.Architecture().AttentionLength(),
		by: graphs{exec, states}}, nil
}

// Shapes are the batches that Run takes.
func (r *Runner) Shapes() []pack.Shape { return slices.Clone(r.shapes) }

// Dim is H, the numbers of a vector.
func (r *Runner) Dim() int { return r.dim }

// Attention is the row length at which the model's attention costs as much as the rest, for pack.Next.
func (r *Runner) Attention() float64 { return r.attention }

// Close frees the compiled graphs, not the model. It waits for a batch under way, since that reads the weights which
// the caller frees next.
func (r *Runner) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by != nil {
		r.by.close()
		r.by = nil
	}
}

func (g graphs) close() { g.exec.Finalize() }

// tokens are a batch's ids [R, S], or its states [R, S, H] where these are known.
func (g graphs) tokens(b *pack.Batch) (*tensors.Tensor, error) {
	if g.states != nil {
		return g.states.Gather(b)
	}
	return tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length), nil
}

// Compile compiles a shape that later batches of ids will have; doing so again costs nothing. A daemon does so
// before it says that it is ready, or its first callers would wait for the compiler. It takes no lock: a compiler
// works on one core, and several shapes may be compiled at once, also beside a batch.
func (r *Runner) Compile(ctx context.Context, s pack.Shape) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.by.compile(s); err != nil {
		return fmt.Errorf("compile %d rows of %d tokens for %d texts: %w", s.Rows, s.Length, s.Texts, err)
	}
	return nil
}

func (g graphs) compile(s pack.Shape) error {
	tokens := shapes.Make(dtypes.Int32, s.Rows, s.Length)
	_, err := g.exec.Compile(tokens, tokens, shapes.Make(dtypes.Int32, s.Texts))
	return err
}

// Run returns T·H numbers, a raw vector for each slot: not normalised, and not checked to be finite, so that the
// caller can say whose vector is not. Those of unused slots mean nothing. The lock is held for the whole batch:
// two batches at once would share the cores and each take twice as long.
func (r *Runner) Run(ctx context.Context, b *pack.Batch) ([]float32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil { // the lock may have taken long
		return nil, err
	}
	if r.by == nil {
		return nil, fault.New(fault.Unavailable, "the model is closed")
	}
	flat, err := r.by.vectors(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("embed %d rows of %d tokens: %w", b.Rows, b.Length, err)
	}
	return flat, nil
}

func (g graphs) vectors(_ context.Context, b *pack.Batch) ([]float32, error) {
	tokens, err := g.tokens(b)
	if err != nil {
		return nil, err
	}
	texts := tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length)
	vectors, err := g.exec.Call1(tokens, texts, b.Last)
	if err != nil {
		return nil, err
	}
	defer vectors.FinalizeAll()
	return tensors.CopyFlatData[float32](vectors)
}
