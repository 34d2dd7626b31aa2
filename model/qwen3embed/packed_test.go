package qwen3embed_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

// oddModel draws a model of odd sizes whose weights are large enough for attention to prefer some keys.
func oddModel(t *testing.T, seed uint64, layers int) *qwen3embed.Model {
	t.Helper()
	return oddModelOf(t, qwen3embed.Qwen3, seed, layers)
}

func oddModelOf(t *testing.T, family string, seed uint64, layers int) *qwen3embed.Model {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 1))
	keys := 1 + draw.IntN(3)
	cfg, err := qwen3embed.ParseConfig(fmt.Appendf(nil, `{"model_type": %q, "vocab_size": 31, "hidden_size": %d,
		"intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
		"head_dim": %d, "rope_theta": 1000, "initializer_range": 0.3, "max_position_embeddings": 128}`,
		family, 9+draw.IntN(16), 11+draw.IntN(20), layers, keys*(1+draw.IntN(3)), keys, 2*(2+draw.IntN(4))))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// embed is one way to turn texts into raw vectors [n, H].
type embed func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node

func alone(m *qwen3embed.Model, texts [][]int32) embed {
	return func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
		var rows []*Node
		for _, text := range texts {
			ids, length := Const(g, [][]int32{text}), Const(g, []int32{int32(len(text))})
			rows = append(rows, m.Raw(ids, length, pooling, arith))
		}
		return Concatenate(rows, 0)
	}
}

func inRows(m *qwen3embed.Model, texts [][]int32, sequence int) embed {
	return func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
		ids, lengths := padded(texts, sequence, 0)
		return m.Raw(Const(g, ids), Const(g, lengths), pooling, arith)
	}
}

// together packs texts into rows; change may spoil the inputs or ask for something more.
func together(t *testing.T, m *qwen3embed.Model, texts [][]int32, shape pack.Shape,
	change func(*Graph, *transformer.Packed)) embed {
	t.Helper()
	b, err := pack.One(texts, []pack.Shape{shape})
	if err != nil {
		t.Fatal(err)
	}
	return func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
		matrix := func(flat []int32) *Node {
			return ConstTensor(g, tensors.FromFlatDataAndDimensions(flat, b.Rows, b.Length))
		}
		p := transformer.Packed{IDs: matrix(b.IDs), Texts: matrix(b.Texts), Last: Const(g, b.Last)}
		if change != nil {
			change(g, &p)
		}
		return SliceAxis(m.Packed(p, pooling, arith), 0, AxisRangeFromStart(len(texts)))
	}
}

// outcome is what one way computes: unit vectors by both poolings in f32, and in f64 the gradients of a
// loss that joins every pair of texts.
type outcome struct {
	last, mean []float32
	loss       []float32
	gradients  [][]float32 // by Layout
}

func compute(t *testing.T, on *engine.Engine, m *qwen3embed.Model, e embed) outcome {
	t.Helper()
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, seed *Node) []*Node {
		g := seed.Graph()
		var weights []*Node
		for _, spec := range m.Config.Layout() {
			weights = append(weights, m.Variable(spec.Name).NodeValue(g))
		}
		loss := Add(pairLoss(e(g, transformer.LastToken, transformer.F64)),
			pairLoss(e(g, transformer.MeanTokens, transformer.F64)))
		out := []*Node{
			L2Normalize(e(g, transformer.LastToken, transformer.F32), -1),
			L2Normalize(e(g, transformer.MeanTokens, transformer.F32), -1),
			ConvertDType(loss, seed.DType()),
		}
		return append(out, Gradient(loss, weights...)...)
	})
	defer exec.Finalize()
	values, err := exec.Call(float32(0))
	if err != nil {
		t.Fatal(err)
	}
	flat := make([][]float32, len(values))
	for i, v := range values {
		flat[i] = tensors.MustCopyFlatData[float32](v)
	}
	return outcome{flat[0], flat[1], flat[2], flat[3:]}
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
	return math.Max(distance(a.last, b.last), distance(a.mean, b.mean)), gradients
}

