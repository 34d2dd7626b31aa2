package optim

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/fault"
)

// twinState is one parameter of the twin, with its moments.
type twinState struct{ p, m, v []float64 }

// twinStep is AdamW as loops in float64, from the formulas of Loshchilov and Hutter and the clip.
func twinStep(o *AdamW, states []*twinState, grads [][]float64, groups []Group, lr float64, t int) (norm float64) {
	for _, g := range grads {
		for _, x := range g {
			norm += x * x
		}
	}
	norm = math.Sqrt(norm)
	clip := 1.0
	if o.MaxGradNorm > 0 && norm+1e-6 > o.MaxGradNorm {
		clip = o.MaxGradNorm / (norm + 1e-6)
	}
	for i, s := range states {
		rate := lr * groups[i].RateMultiplier
		for k := range s.p {
			g := grads[i][k] * clip
			s.p[k] -= rate * groups[i].WeightDecay * s.p[k]
			s.m[k] = o.Beta1*s.m[k] + (1-o.Beta1)*g
			s.v[k] = o.Beta2*s.v[k] + (1-o.Beta2)*g*g
			mHat := s.m[k] / (1 - math.Pow(o.Beta1, float64(t)))
			vHat := s.v[k] / (1 - math.Pow(o.Beta2, float64(t)))
			s.p[k] -= rate * mHat / (math.Sqrt(vHat) + o.Epsilon)
		}
	}
	return norm
}

// twoGroups decays matrices at three times the rate and gives vectors ten times the rate.
func twoGroups() []Group {
	groups := DefaultGroups(.1)
	groups[0].RateMultiplier, groups[1].RateMultiplier = 3, 10
	return groups
}

// newUpdate compiles o for the store's parameters; gradients come in as arguments, in Parameters' order.
func newUpdate(t testing.TB, store *model.Store, o *AdamW) func(lr float64, step int32,
	grads ...any) (norm, clip float64) {
	t.Helper()
	params := Parameters(store)
	exec, err := model.NewExec(engine.OpenForTest(t).Backend, store, func(_ *model.Scope, in []*Node) []*Node {
		norm, clip := o.Update(store, in[2:], params, in[0], in[1])
		return []*Node{norm, clip}
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(lr float64, step int32, grads ...any) (float64, float64) {
		t.Helper()
		out, err := exec.Call(append([]any{lr, step}, grads...)...)
		if err != nil {
			t.Fatal(err)
		}
		return float64s(out[0])[0], float64s(out[1])[0]
	}
}

func TestUpdateEqualsItsTwin(t *testing.T) {
	const seed, rows, cols, steps = 7, 3, 2, 12
	for _, maxNorm := range []float64{0, .8} {
		rng := rand.New(rand.NewPCG(seed, 1))
		draw := func(n int) []float64 {
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			return x
		}
		store := model.NewStore()
		matrix, vector := draw(rows*cols), draw(cols)
		states := []*twinState{
			{append([]float64(nil), matrix...), make([]float64, rows*cols), make([]float64, rows*cols)},
			{append([]float64(nil), vector...), make([]float64, cols), make([]float64, cols)},
		}
		addVariable(t, store, "/layer/a_matrix", dtypes.Float64, matrix, rows, cols)
		addVariable(t, store, "/layer/b_vector", dtypes.Float64, vector, cols)
		o := &AdamW{Beta1: .8, Beta2: .95, Epsilon: 1e-6, MaxGradNorm: maxNorm, Groups: twoGroups()}
		update := newUpdate(t, store, o)
		for step := range steps {
			g1, g2 := draw(rows*cols), draw(cols)
			lr := .01 * rng.Float64()
			norm, _ := update(lr, int32(step), [][]float64{g1[:2], g1[2:4], g1[4:]}, g2)
			want := twinStep(o, states, [][]float64{g1, g2}, o.Groups, lr, step+1)
			near(t, 1e-13, "norm", []float64{norm}, []float64{want})
			for i, p := range Parameters(store) {
				near(t, 1e-12, p.Name(), valueOf(p), states[i].p)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d, clip %g", seed, maxNorm)
		}
	}
}

// A gradient that is not finite leaves weights and moments as they were, and says so by its norm.
func TestNonFiniteGradientChangesNothing(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		store := model.NewStore()
		addVariable(t, store, "/w", dtype, []float64{1, 2}, 2)
		addVariable(t, store, "/x", dtype, []float64{3}, 1)
		update := newUpdate(t, store, Default(.1))
		update(.1, 0, []float32{1, -1}, []float32{.5})
		before := snapshot(store)
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			if norm, _ := update(.1, 1, []float32{1, bad}, []float32{1}); !math.IsNaN(norm) && !math.IsInf(norm, 0) {
				t.Errorf("norm %g with a gradient of %g", norm, bad)
			}
			for path, want := range before {
				near(t, 0, path, valueOf(store.GetVariable(path)), want)
			}
		}
		if update(.1, 1, []float32{1, 1}, []float32{1}); valueOf(store.GetVariable("/w"))[0] == before["/w"][0] {
			t.Error("a finite step after it changes nothing either")
		}
	}
}

func snapshot(store *model.Store) map[string][]float64 {
	values := map[string][]float64{}
	for v := range store.IterVariables() {
		if v.DType().IsFloat() {
			values[v.Path()] = valueOf(v)
		}
	}
	return values
}

// The first step's correction is 1 − .999: f32 would be off by 6e-5 of it, and the step by half of that.
func TestFirstStepIsExactInF32(t *testing.T) {
	store := model.NewStore()
	addVariable(t, store, "/w", dtypes.Float32, []float64{0}, 1)
	o := &AdamW{Beta1: .9, Beta2: .999, Epsilon: 1e-12, Groups: DefaultGroups(0)}
	newUpdate(t, store, o)(1, 0, []float32{.3})
	near(t, 3e-7, "first step of size 1", valueOf(store.GetVariable("/w")), []float64{-1})
}

// A million squares of .1 added up one by one in f32 miss the fourth digit.
func TestGlobalNormOfManySmallEntries(t *testing.T) {
	for _, dims := range [][]int{{1 << 20, 1}, {1 << 20}} {
		out, err := CallOnce(engine.OpenForTest(t).Backend, func(x *Node) *Node {
			return globalNorm([]*Node{BroadcastToDims(x, dims...)})
		}, float32(.1))
		if err != nil {
			t.Fatal(err)
		}
		near(t, 1e-7, "norm", float64s(out), []float64{.1 * (1 << 10)})
	}
}

func TestMomentsLieBesideTheirParameters(t *testing.T) {
	store := model.NewStore()
	addVariable(t, store, "/layer/w", dtypes.Float32, []float64{1, 2}, 1, 2)
	newUpdate(t, store, Default(0))(.1, 0, [][]float32{{1, 1}})
	for _, path := range []string{MomentScope + "/m/layer/w", MomentScope + "/v/layer/w"} {
		v := store.GetVariable(path)
		if v == nil || v.Trainable || v.DType() != dtypes.Float32 || !v.Shape().Equal(store.GetVariable("/layer/w").Shape()) {
			t.Errorf("%s is %v, want an untrainable f32 [1, 2]", path, v)
		}
	}
	if all := snapshot(store); len(all) != 3 {
		t.Errorf("%d variables, want the parameter and its two moments: %v", len(all), all)
	}
}

func TestAccount(t *testing.T) {
	store := model.NewStore()
	addVariable(t, store, "/norm", dtypes.Float32, []float64{1, 2, 3}, 3)
	addVariable(t, store, "/embed", dtypes.Float32, make([]float64, 12), 4, 3)
	addVariable(t, store, "/buffer", dtypes.Float32, []float64{0}, 1).SetTrainable(false)
	params := Parameters(store)
	sizes, err := Default(.1).Account(params)
	if want := []GroupSize{{"matrices", 1, 12}, {"vectors", 1, 3}}; err != nil || len(sizes) != 2 || sizes[0] != want[0] ||
		sizes[1] != want[1] {
		t.Errorf("Account = %v, %v, want %v", sizes, err, want)
	}
	tests := []struct {
		name   string
		groups []Group
		want   string
	}{
		{"claimed by none", DefaultGroups(0)[:1], "/norm"},
		{"claimed by two", append(DefaultGroups(0), Group{Name: "again", Match: IsVector}), `"vectors" and "again"`},
	}
	for _, test := range tests {
		_, err := (&AdamW{Groups: test.groups}).Account(params)
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want an invalid one with %q", test.name, err, test.want)
		}
	}
}

func TestSettingsAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*AdamW)
	}{
		{"beta of 1 divides by 0", func(o *AdamW) { o.Beta2 = 1 }},
		{"negative beta", func(o *AdamW) { o.Beta1 = -.1 }},
		{"no epsilon divides 0 by 0", func(o *AdamW) { o.Epsilon = 0 }},
		{"NaN clip", func(o *AdamW) { o.MaxGradNorm = math.NaN() }},
		{"negative decay", func(o *AdamW) { o.Groups[0].WeightDecay = -1 }},
		{"group that claims nothing", func(o *AdamW) { o.Groups[1].Match = nil }},
	}
	for _, test := range tests {
		o := Default(.1)
		if err := o.Validate(); err != nil {
			t.Fatal(err)
		}
		test.change(o)
		if err := o.Validate(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: error %v, want an invalid one", test.name, err)
		}
	}
}

func TestScheduleIsRefused(t *testing.T) {
	for _, s := range []Schedule{{"step", 10, 1}, {Linear, 0, 0}, {Cosine, 10, 11}, {Linear, 10, -1}} {
		if _, err := NewSchedule(s.Kind, s.TotalSteps, s.WarmupSteps); fault.Of(err) != fault.Invalid {
			t.Errorf("%v: error %v, want an invalid one", s, err)
		}
	}
}

func TestWarmupSteps(t *testing.T) {
	for total, want := range map[int]int{450000: 45000, 70: 7, 71: 8, 5: 1, 1: 1} {
		if got := WarmupSteps(total, .1); got != want {
			t.Errorf("WarmupSteps(%d, .1) = %d, want %d", total, got, want)
		}
	}
	s, err := NewSchedule(Linear, 10, 10)
	if err != nil || s.Multiplier(10) != 0 || math.IsNaN(s.Multiplier(11)) {
		t.Errorf("a run of warm-up only ends at %g, %v", s.Multiplier(10), err)
	}
}

// BenchmarkUpdate is one update of a table a ninth of Qwen3-Embedding's, 16.8M parameters.
func BenchmarkUpdate(b *testing.B) {
	store := model.NewStore()
	const rows, cols = 1 << 14, 1 << 10
	addVariable(b, store, "/embed", dtypes.Float32, make([]float64, rows*cols), rows, cols)
	params, o := Parameters(store), Default(.01)
	exec := model.MustNewExec(engine.OpenForTest(b).Backend, store, func(_ *model.Scope, lr, step *Node) *Node {
		grad := MulScalar(params[0].NodeValue(lr.Graph()), 2)
		norm, _ := o.Update(store, []*Node{grad}, params, lr, step)
		return norm
	})
	exec.MustCall(.1, int32(0))
	for b.Loop() {
		exec.MustCall(.1, int32(1))
	}
}
