package qwen3embed_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// everyLinear is a small adapter on every linear layer.
var everyLinear = transformer.LoRA{Rank: 2, Alpha: 3, Targets: []string{transformer.AllLinear}}

// stir draws every B, which Adapt leaves at 0.
func stir(t *testing.T, m *qwen3embed.Model, seed uint64) {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 9))
	for _, v := range m.AdapterVariables() {
		if !strings.HasSuffix(v.Path(), "lora_B") {
			continue
		}
		values := make([]float32, v.Shape().Size())
		for i := range values {
			values[i] = float32(draw.NormFloat64() * .3)
		}
		v.MustSetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...))
	}
}

// vectorsOf embeds some texts by both poolings: [n, H] each.
func vectorsOf(t *testing.T, on *engine.Engine, m *qwen3embed.Model, arith transformer.Arithmetic) []float64 {
	t.Helper()
	texts := randomTexts(4, 31, 5, 9, 2, 1)
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, any *Node) *Node {
		e := inRows(m, texts, 9)
		out := Concatenate([]*Node{e(any.Graph(), transformer.LastToken, arith),
			e(any.Graph(), transformer.MeanTokens, arith)}, 0)
		return ConvertDType(out, dtypes.Float64)
	})
	defer exec.Finalize()
	return tensors.MustCopyFlatData[float64](exec.MustCall(float32(0))[0])
}