// goEngine compiles nothing, so that many graphs with gradients take no time.
func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// TestPackedPaddedAndAloneAgree compares vectors and gradients of the three ways, of a checkpointed pass,
// and of a mask that leaks, which must be seen.
func TestPackedPaddedAndAloneAgree(t *testing.T) {
	const vectorBound, gradientBound = 2e-6, 1e-6
	on := goEngine(t)
	for _, c := range []struct {
		seed    uint64
		layers  int
		lengths []int
		shape   pack.Shape
	}{
		{1, 1, []int{5, 1, 3}, pack.Shape{Rows: 1, Length: 9, Texts: 3}},
		{2, 3, []int{7, 2, 11, 1, 4, 2}, pack.Shape{Rows: 3, Length: 13, Texts: 8}},
		{3, 2, []int{1, 1, 1, 1}, pack.Shape{Rows: 2, Length: 3, Texts: 4}},
		{4, 2, []int{12, 11, 3, 9, 5, 5, 2}, pack.Shape{Rows: 2, Length: 31, Texts: 7}},
		{5, 2, []int{2, 3}, pack.Shape{Rows: 1, Length: 5, Texts: 5}},
	} {
		t.Logf("seed %d", c.seed)
		m, texts := oddModel(t, c.seed, c.layers), randomTexts(c.seed, 31, c.lengths...)
		want := compute(t, on, m, alone(m, texts))
		leak := func(g *Graph, p *transformer.Packed) { p.Texts = ZerosLike(p.Texts) }
		recompute := func(g *Graph, p *transformer.Packed) { p.Checkpoint = true }
		for name, e := range map[string]embed{
			"padded":       inRows(m, texts, 12),
			"packed":       together(t, m, texts, c.shape, nil),
			"checkpointed": together(t, m, texts, c.shape, recompute),
		} {
			got := compute(t, on, m, e)
			if v, g := gap(want, got); !(v <= vectorBound && g <= gradientBound) {
				t.Errorf("seed %d: %s: vectors differ by %.2g, gradients by %.2g", c.seed, name, v, g)
			}
			if distance(got.loss, want.loss) > 1e-5 {
				t.Errorf("seed %d: %s: loss %v, want %v", c.seed, name, got.loss, want.loss)
			}
		}
		v, g := gap(want, compute(t, on, m, together(t, m, texts, c.shape, leak)))
		if v < 1000*vectorBound || g < 1000*gradientBound {
			t.Errorf("seed %d: a leaking mask moves vectors by %.2g and gradients by %.2g only", c.seed, v, g)
		}
	}
}

// TestPackedVectorsOnXLA is the comparison of vectors on the engine that serves, whose kernels are others.
func TestPackedVectorsOnXLA(t *testing.T) {
	const seed = 5
	m, texts := oddModel(t, seed, 2), randomTexts(seed, 31, 6, 9, 1, 4)
	ways := []embed{inRows(m, texts, 11), together(t, m, texts, pack.Shape{Rows: 2, Length: 12, Texts: 5}, nil)}
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, any *Node) (out []*Node) {
		for _, pooling := range []transformer.Pooling{transformer.LastToken, transformer.MeanTokens} {
			for _, e := range ways {
				out = append(out, L2Normalize(e(any.Graph(), pooling, transformer.F32), -1))
			}
		}
		return out
	})
	defer exec.Finalize()
	values := exec.MustCall(float32(0))
	for i, name := range []string{"last", "mean"} {
		row, packed := tensors.MustCopyFlatData[float32](values[2*i]), tensors.MustCopyFlatData[float32](values[2*i+1])
		near(t, fmt.Sprintf("seed %d, %s token: packed against padded", seed, name), packed, row, 2e-6)
	}
}

// TestCheckpointComputesLayersAgain counts the products of a gradient's graph: without a second forward
// pass the memory could not be less.
func TestCheckpointComputesLayersAgain(t *testing.T) {
	on, m := goEngine(t), oddModel(t, 3, 2)
	texts := randomTexts(3, 31, 4, 6)
	products := func(checkpoint bool) (n int) {
		e := together(t, m, texts, pack.Shape{Rows: 1, Length: 10, Texts: 2}, func(_ *Graph, p *transformer.Packed) {
			p.Checkpoint = checkpoint
		})
		exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, seed *Node) *Node {
			g := seed.Graph()
			w := m.Variable(m.Config.Layout()[0].Name).NodeValue(g)
			grad := Gradient(pairLoss(e(g, transformer.LastToken, transformer.F64)), w)[0]
			for _, node := range g.Nodes() {
				if node.Type() == NodeTypeDotGeneral {
					n++
				}
			}
			return grad
		})
		defer exec.Finalize()
		exec.MustCall(float32(0))
		return n
	}
	if plain, again := products(false), products(true); again < plain+8*m.Config.NumLayers {
		t.Errorf("%d products with checkpoints, %d without: layers are not computed again", again, plain)
	}
}

