package decoder_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/model/decoder"
	"hives/model/transformer"
)

// twin computes one text in float64 with nested loops, from the formulas of each family. Its switches spoil it.
type twin struct {
	t *testing.T
	w *transformer.Weights
	c *decoder.Config

	noBias, noQKNorm, neighbours, ownKeys bool
}

func (w twin) tensor(name string) (out []float64) {
	w.t.Helper()
	v := w.w.Variable(name)
	if v == nil {
		w.t.Fatalf("no %s", name)
	}
	for _, x := range tensors.MustCopyFlatData[float32](v.MustValue()) {
		out = append(out, float64(x))
	}
	return out
}

// linear is W·x, and + b where the family has one.
func (w twin) linear(name string, x []float64, bias bool) []float64 {
	weight := w.tensor(name + ".weight")
	out := make([]float64, len(weight)/len(x))
	if bias && !w.noBias {
		out = w.tensor(name + ".bias")
	}
	for o := range out {
		for i, v := range x {
			out[o] += weight[o*len(x)+i] * v
		}
	}
	return out
}

func (w twin) norm(name string, x []float64) []float64 {
	gain, square := w.tensor(name+".weight"), 0.0
	for _, v := range x {
		square += v * v
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = gain[i] * v / math.Sqrt(square/float64(len(x))+w.c.RMSNormEps)
	}
	return out
}

// turn rotates pair (j, j+D/2) of one head as a complex number.
func (w twin) turn(x []float64, position int) []float64 {
	d, out := len(x), make([]float64, len(x))
	for j := range d / 2 {
		a, b := j, j+d/2
		if w.neighbours {
			a, b = 2*j, 2*j+1
		}
		sin, cos := math.Sincos(float64(position) / math.Pow(w.c.RopeTheta, 2*float64(j)/float64(d)))
		out[a], out[b] = x[a]*cos-x[b]*sin, x[a]*sin+x[b]*cos
	}
	return out
}

// heads cuts a row into heads of width D, norms them where the family does, and turns them.
func (w twin) heads(name, norm string, x []float64, position int) (all [][]float64) {
	row := w.linear(name, x, w.c.ModelType == decoder.Qwen2)
	for at := 0; at < len(row); at += w.c.HeadDim {
		head := row[at : at+w.c.HeadDim]
		if norm != "" && w.c.ModelType == decoder.Qwen3 && !w.noQKNorm {
			head = w.norm(norm, head)
		}
		if norm != "" {
			head = w.turn(head, position)
		}
		all = append(all, head)
	}
	return all
}

func (w twin) attention(name string, x [][]float64) (out [][]float64) {
	var q, k, v [][][]float64
	for at, token := range x {
		q = append(q, w.heads(name+"q_proj", name+"q_norm", token, at))
		k = append(k, w.heads(name+"k_proj", name+"k_norm", token, at))
		v = append(v, w.heads(name+"v_proj", "", token, at))
	}
	for i := range x {
		var row []float64
		for h := range w.c.NumHeads {
			of := h / (w.c.NumHeads / w.c.NumKVHeads)
			if w.ownKeys {
				of = h % w.c.NumKVHeads
			}
			var shares []float64
			sum := 0.0
			for j := range i + 1 {
				score := 0.0
				for d := range w.c.HeadDim {
					score += q[i][h][d] * k[j][of][d]
				}
				shares = append(shares, math.Exp(score/math.Sqrt(float64(w.c.HeadDim))))
				sum += shares[j]
			}
			mixed := make([]float64, w.c.HeadDim)
			for j, share := range shares {
				for d := range mixed {
					mixed[d] += share / sum * v[j][of][d]
				}
			}
			row = append(row, mixed...)
		}
		out = append(out, w.linear(name+"o_proj", row, false))
	}
	return out
}

func (w twin) mlp(name string, x []float64) []float64 {
	gate, up := w.linear(name+"gate_proj", x, false), w.linear(name+"up_proj", x, false)
	for i, g := range gate {
		up[i] *= g / (1 + math.Exp(-g))
	}
	return w.linear(name+"down_proj", up, false)
}

// states are those after the final norm, token by token.
func (w twin) states(text []int32) (out [][]float64) {
	table, h := w.tensor("embed_tokens.weight"), w.c.HiddenSize
	var x [][]float64
	for _, id := range text {
		x = append(x, slices.Clone(table[int(id)*h:(int(id)+1)*h]))
	}
	for l := range w.c.NumLayers {
		name := fmt.Sprintf("layers.%d.", l)
		var normed [][]float64
		for _, token := range x {
			normed = append(normed, w.norm(name+"input_layernorm", token))
		}
		for i, more := range w.attention(name+"self_attn.", normed) {
			for d := range more {
				x[i][d] += more[d]
			}
			for d, more := range w.mlp(name+"mlp.", w.norm(name+"post_attention_layernorm", x[i])) {
				x[i][d] += more
			}
		}
	}
	for _, token := range x {
		out = append(out, w.norm("norm", token))
	}
	return out
}

// TestTwin holds every family of the table to its formulas, and each spoiled twin must be told apart.
func TestTwin(t *testing.T) {
	const bound = 1e-11
	on, shared := goEngine(t), false
	for i, family := range decoder.Families() {
		w, cfg := oddModel(t, family, uint64(i+21), 2)
		ids, first := padded(randomTexts(7, cfg.VocabSize, 6, 9, 1), 9, 3)
		got := onePass(t, on, w, ids, first, decoder.Options{Arith: transformer.F64})
		shares := cfg.NumKVHeads > 1 && cfg.NumHeads > cfg.NumKVHeads
		shared = shared || shares
		from := func(spoil func(*twin)) (worst float64) {
			tw := twin{t: t, w: w, c: cfg}
			spoil(&tw)
			for row := range ids {
				for at, want := range tw.states(ids[row][first[row]:]) {
					worst = max(worst, furthest(t, got[row*9+int(first[row])+at], want))
				}
			}
			return worst
		}
		if d := from(func(*twin) {}); !(d <= bound) {
			t.Errorf("%s differs from its formulas by %g", family, d)
		}
		for what, spoil := range map[string]func(*twin){
			"biases":           func(tw *twin) { tw.noBias = true },
			"norms of heads":   func(tw *twin) { tw.noQKNorm = true },
			"the pairing":      func(tw *twin) { tw.neighbours = true },
			"sharing of heads": func(tw *twin) { tw.ownKeys = true },
		} {
			has := map[string]bool{
				"biases": family == decoder.Qwen2, "norms of heads": family == decoder.Qwen3, "the pairing": true,
				"sharing of heads": shares,
			}[what]
			if d := from(spoil); (d > 1e-3) != has {
				t.Errorf("%s without %s: differs by %g, the family has it: %v", family, what, d, has)
			}
		}
	}
	if !shared {
		t.Error("no model has several keys under more queries: give other seeds")
	}
}
