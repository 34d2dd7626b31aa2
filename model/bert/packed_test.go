package bert_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/model/bert"
	"hives/model/transformer"
	"hives/pack"
)

var poolings = []transformer.Pooling{transformer.MeanTokens, transformer.FirstToken, transformer.LastToken}

// embed is one way to turn texts into raw vectors [n, H].
type embed func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node

// together packs texts into rows of a shape; change may spoil the inputs or ask for something more.
func together(t *testing.T, m *bert.Model, texts [][]int32, shape pack.Shape, change func(*transformer.Packed)) embed {
	t.Helper()
	b, err := pack.One(texts, []pack.Shape{shape})
	if err != nil {
		t.Fatal(err)
	}
	order := make([]int32, len(texts))
	for slot, member := range b.Members {
		order[member] = int32(slot)
	}
	return func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
		matrix := func(flat []int32) *Node {
			return ConstTensor(g, tensors.FromFlatDataAndDimensions(flat, b.Rows, b.Length))
		}
		p := transformer.Packed{IDs: matrix(b.IDs), Texts: matrix(b.Texts), Last: Const(g, b.Last)}
		if change != nil {
			change(&p)
		}
		return Gather(m.Packed(p, pooling, arith), InsertAxes(Const(g, order), -1))
	}
}

// alone gives every text a batch of its own.
func alone(t *testing.T, m *bert.Model, texts [][]int32) embed {
	var each []embed
	for _, text := range texts {
		each = append(each, together(t, m, [][]int32{text}, pack.Shape{Rows: 1, Length: len(text), Texts: 1}, nil))
	}
	return func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
		var rows []*Node
		for _, e := range each {
			rows = append(rows, e(g, pooling, arith))
		}
		return Concatenate(rows, 0)
	}
}

// outcome is what one way computes: unit vectors by each pooling in f32, and in f64 the gradients of a loss that joins
// every pair of texts.
type outcome struct{ vectors, gradients [][]float32 }

func compute(t *testing.T, on *engine.Engine, m *bert.Model, e embed) (o outcome) {
	t.Helper()
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, seed *Node) (out []*Node) {
		g := seed.Graph()
		loss := ScalarZero(g, transformer.F64.Stream)
		for _, pooling := range poolings {
			out = append(out, L2Normalize(e(g, pooling, transformer.F32), -1))
			loss = Add(loss, pairLoss(e(g, pooling, transformer.F64)))
		}
		var weights []*Node
		for _, spec := range m.Layout() {
			weights = append(weights, m.Variable(spec.Name).NodeValue(g))
		}
		return append(out, Gradient(loss, weights...)...)
	})
	defer exec.Finalize()
	for i, v := range exec.MustCall(float32(0)) {
		flat := tensors.MustCopyFlatData[float32](v)
		if i < len(poolings) {
			o.vectors = append(o.vectors, flat)
		} else {
			o.gradients = append(o.gradients, flat)
		}
	}
	return o
}

// pairLoss is Σ over pairs of w_ij · exp(u_i · u_j) with weights w that tell every pair apart.
func pairLoss(raw *Node) *Node {
	unit, n := L2Normalize(raw, -1), raw.Shape().Dim(0)
	weights := make([][]float64, n)
	for i := range weights {
		for j := range n {
			weights[i] = append(weights[i], math.Sin(float64(1+i*n+j)))
		}
	}
	return ReduceAllSum(Mul(Const(raw.Graph(), weights), Exp(Einsum("ih,jh->ij", unit, unit))))
}

// gap is the largest difference of vectors, and of gradients as a share of their largest entry.
func gap(a, b outcome) (vectors, gradients float64) {
	for i := range a.gradients {
		largest := distance(a.gradients[i], make([]float32, len(a.gradients[i])))
		gradients = math.Max(gradients, distance(a.gradients[i], b.gradients[i])/math.Max(largest, 1e-3))
	}
	for i := range a.vectors {
		vectors = math.Max(vectors, distance(a.vectors[i], b.vectors[i]))
	}
	return vectors, gradients
}