// TestUnusedSlotsAreFinite leaves slots, a whole row and row ends empty.
func TestUnusedSlotsAreFinite(t *testing.T) {
	m := tinyModel(t, 4)
	b, err := pack.One(randomTexts(4, 97, 3, 2), []pack.Shape{{Rows: 2, Length: 8, Texts: 5}})
	if err != nil {
		t.Fatal(err)
	}
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, ids, texts,
		last *Node) []*Node {
		p := transformer.Packed{IDs: ids, Texts: texts, Last: last}
		return []*Node{m.Packed(p, transformer.LastToken, transformer.BF16), m.Packed(p, transformer.MeanTokens,
			transformer.BF16)}
	})
	defer exec.Finalize()
	ids, texts := tensors.FromFlatDataAndDimensions(b.IDs, 2, 8), tensors.FromFlatDataAndDimensions(b.Texts, 2, 8)
	for _, out := range exec.MustCall(ids, texts, b.Last) {
		values := tensors.MustCopyFlatData[float32](out)
		if len(values) != 5*m.Config.HiddenSize {
			t.Fatalf("%s, want [5, %d]", out.Shape(), m.Config.HiddenSize)
		}
		for i, v := range values {
			if v-v != 0 {
				t.Fatalf("number %d of slot %d is %g", i%m.Config.HiddenSize, i/m.Config.HiddenSize, v)
			}
		}
	}
	if _, err := exec.Call(ids, b.Texts, b.Last); err == nil ||
		!strings.Contains(err.Error(), "want int32 [R, S], [R, S] and [T]") {
		t.Errorf("texts without rows: %v", err)
	}
}

// TestFloat16OperandsRoundLessThanBFloat16 holds both mixed arithmetics to float32, vectors and gradients.
func TestFloat16OperandsRoundLessThanBFloat16(t *testing.T) {
	m := tinyModel(t, 6)
	e := together(t, m, randomTexts(6, 97, 9, 4, 6), pack.Shape{Rows: 2, Length: 12, Texts: 3}, nil)
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, seed *Node) (out []*Node) {
		for _, arith := range []transformer.Arithmetic{transformer.F32, transformer.Mixed, transformer.Mixed16} {
			raw := e(seed.Graph(), transformer.LastToken, arith)
			w := m.Variable("layers.0.mlp.up_proj.weight").NodeValue(seed.Graph())
			unit := L2Normalize(raw, -1)
			loss := ReduceAllSum(Mul(unit, ConvertDType(Sin(Iota(seed.Graph(), unit.Shape(), 1)), unit.DType())))
			out = append(out, unit, Gradient(loss, w)[0])
		}
		return out
	})
	defer exec.Finalize()
	var flat [][]float32
	for _, v := range exec.MustCall(float32(0)) {
		flat = append(flat, tensors.MustCopyFlatData[float32](v))
	}
	for i, name := range []string{"vectors", "gradients"} {
		scale := distance(flat[i], make([]float32, len(flat[i])))
		b16, f16 := distance(flat[i], flat[2+i])/scale, distance(flat[i], flat[4+i])/scale
		t.Logf("%s differ from f32 by %.2g (bf16) and %.2g (f16) of the largest", name, b16, f16)
		if !(f16 > 0 && f16 < b16 && b16 < 3e-2) {
			t.Errorf("%s: f16 %g, bf16 %g from f32: want f16 the nearer", name, f16, b16)
		}
	}
}

// TestFrozenLayersAreSpared: layers above given states, and the layers below that gave them, are the whole
// model, for both families and both ways to pick the last token.
func TestFrozenLayersAreSpared(t *testing.T) {
	on := goEngine(t)
	texts := [][]int32{{3, 1, 4}, {1, 5, 9, 2, 6}, {5}}
	for _, family := range []string{qwen3embed.Qwen3, qwen3embed.Llama} {
		m := oddModelOf(t, family, 5, 4)
		for _, shape := range []pack.Shape{{Rows: 1, Length: 12, Texts: 4}, {Rows: 2, Length: 8, Texts: 4}} {
			whole := together(t, m, texts, shape, nil)
			halves := func(change func(states *Node) *Node) embed {
				return func(g *Graph, pooling transformer.Pooling, arith transformer.Arithmetic) *Node {
					return together(t, m, texts, shape, func(_ *Graph, p *transformer.Packed) {
						p.Frozen = 3
						p.States = change(m.Lower(*p, arith))
					})(g, pooling, arith)
				}
			}
			want := compute(t, on, m, whole)
			if vectors, gradients := gap(want, compute(t, on, m, halves(func(x *Node) *Node { return x }))); vectors > 1e-6 ||
				gradients > 1e-4 {
				t.Errorf("%s %v: vectors differ by %g, gradients by %g", family, shape, vectors, gradients)
			}
			if vectors, _ := gap(want, compute(t, on, m, halves(func(x *Node) *Node {
				return MulScalar(x, -1)
			}))); vectors < 1e-3 {
				t.Errorf("%s %v: states turned around make no difference (%g)", family, shape, vectors)
			}
		}
	}
}