func furthest64(a, b []float64) (worst float64) {
	for i := range a {
		worst = math.Max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}

// TestFreshAdaptersChangeNothing, bit for bit, on either engine, in either family and arithmetic.
func TestFreshAdaptersChangeNothing(t *testing.T) {
	for _, c := range []struct {
		family string
		on     *engine.Engine
		arith  transformer.Arithmetic
	}{
		{qwen3embed.Qwen3, goEngine(t), transformer.F32},
		{qwen3embed.Llama, goEngine(t), transformer.Mixed},
		{qwen3embed.Qwen3, engine.OpenForTest(t), transformer.F32},
	} {
		m := oddModelOf(t, c.family, 6, 2)
		before := vectorsOf(t, c.on, m, c.arith)
		adapt(t, m, everyLinear)
		if got := vectorsOf(t, c.on, m, c.arith); !slices.Equal(got, before) {
			t.Errorf("%s: vectors move by %g", c.family, furthest64(got, before))
		}
		stir(t, m, 1)
		if d := furthest64(vectorsOf(t, c.on, m, c.arith), before); d < 1e-2 {
			t.Errorf("%s: adapters with values move vectors by %g only: the comparison sees nothing", c.family, d)
		}
	}
}

func adapt(t *testing.T, m *qwen3embed.Model, l transformer.LoRA) {
	t.Helper()
	if err := m.Adapt(l, 5); err != nil {
		t.Fatal(err)
	}
}

// TestMergedEqualsUnmerged compares vectors before and after Merge. Weights kept in float64 agree to
// float64's rounding, weights in float32 to float32's.
func TestMergedEqualsUnmerged(t *testing.T) {
	on := goEngine(t)
	for _, c := range []struct {
		name  string
		dtype dtypes.DType
		arith transformer.Arithmetic
		bound float64
	}{
		{"f64 weights", dtypes.Float64, transformer.F64, 1e-13},
		{"f32 weights, f64 arithmetic", dtypes.Float32, transformer.F64, 2e-6},
		{"f32 weights", dtypes.Float32, transformer.F32, 1e-5},
		{"bf16 weights", dtypes.BFloat16, transformer.F32, .1},
	} {
		m := reloaded(t, oddModel(t, 7, 3), c.dtype)
		adapt(t, m, everyLinear)
		stir(t, m, 2)
		want := vectorsOf(t, on, m, c.arith)
		if err := m.Merge(); err != nil {
			t.Fatal(err)
		}
		if left := m.Adapters(); len(left) != 0 || len(m.AdapterVariables()) != 0 {
			t.Errorf("%s: %v are left", c.name, left)
		}
		d := furthest64(vectorsOf(t, on, m, c.arith), want)
		t.Logf("%s: merged differs by %.2g", c.name, d)
		if !(d <= c.bound) {
			t.Errorf("%s: merged differs by %g, want at most %g", c.name, d, c.bound)
		}
	}
}

// reloaded is m with weights of another type.
func reloaded(t *testing.T, m *qwen3embed.Model, dtype dtypes.DType) *qwen3embed.Model {
	t.Helper()
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := qwen3embed.Load(dir, dtype)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	return again
}

// TestSaveMerges: what is saved is W + s·B·A of a twin in nested loops, and the model keeps its adapters.
func TestSaveMerges(t *testing.T) {
	m := oddModel(t, 8, 2)
	l := transformer.LoRA{Rank: 3, Alpha: 2, Targets: []string{"v_proj", "down_proj"}, FirstLayer: 1}
	adapt(t, m, l)
	stir(t, m, 3)
	floats := func(path string) []float32 {
		return tensors.MustCopyFlatData[float32](m.Store.GetVariable(path).MustValue())
	}
	want := map[string][]float32{}
	for _, spec := range m.Config.Layout() {
		want[spec.Name] = floats(transformer.VariablePath(spec.Name))
	}
	for module, paths := range map[string]string{
		"layers.1.self_attn.v_proj": "/adapters/layers/1/self_attn/v_proj/",
		"layers.1.mlp.down_proj":    "/adapters/layers/1/mlp/down_proj/",
	} {
		a, b, w := floats(paths+"lora_A"), floats(paths+"lora_B"), want[module+".weight"]
		in := len(a) / 3
		for i := range w {
			sum := float64(w[i])
			for r := range 3 {
				sum += 2. / 3 * float64(b[i/in*3+r]) * float64(a[r*in+i%in])
			}
			w[i] = float32(sum)
		}
	}
	saved := reloaded(t, m, dtypes.Float32)
	for _, spec := range m.Config.Layout() {
		got := tensors.MustCopyFlatData[float32](saved.Variable(spec.Name).MustValue())
		for i := range got {
			if math.Abs(float64(got[i]-want[spec.Name][i])) > 1e-7 {
				t.Fatalf("%s: number %d is %g, the twin has %g", spec.Name, i, got[i], want[spec.Name][i])
			}
		}
	}
	if len(m.Adapters()) != 2 || slices.Equal(floats("/model/layers/1/mlp/down_proj/weight"),
		want["layers.1.mlp.down_proj.weight"]) {
		t.Error("saving merged the model in memory too")
	}
}

// TestAdapterGradients holds the gradients of A and B to those of the merged weight, by the chain rule in
// nested loops: dA = s·Bᵀ·dW and dB = s·dW·Aᵀ. Scaling dA by a tenth is the control.
func TestAdapterGradients(t *testing.T) {
	on, m := goEngine(t), oddModel(t, 9, 2)
	adapt(t, m, everyLinear)
	stir(t, m, 4)
	adapters, vars := m.Adapters(), m.AdapterVariables()
	loss := func(g *Graph) *Node {
		return pairLoss(inRows(m, randomTexts(2, 31, 5, 7, 3), 7)(g, transformer.MeanTokens, transformer.F64))
	}
	got := gradients(t, on, m, vars, loss)
	values := make([][]float32, len(vars))
	for i, v := range vars {
		values[i] = tensors.MustCopyFlatData[float32](v.MustValue())
	}
	if err := m.Merge(); err != nil {
		t.Fatal(err)
	}
	var weights []*model.Variable
	for _, a := range adapters {
		weights = append(weights, m.Variable(a.Module+".weight"))
	}
	whole := gradients(t, on, m, weights, loss)
	for i, a := range adapters {
		out, in := weights[i].Shape().Dim(0), weights[i].Shape().Dim(1)
		wantA, wantB := make([]float64, a.Rank*in), make([]float64, out*a.Rank)
		for o := range out {
			for k := range in {
				for r := range a.Rank {
					dW := a.Scale * float64(whole[i][o*in+k])
					wantA[r*in+k] += dW * float64(values[2*i+1][o*a.Rank+r])
					wantB[o*a.Rank+r] += dW * float64(values[2*i][r*in+k])
				}
			}
		}
		for part, want := range [][]float64{wantA, wantB} {
			if d := share(got[2*i+part], want, 1); !(d < 1e-4) {
				t.Errorf("%s: gradient of %s is off by %g of its largest", a.Module, []string{"A", "B"}[part], d)
			}
			if share(got[2*i+part], want, .9) < 1e-2 {
				t.Errorf("%s: a wrong gradient passes too", a.Module)
			}
		}
	}
}

// gradients are those of a loss by variables.
func gradients(t *testing.T, on *engine.Engine, m *qwen3embed.Model, by []*model.Variable,
	loss func(*Graph) *Node) [][]float32 {
	t.Helper()
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, any *Node) []*Node {
		var nodes []*Node
		for _, v := range by {
			nodes = append(nodes, v.NodeValue(any.Graph()))
		}
		return Gradient(loss(any.Graph()), nodes...)
	})
	defer exec.Finalize()
	var out [][]float32
	for _, g := range exec.MustCall(float32(0)) {
		out = append(out, tensors.MustCopyFlatData[float32](g))
	}
	return out
}

