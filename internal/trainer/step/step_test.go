package step_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/trainer/state"
	"hives/internal/trainer/step"
	"hives/model/transformer"
	"hives/pack"
)

// product is an objective of two numbers: outputs z = w·x, loss z₁·z₂ + b. It is no sum over
// micro-batches, so that adding up their own losses would be another loss.
type product struct{ params *state.Parameters }

func newProduct(t *testing.T) *product {
	t.Helper()
	store := model.NewStore()
	p := &state.Parameters{Store: store, OfLoss: 1}
	for _, name := range []string{"w", "b"} {
		v, err := store.CreateVariable("/toy/"+name, tensors.FromValue([]float32{2}))
		if err != nil {
			t.Fatal(err)
		}
		p.Trained = append(p.Trained, v.SetTrainable(true))
	}
	return &product{p}
}

func (p *product) Forward(_ transformer.Packed, in step.Values[*Node]) *Node {
	x := in.Get("x")
	return Mul(x, BroadcastToShape(p.params.Trained[0].NodeValue(x.Graph()), x.Shape()))
}

func (p *product) Loss(z *Node, in step.Values[*Node]) step.Terms[*Node] {
	all := ReduceAllSum(Mul(SliceAxis(z, 0, AxisElem(0)), SliceAxis(z, 0, AxisElem(1))))
	b := p.params.Trained[1].NodeValue(z.Graph())
	offset := ReduceAllSum(Mul(b, in.Get("weight")))
	return step.Terms[*Node]{Loss: Add(all, offset), Parts: step.Values[*Node]{{Name: "product", Value: all},
		{Name: "offset", Value: offset}}}
}

func (p *product) Parameters() *state.Parameters { return p.params }

func (p *product) values(t *testing.T) (all [2]float32) {
	t.Helper()
	for i, v := range p.params.Trained {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		all[i] = tensors.MustCopyFlatData[float32](value)[0]
	}
	return all
}

// batchOf lays x out in some micro-batches.
func batchOf(t *testing.T, packs int, x ...float32) *step.Batch {
	t.Helper()
	b := &step.Batch{Loss: step.Values[any]{{Name: "weight", Value: []float32{1}}}}
	each := len(x) / packs
	for i := range packs {
		rows, err := pack.Padded(ones(each), pack.Shape{Rows: each, Length: 1, Texts: each})
		if err != nil {
			t.Fatal(err)
		}
		b.Micro = append(b.Micro,
			step.Micro{Batch: rows, Inputs: step.Values[any]{{Name: "x", Value: x[i*each : (i+1)*each]}}})
	}
	return b
}

func ones(n int) (texts [][]int32) {
	for range n {
		texts = append(texts, []int32{1})
	}
	return texts
}

// ways are the ways of computing a step.
var ways = map[string]struct {
	packs int
	split bool
}{"one graph": {1, false}, "split update": {1, true}, "micro-batches": {2, false}, "both": {2, true}}

func stepper(t *testing.T, p *product, split bool) *step.Stepper {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	s, err := step.New(e.Backend, p, step.Options{Optimizer: optim.Default(0), SplitUpdate: split, LossScaling: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); e.Close() })
	return s
}

// TestWorkedExample is the one that micro.go tells: w = 2 and x = (1, 3) give z = (2, 6), the loss 12 and a bit, and
// the gradient 12 of w, beside 1 of b.
func TestWorkedExample(t *testing.T) {
	for name, way := range ways {
		p := newProduct(t)
		r, err := stepper(t, p, way.split).Step(batchOf(t, way.packs, 1, 3), 0, .5, 64)
		if err != nil {
			t.Fatal(err)
		}
		product, offset := r.Parts.Get("product"), r.Parts.Get("offset")
		if r.Loss != 14 || product != 12 || offset != 2 || math.Abs(r.GradNorm-math.Sqrt(12*12+1)) > 1e-6 {
			t.Errorf("%s: %+v", name, r)
		}
		// a first step of Adam is its rate
		if now := p.values(t); math.Abs(float64(now[0])-1.5) > 1e-4 || math.Abs(float64(now[1])-1.5) > 1e-4 {
			t.Errorf("%s: %v", name, now)
		}
	}
}

// TestSkippedStepChangesNothing: gradients beyond float32 leave weights and moments alone in every way of computing,
// and the next step is that of a run without the one that was skipped.
func TestSkippedStepChangesNothing(t *testing.T) {
	for name, way := range ways {
		p, plain := newProduct(t), newProduct(t)
		s, other := stepper(t, p, way.split), stepper(t, plain, way.split)
		r, err := s.Step(batchOf(t, way.packs, 1, 3), 0, .5, 1e38)
		if err != nil {
			t.Fatal(err)
		}
		if r.Finite() || !r.LossFinite() || p.values(t) != [2]float32{2, 2} {
			t.Errorf("%s: %+v leaves %v", name, r, p.values(t))
		}
		for _, of := range []*step.Stepper{s, other} {
			if _, err := of.Step(batchOf(t, way.packs, 1, 3), 0, .5, 1); err != nil {
				t.Fatal(err)
			}
		}
		if p.values(t) != plain.values(t) {
			t.Errorf("%s: after a skipped step %v, without it %v", name, p.values(t), plain.values(t))
		}
	}
}

// TestBatchesThatCannotBe are refused before the engine sees them.
func TestBatchesThatCannotBe(t *testing.T) {
	s := stepper(t, newProduct(t), false)
	mixed := batchOf(t, 2, 1, 3)
	mixed.Micro[1] = batchOf(t, 1, 1, 3).Micro[0]
	late := batchOf(t, 1, 1, 3)
	late.Micro[0].Inputs[0].Value = step.Late(func() (any, error) { return nil, errors.New("the disk is gone") })
	for says, b := range map[string]*step.Batch{"without micro-batches": {}, "of shapes": mixed,
		"the disk is gone": late} {
		if _, err := s.Step(b, 0, .5, 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// TestGroupsMustHoldAllThatIsTrained: a parameter that no group claims would stand still in silence.
func TestGroupsMustHoldAllThatIsTrained(t *testing.T) {
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	o := optim.Default(0)
	o.Groups = o.Groups[:1] // matrices alone
	if _, err := step.New(e.Backend, newProduct(t), step.Options{Optimizer: o}); err == nil ||
		!strings.Contains(err.Error(), "/toy/w") {
		t.Errorf("%v", err)
	}
}
