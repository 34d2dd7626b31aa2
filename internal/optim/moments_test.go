package optim

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
)

// decayed runs, on a backend, v ← .999·v + .001 for n steps, kept in bf16, and returns the mean of the elements.
// rounded is how a new value becomes bf16.
func decayed(t *testing.T, b compute.Backend, n int, rounded func(x *Node, v *model.Variable,
	step *Node) *Node) float64 {
	store := model.NewStore()
	start := make([]float32, 1024)
	for i := range start {
		start[i] = 3
	}
	narrowed := MustNewExec(b, func(x *Node) *Node { return ConvertDType(x, dtypes.BFloat16) }).MustCall(start)[0]
	v, err := store.CreateVariable("/v", narrowed)
	if err != nil {
		t.Fatal(err)
	}
	exec := model.MustNewExec(b, store, func(_ *model.Scope, step *Node) *Node {
		x := ConvertDType(v.NodeValue(step.Graph()), dtypes.Float32)
		v.SetNodeValue(rounded(AddScalar(MulScalar(x, .999), .001), v, step))
		return ReduceAllMean(x)
	})
	defer exec.Finalize()
	mean := 0.0
	for step := range n {
		mean = float64(tensors.ToScalar[float32](exec.MustCall(float64(step))[0]))
	}
	return mean
}

// TestStochasticRoundingFollowsSlowDecay holds the bf16 second moment to the exact course of an exponential mean, on
// the engine of the test and on the Go engine, whose generator reads its state in another way. The control shows that
// rounding to nearest stands still.
func TestStochasticRoundingFollowsSlowDecay(t *testing.T) {
	plain, err := engine.Open(t.Context(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	const steps = 400
	want := 1 + 2*math.Pow(.999, steps-1)
	nearest := func(x *Node, _ *model.Variable, _ *Node) *Node { return ConvertDType(x, dtypes.BFloat16) }
	for _, e := range []*engine.Engine{engine.OpenForTest(t), plain} {
		if got := decayed(t, e.Backend, steps, narrow); math.Abs(got-want) > .01 {
			t.Errorf("%s: after %d steps the mean is %.4f, exact %.4f", e.Choice, steps, got, want)
		}
		if got := decayed(t, e.Backend, steps, nearest); math.Abs(got-want) < .1 {
			t.Errorf("%s: rounding to nearest gives %.4f, exact %.4f: the test does not see what it is for", e.Choice, got, want)
		}
	}
}

func TestLossScale(t *testing.T) {
	s := NewLossScale()
	for range growthInterval {
		if !s.Step(true) {
			t.Fatal("a good step stops training")
		}
	}
	if want := (LossScale{Scale: 2 * initialLossScale}); s != want {
		t.Errorf("after %d good steps %+v, want %+v", growthInterval, s, want)
	}
	overflows := 0
	for s.Step(false) {
		overflows++
	}
	if s.Scale != minLossScale || overflows != 17 || s.Skipped != 17 {
		t.Errorf("after %d overflows %+v, want scale 1 after 17", overflows, s)
	}
}

func TestParseMoments(t *testing.T) {
	for name, ok := range map[string]bool{"": true, "f32": true, "bf16": true, "f16": false} {
		if _, err := ParseMoments(name); (err == nil) != ok {
			t.Errorf("moments %q: error %v", name, err)
		}
	}
}
