package bert_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/rig/gradcheck"
	"hives/model/bert"
	"hives/model/transformer"
	"hives/pack"
)

const vocabulary = 31

// oddModel draws a model of odd sizes. Every tensor is drawn, gains and biases too, and large enough for attention to
// prefer some keys: a part that is left out shows.
func oddModel(t *testing.T, seed uint64, layers int) *bert.Model {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 1))
	heads := 1 + draw.IntN(4)
	cfg, err := bert.ParseConfig(fmt.Appendf(nil, `{"model_type": "bert", "vocab_size": %d, "hidden_size": %d,
		"intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d, "type_vocab_size": %d,
		"layer_norm_eps": 0.01, "max_position_embeddings": 14}`,
		vocabulary, heads*(4+draw.IntN(5)), 11+draw.IntN(20), layers, heads, 1+draw.IntN(2)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bert.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	redraw(t, m, seed, deviations)
	return m
}

// redraw draws every tensor anew.
func redraw(t *testing.T, m *bert.Model, seed uint64, deviations map[transformer.Kind]float64) {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 3))
	for _, spec := range m.Layout() {
		values := make([]float32, m.Variable(spec.Name).Shape().Size())
		for i := range values {
			values[i] = float32(draw.NormFloat64() * deviations[spec.Kind])
			if spec.Kind == transformer.Gain {
				values[i]++
			}
		}
		if err := m.Variable(spec.Name).SetValue(tensors.FromFlatDataAndDimensions(values, spec.Dims...)); err != nil {
			t.Fatal(err)
		}
	}
}

// deviations keep what tells tokens apart above what all have in common.
var deviations = map[transformer.Kind]float64{transformer.Matrix: .6, transformer.Gain: .3, transformer.Bias: .2}

func randomTexts(seed uint64, lengths ...int) (texts [][]int32) {
	draw := rand.New(rand.NewPCG(seed, 2))
	for _, n := range lengths {
		text := make([]int32, n)
		for i := range text {
			text[i] = int32(draw.IntN(vocabulary))
		}
		texts = append(texts, text)
	}
	return texts
}

// twin computes one text in float64 with nested loops, from the formulas.
type twin struct {
	t       *testing.T
	m       *bert.Model
	instead map[string][]float64 // values of tensors in place of the model's
}

func (w twin) tensor(name string) []float64 {
	w.t.Helper()
	if values, ok := w.instead[name]; ok {
		return slices.Clone(values)
	}
	v := w.m.Variable(name)
	if v == nil {
		w.t.Fatalf("no %s", name)
	}
	var out []float64
	for _, x := range tensors.MustCopyFlatData[float32](v.MustValue()) {
		out = append(out, float64(x))
	}
	return out
}

func (w twin) linear(name string, x []float64) []float64 {
	weight, out := w.tensor(name+".weight"), w.tensor(name+".bias")
	for o := range out {
		for i, v := range x {
			out[o] += weight[o*len(x)+i] * v
		}
	}
	return out
}

func (w twin) norm(name string, x []float64) []float64 {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	gain, out := w.tensor(name+".weight"), w.tensor(name+".bias")
	for i, v := range x {
		out[i] += gain[i] * (v - mean) / math.Sqrt(variance+w.m.Config.LayerNormEps)
	}
	return out
}

func plus(a, b []float64) []float64 {
	out := slices.Clone(a)
	for i := range b {
		out[i] += b[i]
	}
	return out
}

func (w twin) attention(name string, x [][]float64) (out [][]float64) {
	var q, k, v [][]float64
	for _, token := range x {
		q, k, v = append(q, w.linear(name+"query", token)), append(k, w.linear(name+"key", token)),
			append(v, w.linear(name+"value", token))
	}
	width := w.m.Config.HiddenSize / w.m.Config.NumHeads
	for i := range x {
		row := make([]float64, w.m.Config.HiddenSize)
		for head := range w.m.Config.NumHeads {
			total, weights := 0.0, make([]float64, len(x))
			for j := range x {
				for d := head * width; d < (head+1)*width; d++ {
					weights[j] += q[i][d] * k[j][d] / math.Sqrt(float64(width))
				}
				weights[j] = math.Exp(weights[j])
				total += weights[j]
			}
			for j := range x {
				for d := head * width; d < (head+1)*width; d++ {
					row[d] += weights[j] / total * v[j][d]
				}
			}
		}
		out = append(out, row)
	}
	return out
}

// states are those of each token after the last layer.
func (w twin) states(ids []int32) (x [][]float64) {
	words, positions := w.tensor("embeddings.word_embeddings.weight"), w.tensor("embeddings.position_embeddings.weight")
	kinds, h := w.tensor("embeddings.token_type_embeddings.weight"), w.m.Config.HiddenSize
	for p, id := range ids {
		sum := plus(plus(words[int(id)*h:(int(id)+1)*h], positions[p*h:(p+1)*h]), kinds[:h])
		x = append(x, w.norm("embeddings.LayerNorm", sum))
	}
	for l := range w.m.Config.NumLayers {
		name := fmt.Sprintf("encoder.layer.%d.", l)
		for i, mixed := range w.attention(name+"attention.self.", x) {
			a := w.norm(name+"attention.output.LayerNorm", plus(x[i], w.linear(name+"attention.output.dense", mixed)))
			wide := w.linear(name+"intermediate.dense", a)
			for j, v := range wide {
				wide[j] = v * (1 + math.Erf(v/math.Sqrt2)) / 2
			}
			x[i] = w.norm(name+"output.LayerNorm", plus(a, w.linear(name+"output.dense", wide)))
		}
	}
	return x
}

