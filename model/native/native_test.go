//go:build goexperiment.simd && amd64

package native

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/bf16"
	"hives/model/decoder"
	"hives/model/transformer"
	"hives/pack"
)

// config is a family's, of sizes that fill no register of 16 numbers and no panel of 64 rows.
func config(family string) *decoder.Config {
	return &decoder.Config{
		VocabSize: 97, HiddenSize: 40, IntermediateSize: 75, NumLayers: 3, NumHeads: 6, NumKVHeads: 2, HeadDim: 12,
		RMSNormEps: 1e-6, RopeTheta: 1e4, InitializerRange: .15, MaxPositions: 512, ModelType: family, DType: "float32",
	}
}

// loaded draws weights, gains and biases among them, and loads them from a folder.
func loaded(t *testing.T, c *decoder.Config, pooling transformer.Pooling) (*Model, *transformer.Weights) {
	t.Helper()
	w, err := transformer.Random(c, 7)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	draw := rand.New(rand.NewPCG(1, 1))
	for _, spec := range c.Layout() {
		if len(spec.Dims) != 1 {
			continue
		}
		values := make([]float32, spec.Dims[0])
		for i := range values {
			values[i] = bf16.Round(float32(1 + .3*draw.NormFloat64()))
		}
		if err := w.Variable(spec.Name).SetValue(tensors.FromFlatDataAndDimensions(values, len(values))); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := w.Save(dir); err != nil {
		t.Fatal(err)
	}
	m, err := Load(dir, c, pooling, 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, w
}

// twin is the pass in nested loops and float64, text by text, which rounds what the kernels round. Its switches spoil
// it.
type twin struct {
	*decoder.Config
	weights map[string][]float64

	noRounding, noBias, noNorm, noTurn, seesAll bool
}

func newTwin(c *decoder.Config, w *transformer.Weights) *twin {
	u := &twin{Config: c, weights: map[string][]float64{}}
	for _, spec := range c.Layout() {
		for _, v := range tensors.MustCopyFlatData[float32](w.Variable(spec.Name).MustValue()) {
			u.weights[spec.Name] = append(u.weights[spec.Name], float64(v))
		}
	}
	return u
}

func (u *twin) round(v float64) float64 {
	if u.noRounding {
		return v
	}
	return float64(bf16.Round(float32(v)))
}

func (u *twin) linear(name string, x []float64) []float64 {
	w := u.weights[name+".weight"]
	y := make([]float64, len(w)/len(x))
	for o := range y {
		for i, v := range x {
			y[o] += u.round(w[o*len(x)+i]) * u.round(v)
		}
		if b := u.weights[name+".bias"]; b != nil && !u.noBias {
			y[o] += b[o]
		}
	}
	return y
}

func (u *twin) norm(name string, x []float64) []float64 {
	gain, squares, y := u.weights[name+".weight"], 0.0, slices.Clone(x)
	if gain == nil || u.noNorm && len(x) == u.HeadDim {
		return y
	}
	for _, v := range x {
		squares += v * v
	}
	for i := range y {
		y[i] *= gain[i] / math.Sqrt(squares/float64(len(x))+u.RMSNormEps)
	}
	return y
}

func (u *twin) turn(x []float64, position int) []float64 {
	y, half := slices.Clone(x), len(x)/2
	for j := range half {
		angle := float64(position) * math.Pow(u.RopeTheta, -2*float64(j)/float64(len(x)))
		if u.noTurn {
			angle = 0
		}
		y[j] = x[j]*math.Cos(angle) - x[j+half]*math.Sin(angle)
		y[j+half] = x[j+half]*math.Cos(angle) + x[j]*math.Sin(angle)
	}
	return y
}

// mixed is what attention makes of one token; of holds "q", "k" and "v" of all tokens.
func (u *twin) mixed(name string, of map[string][][]float64, at int) (all []float64) {
	d, seen := u.HeadDim, at+1
	if u.seesAll {
		seen = len(of["k"])
	}
	for q := range u.NumHeads {
		k := q / (u.NumHeads / u.NumKVHeads)
		head := func(kind string, n, token int) []float64 { return of[kind][token][n*d:][:d] }
		query := u.turn(u.norm(name+"q_norm", head("q", q, at)), at)
		var shares []float64
		sum := 0.0
		for i := range seen {
			key, score := u.turn(u.norm(name+"k_norm", head("k", k, i)), i), 0.0
			for j := range d {
				score += u.round(query[j]) * u.round(key[j])
			}
			shares = append(shares, math.Exp(score/math.Sqrt(float64(d))))
			sum += shares[i]
		}
		out := make([]float64, d)
		for i, share := range shares {
			for j, v := range head("v", k, i) {
				out[j] += u.round(share/sum) * u.round(v)
			}
		}
		all = append(all, out...)
	}
	return all
}

func add(x, y []float64) {
	for i, v := range y {
		x[i] += v
	}
}

// vector of a text, of unit length.
func (u *twin) vector(ids []int32, pooling transformer.Pooling) []float64 {
	var x [][]float64
	for _, id := range ids {
		var row []float64
		for i := range u.HiddenSize {
			row = append(row, u.round(u.weights["embed_tokens.weight"][int(id)*u.HiddenSize+i]))
		}
		x = append(x, row)
	}
	for l := range u.NumLayers {
		name := fmt.Sprintf("layers.%d.", l)
		of := map[string][][]float64{}
		for _, row := range x {
			h := u.norm(name+"input_layernorm", row)
			for _, kind := range []string{"q", "k", "v"} {
				of[kind] = append(of[kind], u.linear(name+"self_attn."+kind+"_proj", h))
			}
		}
		for t := range x {
			add(x[t], u.linear(name+"self_attn.o_proj", u.mixed(name+"self_attn.", of, t)))
			in := u.norm(name+"post_attention_layernorm", x[t])
			gate, up := u.linear(name+"mlp.gate_proj", in), u.linear(name+"mlp.up_proj", in)
			for i, g := range gate {
				up[i] *= g / (1 + math.Exp(-g))
			}
			add(x[t], u.linear(name+"mlp.down_proj", up))
		}
	}
	out := make([]float64, u.HiddenSize)
	for t, row := range x {
		if pooling == transformer.MeanTokens || t == len(x)-1 {
			add(out, u.norm("norm", row))
		}
	}
	return unit(out)
}

func unit[T float32 | float64](v []T) []float64 {
	var out []float64
	norm := 0.0
	for _, x := range v {
		norm += float64(x) * float64(x)
	}
	for _, x := range v {
		out = append(out, float64(x)/math.Sqrt(norm))
	}
	return out
}

func texts(draw *rand.Rand, lengths ...int) (all [][]int32) {
	for _, n := range lengths {
		var ids []int32
		for range n {
			ids = append(ids, int32(draw.IntN(97)))
		}
		all = append(all, ids)
	}
	return all
}

// vectors embeds texts in one batch of rows of a length.
func vectors(t *testing.T, m *Model, some [][]int32, length int) [][]float32 {
	t.Helper()
	batches, err := pack.Many(some, []pack.Shape{{Rows: 64, Length: length, Texts: len(some) + 2}})
	if err != nil || len(batches) != 1 {
		t.Fatalf("%d batches, %v", len(batches), err)
	}
	flat, err := m.Vectors(context.Background(), &batches[0])
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float32, len(some))
	for slot, member := range batches[0].Members {
		out[member] = flat[slot*m.cfg.HiddenSize:][:m.cfg.HiddenSize]
	}
	return out
}

func apart(a, b []float64) (worst float64) {
	for i := range a {
		worst = math.Max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}

// TestVectorsHoldToATwin: of every family and pooling, for texts that fill no tile and texts of several.
func TestVectorsHoldToATwin(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	const near = 3e-3 // a number that lies between two bfloat16 may be rounded otherwise in float64
	for _, family := range decoder.Families() {
		for _, pooling := range []transformer.Pooling{transformer.LastToken, transformer.MeanTokens} {
			m, w := loaded(t, config(family), pooling)
			some := texts(rand.New(rand.NewPCG(5, 5)), 1, 2, 9, 16, 17, 37)
			got, worst, spoilt := vectors(t, m, some, 64), 0.0, map[string]float64{}
			for i, ids := range some {
				u := newTwin(m.cfg, w)
				worst = max(worst, apart(unit(got[i]), u.vector(ids, pooling)))
				for name, spoil := range map[string]*bool{"biases": &u.noBias, "norms of heads": &u.noNorm,
					"turning": &u.noTurn, "the mask": &u.seesAll, "rounding": &u.noRounding} {
					*spoil = true
					spoilt[name] = max(spoilt[name], apart(unit(got[i]), u.vector(ids, pooling)))
					*spoil = false
				}
			}
			t.Logf("%s, %s: at most %.2g from the twin; without %v", family, pooling, worst, spoilt)
			if !(worst <= near) {
				t.Errorf("%s, %s: %g from the twin, want at most %g", family, pooling, worst, near)
			}
			for name, far := range spoilt {
				if name == "biases" && family != decoder.Qwen2 || name == "norms of heads" && family != decoder.Qwen3 {
					continue
				}
				least := 3 * near
				if name == "rounding" { // changes little, but more than what is forgiven without it
					least = worst
				}
				if !(far > least) {
					t.Errorf("%s, %s: a twin without %s is %g away: the check sees nothing", family, pooling, name, far)
				}
			}
		}
	}
}

// TestVectorsDoNotDependOnCompany: to the bit, in any place of a batch, row length, number of threads and group.
func TestVectorsDoNotDependOnCompany(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	for _, pooling := range []transformer.Pooling{transformer.LastToken, transformer.MeanTokens} {
		m, _ := loaded(t, config(decoder.Qwen3), pooling)
		draw := rand.New(rand.NewPCG(9, 9))
		some := texts(draw, 1, 4, 7, 15, 16, 18, 31, 32, 60, 200, 300)
		alone := make([][]float32, len(some))
		for i := range some {
			alone[i] = vectors(t, m, some[i:i+1], len(some[i]))[0]
		}
		for _, threads := range []int{1, 2, 5} {
			m.threads = threads
			for range 3 {
				order := draw.Perm(len(some))
				var turned [][]int32
				for _, i := range order {
					turned = append(turned, some[i])
				}
				for k, v := range vectors(t, m, turned, 300+draw.IntN(300)) {
					if !slices.Equal(v, alone[order[k]]) {
						t.Fatalf("%s, %d threads: the text of %d tokens has other bits than alone", pooling, threads,
							len(some[order[k]]))
					}
				}
			}
		}
		// Negative control: one token more changes it.
		if slices.Equal(vectors(t, m, [][]int32{append(slices.Clone(some[3]), 5)}, 64)[0], alone[3]) {
			t.Errorf("%s: another text has the same vector: the check sees nothing", pooling)
		}
	}
}

// TestLoadRefuses what package transformer's loader refuses, and what has no use here.
func TestLoadRefuses(t *testing.T) {
	if !bf16.Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	c := config(decoder.Qwen3)
	save := func(spoil func(*transformer.Weights)) string {
		w, err := transformer.Random(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		dir := t.TempDir()
		spoil(w)
		if err := w.Save(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	nan := save(func(w *transformer.Weights) {
		v := w.Variable("layers.1.mlp.up_proj.weight")
		tensors.MustMutableFlatData(v.MustValue(), func(flat []float32) { flat[2999] = float32(math.NaN()) })
	})
	whole := save(func(*transformer.Weights) {})
	more, head, other := *c, *c, *c
	more.NumLayers, head.Head, other.ModelType = 4, true, decoder.Llama
	for name, x := range map[string]struct {
		dir     string
		c       *decoder.Config
		pooling transformer.Pooling
		says    string
	}{
		"not finite": {nan, c, transformer.LastToken,
			"layers.1.mlp.up_proj.weight holds a value that is not finite at index 2999"},
		"missing layer":   {whole, &more, transformer.LastToken, "lack 11 of"},
		"other family":    {whole, &other, transformer.LastToken, "not part of a model of this config"},
		"no head":         {whole, &head, transformer.LastToken, "lack 1 of 36 tensors: lm_head.weight"},
		"pooling":         {whole, c, transformer.FirstToken, "sees nothing"},
		"no such folder":  {filepath.Join(whole, "x"), c, transformer.LastToken, "holds neither"},
		"what is all fit": {whole, c, transformer.LastToken, ""},
	} {
		m, err := Load(x.dir, x.c, x.pooling, 1)
		if (err == nil) != (x.says == "") || err != nil && !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %q", name, err, x.says)
		}
		if m != nil {
			m.Close()
		}
	}
	t.Setenv(EnvVar, "off")
	if Fits(c) {
		t.Error("switched off, and still it fits")
	}
}