// TestPackedPaddedAndAloneAgree compares vectors and gradients of the ways to lay texts out, of a checkpointed pass, of
// frozen layers computed before, and of a mask that leaks, which must be seen.
func TestPackedPaddedAndAloneAgree(t *testing.T) {
	const vectorBound, gradientBound = vectorTolerance, 5e-6
	on := goEngine(t)
	for _, c := range []struct {
		seed    uint64
		layers  int
		lengths []int
		shape   pack.Shape
	}{
		{1, 1, []int{5, 1, 3}, pack.Shape{Rows: 1, Length: 9, Texts: 3}},
		{2, 3, []int{7, 2, 11, 1, 4, 2}, pack.Shape{Rows: 3, Length: 13, Texts: 8}},
		{3, 2, []int{12, 11, 3, 9, 5, 5, 2}, pack.Shape{Rows: 2, Length: 31, Texts: 7}},
	} {
		m, texts := oddModel(t, c.seed, c.layers), randomTexts(c.seed, c.lengths...)
		want := compute(t, on, m, alone(t, m, texts))
		ways := map[string]embed{
			"padded":       together(t, m, texts, pack.Shape{Rows: len(texts), Length: 12, Texts: len(texts)}, nil),
			"packed":       together(t, m, texts, c.shape, nil),
			"checkpointed": together(t, m, texts, c.shape, func(p *transformer.Packed) { p.Checkpoint = true }),
		}
		if c.layers > 1 {
			ways["in halves"] = together(t, m, texts, c.shape, func(p *transformer.Packed) {
				p.Frozen = c.layers - 1
				p.States = m.Lower(*p, transformer.F64)
			})
		}
		for name, e := range ways {
			if v, g := gap(want, compute(t, on, m, e)); !(v <= vectorBound && g <= gradientBound) {
				t.Errorf("seed %d: %s: vectors differ by %.2g, gradients by %.2g", c.seed, name, v, g)
			}
		}
		leak := func(p *transformer.Packed) { p.Texts = ZerosLike(p.Texts) } // all are of the first text
		row := pack.Shape{Rows: 1, Length: 64, Texts: len(texts)}
		tight, leaks := means(t, on, m, together(t, m, texts, row, nil)), means(t, on, m, together(t, m, texts, row, leak))
		h := m.Config.HiddenSize
		if distance(tight[:h], want.vectors[0][:h]) > vectorBound || distance(leaks[:h], want.vectors[0][:h]) < 1e-2 {
			t.Errorf("seed %d: a mask that leaks moves the first vector by %.2g only", c.seed, distance(leaks[:h], tight[:h]))
		}
	}
}

// means are unit vectors in f32.
func means(t *testing.T, on *engine.Engine, m *bert.Model, e embed) []float32 {
	t.Helper()
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, any *Node) *Node {
		return L2Normalize(e(any.Graph(), transformer.MeanTokens, transformer.F32), -1)
	})
	defer exec.Finalize()
	return tensors.MustCopyFlatData[float32](exec.MustCall1(float32(0)))
}

// TestPackedVectorsOnXLA is the comparison of vectors on the engine that serves, whose kernels are others.
func TestPackedVectorsOnXLA(t *testing.T) {
	m, texts := oddModel(t, 5, 2), randomTexts(5, 6, 9, 1, 4)
	ways := []embed{
		together(t, m, texts, pack.Shape{Rows: 4, Length: 11, Texts: 4}, nil),
		together(t, m, texts, pack.Shape{Rows: 2, Length: 12, Texts: 5}, nil),
	}
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, any *Node) (out []*Node) {
		for _, pooling := range poolings {
			for _, e := range ways {
				out = append(out, L2Normalize(e(any.Graph(), pooling, transformer.F32), -1))
			}
		}
		return out
	})
	defer exec.Finalize()
	values := exec.MustCall(float32(0))
	for i, pooling := range poolings {
		row, packed := tensors.MustCopyFlatData[float32](values[2*i]), tensors.MustCopyFlatData[float32](values[2*i+1])
		near(t, string(pooling)+": packed against padded", packed, row, 2e-6)
	}
}

// TestUnusedSlotsAreFinite leaves slots, a whole row and row ends empty, in bf16, and a row that is longer than the
// table of positions.
func TestUnusedSlotsAreFinite(t *testing.T) {
	m := oddModel(t, 4, 2)
	e := together(t, m, randomTexts(4, 3, 2), pack.Shape{Rows: 2, Length: 40, Texts: 5}, nil)
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, any *Node) (out []*Node) {
		for _, pooling := range poolings {
			out = append(out, e(any.Graph(), pooling, transformer.BF16))
		}
		return out
	})
	defer exec.Finalize()
	for _, out := range exec.MustCall(float32(0)) {
		for i, v := range tensors.MustCopyFlatData[float32](out) {
			if v-v != 0 {
				t.Fatalf("number %d is %g", i, v)
			}
		}
	}
}
