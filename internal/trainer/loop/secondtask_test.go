package loop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/state"
	"hives/internal/trainer/step"
	"hives/model/transformer"
	"hives/pack"
)

// Sizes of the second task: a line fitted to points.
const (
	features = 3 // D
	points   = 8 // of a batch, N
)

// fit is a task that has nothing of the first: no texts, no encoder. y = x·w + b is fitted to points drawn from seed
// and step. The network reads w; b only the loss reads, as the contrast's learned banks are; seen, which no step
// changes, counts the batches that came before, as encoded banks are renewed.
//
//	x: [N, D]   w: [D, 1]   y: [N]   b: [1]
type fit struct {
	seed    uint64
	refuse  bool // checkpoints
	packs   int
	params  *state.Parameters
	w, b    *model.Variable
	seen    *model.Variable
	offered bool // Close was called
}

// newFit is what the task has read: it opens itself.
func newFit(seed uint64, packs int) (*fit, error) {
	f := &fit{seed: seed, packs: packs}
	store := model.NewStore()
	f.params = &state.Parameters{Store: store, OfLoss: 1}
	for _, v := range []struct {
		at    **model.Variable
		path  string
		value *tensors.Tensor
	}{
		{&f.w, "/fit/w", tensors.FromValue([][]float32{{0}, {0}, {0}})},
		{&f.b, "/fit/b", tensors.FromValue([]float32{0})},
		{&f.seen, "/fit/seen", tensors.FromValue([]float32{0})},
	} {
		var err error
		if *v.at, err = store.CreateVariable(v.path, v.value); err != nil {
			return nil, err
		}
	}
	f.params.Trained = []*model.Variable{f.w.SetTrainable(true), f.b.SetTrainable(true)}
	f.params.Kept = []*model.Variable{f.seen.SetTrainable(false)}
	return f, nil
}

func (f *fit) Hashes() map[string]string {
	return map[string]string{"data": fmt.Sprint("points of seed ", f.seed)}
}

func (f *fit) Open(context.Context, loop.Room) (loop.Task, error) { return f, nil }

func (f *fit) Close() { f.offered = true }

// draw makes the points of a step: y = 2x₀ − x₁ + .5 and noise.
func (f *fit) draw(at int) (x [][]float32, y []float32) {
	draw := rand.New(rand.NewPCG(f.seed, uint64(at)))
	for range points {
		row := make([]float32, features)
		for i := range row {
			row[i] = float32(draw.NormFloat64())
		}
		x, y = append(x, row), append(y, 2*row[0]-row[1]+.5+.1*float32(draw.NormFloat64()))
	}
	return x, y
}

func (f *fit) Draw(at int) (*loop.Batch, error) {
	x, y := f.draw(at)
	b := &loop.Batch{Source: "points", Line: func(*step.Result) map[string]any { return map[string]any{"points": points} }}
	b.Batch.Loss = step.Values[any]{{Name: "y", Value: y}}
	each := points / f.packs
	for i := range f.packs {
		empty := make([][]int32, each) // the rows that texts would lie in
		for j := range empty {
			empty[j] = []int32{1}
		}
		rows, err := pack.Padded(empty, pack.Shape{Rows: each, Length: 1, Texts: each})
		if err != nil {
			return nil, err
		}
		of := x[i*each : (i+1)*each]
		late := step.Late(func() (any, error) { return tensors.FromValue(of), nil })
		b.Micro = append(b.Micro, step.Micro{Batch: rows, Inputs: step.Values[any]{{Name: "x", Value: late}}})
	}
	for i := range y {
		b.Rows = append(b.Rows, loop.Row{Row: at*points + i + 1, TextID: fmt.Sprint("point-", i)})
	}
	return b, nil
}

func (f *fit) Before(_ context.Context, done int) error {
	return f.seen.SetValue(tensors.FromValue([]float32{float32(done)}))
}

func (f *fit) Forward(_ transformer.Packed, in step.Values[*Node]) *Node {
	x := in.Get("x")
	return Einsum("nd,do->no", x, f.w.NodeValue(x.Graph()))
}

// Loss is squared error and a tenth of absolute error, each a mean.
func (f *fit) Loss(out *Node, in step.Values[*Node]) step.Terms[*Node] {
	error := Sub(Add(Reshape(out, -1), f.b.NodeValue(out.Graph())), in.Get("y"))
	squared, absolute := ReduceAllMean(Square(error)), ReduceAllMean(Abs(error))
	return step.Terms[*Node]{
		Loss:    Add(squared, MulScalar(absolute, .1)),
		Parts:   step.Values[*Node]{{Name: "squared", Value: squared}, {Name: "absolute", Value: absolute}},
		Figures: step.Values[*Node]{{Name: "errors", Value: error}},
	}
}

func (f *fit) Parameters() *state.Parameters { return f.params }

func (f *fit) Accepts(*checkpoints.Checkpoint) error {
	if f.refuse {
		return fault.New(fault.Mismatch, "not beside this line")
	}
	return nil
}

func (f *fit) weights() ([]float32, error) {
	w, err := f.w.Value()
	if err != nil {
		return nil, err
	}
	b, err := f.b.Value()
	return append(tensors.MustCopyFlatData[float32](w), tensors.MustCopyFlatData[float32](b)...), err
}

// Validate measures how far the line is from the one that the points lie about.
func (f *fit) Validate(_ context.Context, at loop.Position) (*loop.Validation, error) {
	now, err := f.weights()
	if err != nil {
		return nil, err
	}
	far := 0.0
	for i, want := range []float32{2, -1, 0, .5} {
		far = math.Max(far, math.Abs(float64(now[i]-want)))
	}
	line := map[string]any{"kind": "validation", "step": at.Done, "distance": far}
	if at.Last != nil {
		line["train_errors"] = at.Last.Figure("errors")
	}
	score := func(string) *float64 { nearer := -far; return &nearer }
	return &loop.Validation{Step: at.Done, Line: line, Says: fmt.Sprintf("distance %.3f", far), Score: score}, nil
}

func (f *fit) Export(_ context.Context, dir string, end loop.Ending) error {
	now, err := f.weights()
	raw, jsonErr := json.Marshal(map[string]any{"line": now, "steps": end.Steps, "seed": end.Seed})
	return errors.Join(err, jsonErr, os.WriteFile(filepath.Join(dir, "line.json"), raw, 0o600))
}