// vector pools a text's states.
func (w twin) vector(ids []int32, pooling transformer.Pooling) []float64 {
	x := w.states(ids)
	switch pooling {
	case transformer.FirstToken:
		return x[0]
	case transformer.LastToken:
		return x[len(x)-1]
	}
	mean := make([]float64, len(x[0]))
	for _, token := range x {
		for i, v := range token {
			mean[i] += v / float64(len(x))
		}
	}
	return mean
}

// TestTwin holds packed rows, in float64, to the twin, text by text and pooling by pooling: an offset in a row, company
// and padding change nothing.
func TestTwin(t *testing.T) {
	on := goEngine(t)
	for seed := range uint64(4) {
		m := oddModel(t, seed, 1+int(seed%3))
		texts := randomTexts(seed, 5, 1, 14, 3, 2, 7)
		b, err := pack.One(texts, []pack.Shape{{Rows: 3, Length: 16, Texts: 8}})
		if err != nil {
			t.Fatal(err)
		}
		poolings := []transformer.Pooling{transformer.MeanTokens, transformer.FirstToken, transformer.LastToken}
		exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, ids, slots, last *Node) (out []*Node) {
			for _, pooling := range poolings {
				out = append(out, m.Packed(transformer.Packed{IDs: ids, Texts: slots, Last: last}, pooling, transformer.F64))
			}
			return out
		})
		values := exec.MustCall(tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length),
			tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length), b.Last)
		for i, pooling := range poolings {
			got, h := tensors.MustCopyFlatData[float64](values[i]), m.Config.HiddenSize
			for slot, member := range b.Members {
				want := twin{t: t, m: m}.vector(texts[member], pooling)
				for j, x := range got[slot*h : (slot+1)*h] {
					if math.Abs(x-want[j]) > 1e-10 {
						t.Fatalf("seed %d, %s, text %d: number %d is %g, the twin's %g", seed, pooling, member, j, x, want[j])
					}
				}
			}
		}
		exec.Finalize()
	}
}

// TestGradients holds the graph's gradients to differences of the twin's loss, Σ sin(text + number) · vector, for
// tensors of every kind; a gradient a tenth too small is the control.
func TestGradients(t *testing.T) {
	m, texts := oddModel(t, 8, 2), randomTexts(8, 4, 3)
	// A flatter model: differences of a step of 1e-3 are to be exact to 1e-7.
	redraw(t, m, 8, map[transformer.Kind]float64{transformer.Matrix: .3, transformer.Gain: .2, transformer.Bias: .2})
	m.Config.LayerNormEps = .3
	names := []string{
		"embeddings.position_embeddings.weight", "embeddings.LayerNorm.bias", "encoder.layer.0.attention.self.query.bias",
		"encoder.layer.0.attention.self.key.weight", "encoder.layer.0.attention.output.LayerNorm.weight",
		"encoder.layer.1.attention.self.value.weight", "encoder.layer.1.intermediate.dense.bias",
		"encoder.layer.1.output.dense.weight",
	}
	grads := meanGradients(t, m, texts, names)
	for i, name := range names {
		x := twin{t: t, m: m}.tensor(name)
		loss := func(x []float64) (sum float64) {
			w := twin{t: t, m: m, instead: map[string][]float64{name: x}}
			for n, text := range texts {
				for j, v := range w.vector(text, transformer.MeanTokens) {
					sum += math.Sin(float64(n+j)) * v
				}
			}
			return sum
		}
		if err := gradcheck.Compare(loss, x, grads[i]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for j := range grads[i] {
			grads[i][j] *= .9
		}
		if gradcheck.Compare(loss, x, grads[i]) == nil {
			t.Errorf("%s: a wrong gradient passes too", name)
		}
	}
}

// meanGradients are those of the loss above by tensors, in float64.
func meanGradients(t *testing.T, m *bert.Model, texts [][]int32, names []string) (out [][]float64) {
	t.Helper()
	e := together(t, m, texts, pack.Shape{Rows: 1, Length: 9, Texts: 2}, nil)
	exec := model.MustNewExec(goEngine(t).Backend, m.Store, func(_ *model.Scope, any *Node) []*Node {
		raw := e(any.Graph(), transformer.MeanTokens, transformer.F64)
		numbers := Add(Iota(raw.Graph(), raw.Shape(), 0), Iota(raw.Graph(), raw.Shape(), 1))
		var weights []*Node
		for _, name := range names {
			weights = append(weights, m.Variable(name).NodeValue(raw.Graph()))
		}
		return Gradient(ReduceAllSum(Mul(raw, Sin(numbers))), weights...)
	})
	defer exec.Finalize()
	for _, v := range exec.MustCall(float32(0)) {
		var grad []float64
		for _, x := range tensors.MustCopyFlatData[float32](v) {
			grad = append(grad, float64(x))
		}
		out = append(out, grad)
	}
	return out
}