// share is the largest difference of got from factor·want as a share of want's largest number.
func share(got []float32, want []float64, factor float64) float64 {
	worst, largest := 0.0, 0.0
	for i, w := range want {
		worst, largest = math.Max(worst, math.Abs(float64(got[i])-factor*w)), math.Max(largest, math.Abs(w))
	}
	return worst / largest
}

// TestFreshValues: A is uniform within ±1/√in and a function of seed and name alone, B is 0.
func TestFreshValues(t *testing.T) {
	some := transformer.LoRA{Rank: 4, Alpha: 8, Targets: []string{"q_proj"}}
	read := func(layers int, l transformer.LoRA) map[string][]float32 {
		cfg, err := qwen3embed.ParseConfig([]byte(`{"vocab_size": 9, "hidden_size": 400, "intermediate_size": 64,
			"num_hidden_layers": ` + string(rune('0'+layers)) + `, "num_attention_heads": 2, "head_dim": 8}`))
		if err != nil {
			t.Fatal(err)
		}
		m, err := qwen3embed.Random(cfg, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		adapt(t, m, l)
		out := map[string][]float32{}
		for _, v := range m.AdapterVariables() {
			out[v.Path()] = tensors.MustCopyFlatData[float32](v.MustValue())
		}
		return out
	}
	one, two := read(1, some), read(2, everyLinear)
	a := one["/adapters/layers/0/self_attn/q_proj/lora_A"]
	sum, squares := 0.0, 0.0
	for _, x := range a {
		sum, squares = sum+float64(x), squares+float64(x)*float64(x)
		if math.Abs(float64(x)) > 1./20 {
			t.Errorf("%g lies beyond 1/√400", x)
		}
	}
	n := float64(len(a)) // 1,600 numbers: their variance is 1/(3·400) to 2 % or so
	if variance := squares / n; math.Abs(variance*1200-1) > .1 || math.Abs(sum/n) > .004 {
		t.Errorf("mean %g, variance %g", sum/n, variance)
	}
	if b := one["/adapters/layers/0/self_attn/q_proj/lora_B"]; slices.ContainsFunc(b, func(x float32) bool {
		return x != 0
	}) || len(b) != 16*4 {
		t.Errorf("B: %v", b)
	}
	if b := two["/adapters/layers/0/self_attn/q_proj/lora_A"]; !slices.Equal(b, a[:len(b)]) {
		t.Error("the first rows of A depend on rank, targets or layers")
	}
	if slices.Equal(two["/adapters/layers/0/self_attn/q_proj/lora_A"], two["/adapters/layers/1/self_attn/q_proj/lora_A"]) {
		t.Error("two layers share a stream")
	}
}

func TestAdaptersAreRefused(t *testing.T) {
	m := oddModel(t, 3, 2)
	for name, l := range map[string]transformer.LoRA{
		"no rank":                   {Alpha: 1, Targets: []string{"q_proj"}},
		"no alpha":                  {Rank: 1, Targets: []string{"q_proj"}},
		"no targets":                {Rank: 1, Alpha: 1},
		"a layer that is not":       {Rank: 1, Alpha: 1, Targets: []string{"lm_head"}},
		"all and one":               {Rank: 1, Alpha: 1, Targets: []string{transformer.AllLinear, "q_proj"}},
		"beyond the last layer":     {Rank: 1, Alpha: 1, Targets: []string{"q_proj"}, FirstLayer: 2},
		"as large as the matrix":    {Rank: 500, Alpha: 1, Targets: []string{"q_proj"}},
		"a negative first layer":    {Rank: 1, Alpha: 1, Targets: []string{"q_proj"}, FirstLayer: -1},
		"an alpha that is infinite": {Rank: 1, Alpha: math.Inf(1), Targets: []string{"q_proj"}},
	} {
		if err := m.Adapt(l, 1); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	adapt(t, m, everyLinear)
	if err := m.Adapt(everyLinear, 1); fault.Of(err) != fault.Exists {
		t.Errorf("adapting twice: %v", err)
	}
	for _, module := range []string{"embed_tokens", "layers.0.input_layernorm", "layers.7.mlp.up_proj"} {
		if err := m.AddAdapter(transformer.Adapter{Module: module, Rank: 1, Scale: 1}, nil,
			nil); fault.Of(err) != fault.Mismatch {
			t.Errorf("%s: %v", module, err)
		}
	}
}
