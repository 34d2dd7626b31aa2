package trainer_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/encoder"
	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/trainer"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

// toy is a model of two layers, small enough to compile in a second.
var toy = []byte(`{"model_type": "qwen3", "vocab_size": 50, "hidden_size": 16, "intermediate_size": 24,
	"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
	"rope_theta": 10000, "torch_dtype": "float32", "max_position_embeddings": 64}`)

// toyTexts draws n texts of 2 to 9 ids.
func toyTexts(draw *rand.Rand, n int) [][]int32 {
	texts := make([][]int32, n)
	for i := range texts {
		for range 2 + draw.IntN(8) {
			texts[i] = append(texts[i], int32(draw.IntN(50)))
		}
	}
	return texts
}

// toyBatch is a Stage 2 batch of 8 rows, 4 hierarchical and 2 of each kind of anchor, with 4 fresh anchors,
// in the given number of packs. With fresh nil there are no slots for anchors.
func toyBatch(t *testing.T, packs int, fresh [][]int32) *contrast.Batch {
	t.Helper()
	draw := rand.New(rand.NewPCG(7, 7))
	b := &contrast.Batch{Anchors: &contrast.AnchorBatch{
		Individual: []int32{-1, -1, -1, -1, 2, 0, -1, -1}, Theory: []int32{-1, -1, -1, -1, -1, -1, 1, 3},
	}}
	texts := toyTexts(draw, 8)
	for range texts {
		b.Theory = append(b.Theory, 0)
		b.Levels = append(b.Levels, int32(draw.IntN(2)), int32(draw.IntN(2)), -1)
		b.Direction = append(b.Direction, 1)
	}
	if fresh != nil {
		texts = append(texts, fresh...)
		b.Anchors.FreshIndividual, b.Anchors.FreshTheory = []int32{2, 0, -1, -1}, []int32{-1, -1, 1, 3}
	}
	each := len(texts) / packs
	for i := range packs {
		p, err := pack.One(texts[i*each:(i+1)*each], []pack.Shape{{Rows: each, Length: 12, Texts: each}})
		if err != nil {
			t.Fatal(err)
		}
		b.Packs = append(b.Packs, p)
	}
	return b
}

// toyStepper makes a stepper over the same random model and banks each time.
func toyStepper(t *testing.T, learned bool, change func(*stepOptions)) (*qwen3embed.Model, *stepper, [2][][]int32) {
	t.Helper()
	return toyStepperOn(t, engine.OpenForTest(t), learned, change)
}

func toyStepperOn(t *testing.T, on *engine.Engine, learned bool, change func(*stepOptions)) (*qwen3embed.Model,
	*stepper, [2][][]int32) {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig(toy)
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(8, 8))
	sentences := [2][][]int32{toyTexts(draw, 3), toyTexts(draw, 5)}
	banks, err := contrast.NewBanks(m.Store, cfg.HiddenSize, sentences[0], sentences[1], learned)
	if err != nil {
		t.Fatal(err)
	}
	if err := banks.Refresh(context.Background(), stub{cfg.HiddenSize}); err != nil {
		t.Fatal(err)
	}
	loss := losses.DefaultStage2()
	o := stepOptions{
		Hierarchical: loss.Hierarchical, Stage2: &loss, Banks: banks,
		Options: step.Options{Optimizer: trainer.Optimizer(learned)}, Arithmetic: transformer.F32,
		Pooling: transformer.LastToken,
	}
	if change != nil {
		change(&o)
	}
	s, err := newStepper(on.Backend, m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); m.Close() })
	return m, s, sentences
}

// stub encodes a text as a unit vector drawn from its length and first id.
type stub struct{ hidden int }

func (s stub) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(in))
	for i := range in {
		draw := rand.New(rand.NewPCG(uint64(len(in[i].IDs)), uint64(in[i].IDs[0])))
		norm := 0.0
		for range s.hidden {
			x := draw.NormFloat64()
			out[i], norm = append(out[i], float32(x)), norm+x*x
		}
		for j := range out[i] {
			out[i][j] /= float32(math.Sqrt(norm))
		}
	}
	return out, encoder.Identity{}, nil
}

// weights copies all parameters, learned banks included, after some steps.
func weights(t *testing.T, m *qwen3embed.Model) (all []float32) {
	t.Helper()
	for _, p := range optim.Parameters(m.Store) {
		value, err := p.Value()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tensors.MustCopyFlatData[float32](value)...)
	}
	return all
}

func furthest(a, b []float32) float64 {
	worst := math.Inf(1)
	if len(a) == len(b) {
		worst = 0
		for i := range a {
			worst = math.Max(worst, math.Abs(float64(a[i]-b[i])))
		}
	}
	return worst
}

