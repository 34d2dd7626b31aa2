package trainer_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

// toyModel is the model that toyStepper makes.
func toyModel(t *testing.T) *qwen3embed.Model {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig(toy)
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// lowerToy computes the toy's first layer at each call: what a cache would hold, without one.
type lowerToy struct{ exec *model.Exec }

func (s lowerToy) Layers() int { return 1 }

func (s lowerToy) Gather(b *pack.Batch) (*tensors.Tensor, error) {
	return s.exec.Call1(tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Texts, b.Rows, b.Length), b.Last)
}

// toyStates are the toy's states in a type, times a factor.
func toyStates(t *testing.T, on *engine.Engine, dtype dtypes.DType, factor float64) lowerToy {
	t.Helper()
	m := toyModel(t)
	exec, err := model.NewExec(on.Backend, m.Store, func(_ *model.Scope, ids, texts, last *Node) *Node {
		p := transformer.Packed{IDs: ids, Texts: texts, Last: last, Frozen: 1}
		return ConvertDType(MulScalar(m.Lower(p, transformer.F32), factor), dtype)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return lowerToy{exec}
}

// TestStatesStandInForFrozenLayers trains the toy's upper layer in every way of computing a step, below it the
// lower layer or its states: exactly, or rounded to f16, which moves a number by 2⁻¹¹ of itself. States turned
// around are the control.
func TestStatesStandInForFrozenLayers(t *testing.T) {
	on := goEngine(t)
	frozen := func(dtype dtypes.DType, factor float64, more func(*stepOptions)) func(*stepOptions) {
		return func(o *stepOptions) {
			o.Frozen = 1
			if dtype != dtypes.InvalidDType {
				o.States = toyStates(t, on, dtype, factor)
			}
			if more != nil {
				more(o)
			}
		}
	}
	want := toyRunOn(t, on, false, 1, frozen(dtypes.InvalidDType, 0, nil))
	for _, c := range []struct {
		name  string
		packs int
		off   float64 // of losses; norms and weights follow
		set   func(*stepOptions)
	}{
		{"float32", 1, 1e-5, frozen(dtypes.Float32, 1, nil)},
		{"float32, two packs, update split", 2, 1e-5, frozen(dtypes.Float32, 1, func(o *stepOptions) {
			o.SplitUpdate = true
		})},
		{"float16, recomputed, loss scaled", 1, 2e-3, frozen(dtypes.Float16, 1, func(o *stepOptions) {
			o.Recompute, o.LossScaling = true, true
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := toyRunOn(t, on, false, c.packs, c.set)
			for i, w := range want.steps {
				if g := got.steps[i]; !(math.Abs(g.Loss-w.Loss) < c.off) ||
					!(math.Abs(g.GradNorm-w.GradNorm) < 20*c.off*w.GradNorm) {
					t.Errorf("step %d: %+v, without states %+v", i, g, w)
				}
			}
			if d := furthest(got.weights, want.weights); !(d < 2*c.off) {
				t.Errorf("weights differ by %g", d)
			}
		})
	}
	turned := toyRunOn(t, on, false, 1, frozen(dtypes.Float32, -1, nil))
	if d := math.Abs(turned.steps[0].Loss - want.steps[0].Loss); d < 1e-2 {
		t.Errorf("states turned around move the loss by %g only: the comparison sees nothing", d)
	}
}

// TestFrozenWeightsStay compares each tensor with the one it began as, bit for bit.
func TestFrozenWeightsStay(t *testing.T) {
	m, s, sentences := toyStepperOn(t, goEngine(t), false, func(o *stepOptions) { o.Frozen = 1 })
	fresh := [][]int32{sentences[0][2], sentences[0][0], sentences[1][1], sentences[1][3]}
	if _, err := s.Step(toyBatch(t, 1, fresh), 0, 1e-3, 1); err != nil {
		t.Fatal(err)
	}
	began, moments := toyModel(t), 0
	for _, spec := range m.Config.Layout() {
		same := furthest(flat(t, m.Variable(spec.Name)), flat(t, began.Variable(spec.Name))) == 0
		lower := strings.HasPrefix(spec.Name, "layers.0.") || strings.HasPrefix(spec.Name, "embed_tokens.")
		if same != lower {
			t.Errorf("%s: unchanged %v, frozen %v", spec.Name, same, lower)
		}
		if m.Store.GetVariable("/optimizer/m"+m.Variable(spec.Name).Path()) != nil {
			moments++
		}
	}
	if want := len(m.Config.Layout()) - 12; moments != want { // embeddings, and a layer's 11
		t.Errorf("%d tensors have moments, want %d", moments, want)
	}
}

func flat(t *testing.T, v *model.Variable) []float32 {
	t.Helper()
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](value)
}
