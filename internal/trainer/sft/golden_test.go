package sft

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/rig/goldentest"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/start"
	"hives/internal/trainer/step"
	"hives/model/lm"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

const folder = "h_vcai/c_model"

// tolerance is relative to the largest number compared with: float32 against float64.
const tolerance = 1e-4

// fixture is sft.json of a tiny model: rows, adapters, losses, gradients and three steps.
type fixture struct {
	dir  string
	Rows []struct {
		IDs  []int32
		From int `json:"answer_from"`
	}
	Rank     int
	Scale    float64
	Start    map[string][2][][]float64 `json:"adapters_start"`
	Sums     []float64                 `json:"row_sums"`
	Token    float64                   `json:"loss_token_mean"`
	Row      float64                   `json:"loss_row_mean"`
	Gradient map[string][][]float64    `json:"grad_token_mean"`
	Adam     struct {
		LR    float64
		Clip  float64
		Trace []struct {
			Loss float64
			Norm float64 `json:"grad_norm"`
		}
		After float64                   `json:"loss_after"`
		End   map[string][2][][]float64 `json:"adapters_end"`
	} `json:"adamw"`
}

func fixtures(t *testing.T) (all []*fixture) {
	t.Helper()
	entries, err := os.ReadDir(goldentest.Path(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			f := &fixture{dir: goldentest.Path(t, folder, e.Name())}
			goldentest.ReadJSON(t, f, folder, e.Name(), "sft.json")
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		t.Fatal("no model in the fixtures")
	}
	return all
}

// open loads the model and puts the fixture's adapters on it.
func (f *fixture) open(t *testing.T, adapters bool) *objective {
	t.Helper()
	m, err := lm.Load(nil, f.dir, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if adapters {
		for module, pair := range f.Start {
			a := transformer.Adapter{Module: module, Rank: f.Rank, Scale: f.Scale}
			if err := m.AddAdapter(a, narrow(pair[0]), narrow(pair[1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	of := qwen3embed.New(m.Config, m.Weights)
	p := start.Parameters(of, 0)
	return &objective{base: m.Weights, hidden: m.Config.HiddenSize, vocab: m.Config.VocabSize, arith: transformer.F32,
		params: p}
}

func narrow(matrix [][]float64) (flat []float32) {
	for _, row := range matrix {
		for _, x := range row {
			flat = append(flat, float32(x))
		}
	}
	return flat
}

// texts are the rows that have an answer.
func (f *fixture) texts() (all []*text) {
	for _, r := range f.Rows {
		if r.From < len(r.IDs) {
			all = append(all, &text{row: &Row{}, ids: r.IDs, from: r.From})
		}
	}
	return all
}

// batch lays texts out in rows of a length.
func batch(t *testing.T, texts []*text, mean string, packs int, shape pack.Shape) *step.Batch {
	t.Helper()
	b, err := lay(&loop.Layout{Packs: packs, Shapes: []pack.Shape{shape}}, texts, mean)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// together is a shape in which the fixture's rows share packed rows.
func together(texts int) pack.Shape { return pack.Shape{Rows: texts, Length: 24, Texts: texts} }

// lossAndGradients computes a batch of one micro-batch.
func lossAndGradients(t *testing.T, on *engine.Engine, o *objective, b *step.Batch) (loss float64,
	gradients [][]float32) {
	t.Helper()
	exec := model.MustNewExec(on.Backend, o.params.Store, func(_ *model.Scope, in []*Node) []*Node {
		p := transformer.Packed{IDs: in[0], Texts: in[1], Last: in[2]}
		z := o.Forward(p, step.Values[*Node]{{Name: inputPositions, Value: in[3]}, {Name: inputTargets, Value: in[4]}})
		terms := o.Loss(z, step.Values[*Node]{{Name: inputWeights, Value: in[5]}})
		var weights []*Node
		for _, v := range o.params.Trained {
			weights = append(weights, v.NodeValue(z.Graph()))
		}
		return append([]*Node{terms.Loss}, Gradient(terms.Loss, weights...)...)
	})
	defer exec.Finalize()
	m := b.Micro[0]
	out := exec.MustCall(tensors.FromFlatDataAndDimensions(m.IDs, m.Rows, m.Length),
		tensors.FromFlatDataAndDimensions(m.Texts, m.Rows, m.Length), m.Last, m.Inputs.Get(inputPositions),
		m.Inputs.Get(inputTargets), b.Loss.Get(inputWeights))
	for _, g := range out[1:] {
		flat, err := tensors.CopyFlatData[float32](g)
		if err != nil {
			t.Fatal(err)
		}
		gradients = append(gradients, flat)
	}
	return float64(tensors.ToScalar[float32](out[0])), gradients
}

// TestGoldenLosses holds both means, and the gradients of the adapters, to PyTorch in float64. The rows share packed
// rows, in the fixture each stands alone: packing must not show.
func TestGoldenLosses(t *testing.T) {
	on := engine.OpenForTest(t)
	for _, f := range fixtures(t) {
		o, texts := f.open(t, true), f.texts()
		loss, gradients := lossAndGradients(t, on, o, batch(t, texts, ByToken, 1, together(len(texts))))
		if !(math.Abs(loss-f.Token) < tolerance) {
			t.Errorf("%s: %v by token, want %v", f.dir, loss, f.Token)
		}
		for i, v := range o.params.Trained {
			name := strings.ReplaceAll(strings.TrimPrefix(v.Path(), "/adapters/"), "/", ".")
			closeTo(t, f.dir+" "+name, gradients[i], narrow(f.Gradient[name]))
		}
		loss, _ = lossAndGradients(t, on, o, batch(t, texts, ByRow, 1, together(len(texts))))
		if !(math.Abs(loss-f.Row) < tolerance) {
			t.Errorf("%s: %v by row, want %v", f.dir, loss, f.Row)
		}
	}
}

func closeTo(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
		return
	}
	scale := 0.
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance*scale) {
			t.Errorf("%s [%d]: %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// TestGoldenSteps takes the fixture's steps with the trainer's stepper, at once on the engine of the machine, and in
// micro-batches on the one that compiles nothing.
func TestGoldenSteps(t *testing.T) {
	for _, f := range fixtures(t) {
		for packs, on := range map[int]*engine.Engine{1: engine.OpenForTest(t), 2: goEngine(t)} {
			o, texts := f.open(t, true), f.texts()
			adam := optim.Default(0)
			adam.MaxGradNorm = f.Adam.Clip
			s, err := step.New(on.Backend, o, step.Options{Optimizer: adam})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			b := batch(t, texts, ByToken, packs, together(len(texts)/packs))
			for i, want := range f.Adam.Trace {
				got, err := s.Step(b, i, f.Adam.LR, 1)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(got.Loss-want.Loss) > tolerance*want.Loss || math.Abs(got.GradNorm-want.Norm) > tolerance*want.Norm {
					t.Errorf("%s, %d packs, step %d: loss %v norm %v, want %v %v", f.dir, packs, i, got.Loss, got.GradNorm,
						want.Loss, want.Norm)
				}
			}
			after, _ := lossAndGradients(t, on, o, batch(t, texts, ByToken, 1, together(len(texts))))
			if !(math.Abs(after-f.Adam.After) < tolerance*f.Adam.After) {
				t.Errorf("%s, %d packs: loss %v after the steps, want %v", f.dir, packs, after, f.Adam.After)
			}
		}
	}
}

// goEngine compiles nothing, so that many small shapes take no time.
func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	on, err := engine.Open(t.Context(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(on.Close)
	return on
}

// TestPackedIsRowByRow: the sum of the rows' own losses and gradients, weighted by their tokens, is the batch's. The
// control counts every row alike, which is another loss.
func TestPackedIsRowByRow(t *testing.T) {
	on := goEngine(t)
	for _, f := range fixtures(t) {
		for _, adapters := range []bool{true, false} { // without them all weights are trained, a tied head's twice over
			o, texts := f.open(t, adapters), f.texts()
			whole, gradients := lossAndGradients(t, on, o, batch(t, texts, ByToken, 1, together(len(texts))))
			sum, alike, tokens := 0., 0., 0
			var added [][]float32
			for _, x := range texts {
				tokens += x.labels()
			}
			for _, x := range texts {
				one, g := lossAndGradients(t, on, o, batch(t, []*text{x}, ByToken, 1, pack.Shape{Rows: 1, Length: 16, Texts: 1}))
				share := float64(x.labels()) / float64(tokens)
				sum, alike = sum+share*one, alike+one/float64(len(texts))
				for i := range g {
					if len(added) <= i {
						added = append(added, make([]float32, len(g[i])))
					}
					for k := range g[i] {
						added[i][k] += float32(share) * g[i][k]
					}
				}
			}
			if math.Abs(whole-sum) > 1e-5 || math.Abs(whole-alike) < 1e-3 {
				t.Errorf("%s: packed %v, row by row %v, every row alike %v", f.dir, whole, sum, alike)
			}
			for i := range gradients {
				closeTo(t, f.dir+" "+o.params.Trained[i].Path(), gradients[i], added[i])
			}
		}
	}
}

// TestSlicesChangeNothing: logits a slice at a time give the loss and the gradients of all at once.
func TestSlicesChangeNothing(t *testing.T) {
	on := goEngine(t)
	for _, f := range fixtures(t) {
		o, texts := f.open(t, false), f.texts()
		b := batch(t, texts, ByToken, 1, together(len(texts)))
		whole, gradients := lossAndGradients(t, on, o, b)
		o.most = 4 * o.vocab * 5 // bytes: five positions
		sliced, again := lossAndGradients(t, on, o, b)
		if math.Abs(whole-sliced) > 1e-6 {
			t.Errorf("%s: sliced %v, whole %v", f.dir, sliced, whole)
		}
		for i := range gradients {
			closeTo(t, filepath.Base(f.dir)+" "+o.params.Trained[i].Path(), again[i], gradients[i])
		}
	}
}