// TestWaysOfComputingAgree trains three steps of Stage 2 in the ways that save memory or time and holds
// losses, gradient norms and weights to the plain way. A first loss of half a batch is the control: plain
// accumulation of parts, each with its own negatives only, is something else.
func TestWaysOfComputingAgree(t *testing.T) {
	for _, c := range []struct {
		name    string
		learned bool
		packs   int
		change  func(*stepOptions)
	}{
		{"encoded, recomputed, loss scaled", false, 1, func(o *stepOptions) { o.Recompute, o.LossScaling = true, true }},
		{"encoded, two packs", false, 2, nil},
		{"encoded, update split", false, 1, func(o *stepOptions) { o.SplitUpdate = true }},
		{"learned, two packs, loss scaled, update split", true, 2, func(o *stepOptions) {
			o.LossScaling, o.SplitUpdate = true, true
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := plain(t, c.learned)
			got := toyRun(t, c.learned, c.packs, c.change)
			for i, w := range want.steps {
				g := got.steps[i]
				if math.Abs(g.Loss-w.Loss) > 1e-5 || math.Abs(g.GradNorm-w.GradNorm) > 1e-5*w.GradNorm ||
					math.Abs(g.Individual-w.Individual) > 1e-5 || math.Abs(g.Theory-w.Theory) > 1e-5 {
					t.Errorf("step %d: %+v, plainly %+v", i, g, w)
				}
			}
			if d := furthest(got.weights, want.weights); !(d < 2e-5) {
				t.Errorf("weights differ by %g after %d steps", d, len(want.steps))
			}
		})
	}
	if half, whole := halfBatchLoss(t), plain(t, true).steps[0].Hierarchical; math.Abs(half-whole) < 1e-3 {
		t.Errorf("half a batch has the loss %g of the whole: the comparison sees nothing", half)
	}
}

// TestLearnedBanksMoveAndEncodedOnesDoNot looks at which tables steps change.
func TestLearnedBanksMoveAndEncodedOnesDoNot(t *testing.T) {
	// Ten times the model's rate of 1e-3 is about the length of a first Adam step.
	if d := plain(t, true).bankMoved; d < 5e-3 {
		t.Errorf("learned bank moved by %g", d)
	}
	if d := plain(t, false).bankMoved; d != 0 {
		t.Errorf("encoded bank moved by %g", d)
	}
}

// toyOutcome is what three steps did.
type toyOutcome struct {
	steps     []stepped
	weights   []float32
	bankMoved float64 // furthest number of the theory bank
}

// plainRuns keeps the two plain runs, which all tests compare with.
var plainRuns = map[bool]*toyOutcome{}

func plain(t *testing.T, learned bool) *toyOutcome {
	t.Helper()
	if plainRuns[learned] == nil {
		plainRuns[learned] = toyRun(t, learned, 1, nil)
	}
	return plainRuns[learned]
}

// toyRun trains three steps.
func toyRun(t *testing.T, learned bool, packs int, change func(*stepOptions)) *toyOutcome {
	t.Helper()
	return toyRunOn(t, engine.OpenForTest(t), learned, packs, change)
}

func toyRunOn(t *testing.T, on *engine.Engine, learned bool, packs int, change func(*stepOptions)) *toyOutcome {
	t.Helper()
	m, s, sentences := toyStepperOn(t, on, learned, change)
	fresh := [][]int32{sentences[0][2], sentences[0][0], sentences[1][1], sentences[1][3]}
	if learned {
		fresh = nil
	}
	table := m.Store.GetVariable("/anchors/theory")
	before := tensors.MustCopyFlatData[float32](table.MustValue())
	batch, out := toyBatch(t, packs, fresh), &toyOutcome{}
	for step := range 3 {
		r, err := s.Step(batch, step, 1e-3, 1024)
		if err != nil {
			t.Fatal(err)
		}
		out.steps = append(out.steps, r)
	}
	out.weights = weights(t, m)
	out.bankMoved = furthest(before, tensors.MustCopyFlatData[float32](table.MustValue()))
	return out
}

// halfBatchLoss is the hierarchical loss of the first four hierarchical rows cut in two.
func halfBatchLoss(t *testing.T) float64 {
	t.Helper()
	_, s, _ := toyStepper(t, true, nil)
	whole := toyBatch(t, 1, nil)
	part := &contrast.Batch{Theory: whole.Theory[:4], Levels: whole.Levels[:12], Direction: whole.Direction[:4],
		Anchors: &contrast.AnchorBatch{
			Individual: whole.Anchors.Individual[2:6], Theory: whole.Anchors.Theory[4:],
		}}
	draw := rand.New(rand.NewPCG(7, 7))
	p, err := pack.One(toyTexts(draw, 8)[:4], []pack.Shape{{Rows: 4, Length: 12, Texts: 4}})
	if err != nil {
		t.Fatal(err)
	}
	part.Packs = []pack.Batch{p}
	got, err := s.Step(part, 0, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return got.Hierarchical
}
