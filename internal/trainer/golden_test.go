package trainer_test

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"testing"

	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

// goldenRun is d_optim/e2e.json: a tiny model, some batches, and what PyTorch made of them.
type goldenRun struct {
	AdamW struct {
		LR          float64   `json:"lr"`
		Betas       []float64 `json:"betas"`
		Eps         float64   `json:"eps"`
		WeightDecay float64   `json:"weight_decay"`
	} `json:"adamw"`
	MaxGradNorm float64 `json:"max_grad_norm"`
	Schedule    struct {
		Kind   string `json:"kind"`
		Warmup int    `json:"warmup_steps"`
		Total  int    `json:"total_steps"`
	} `json:"schedule"`
	Tau     float64       `json:"tau"`
	Start   string        `json:"start"`
	Batches []goldenBatch `json:"batches"`
	Probe   goldenBatch   `json:"probe"`
	Runs    map[string]struct {
		F64 []struct {
			LR       float64 `json:"lr"`
			Loss     float64 `json:"loss"`
			GradNorm float64 `json:"grad_norm"`
		} `json:"f64"`
		Probe [][]float64 `json:"probe_f64"`
	} `json:"runs"`
}

type goldenBatch struct {
	IDs       [][]int32 `json:"input_ids"`
	Mask      [][]int32 `json:"attention_mask"`
	Theory    []int32   `json:"theory"`
	Levels    [][]int32 `json:"levels"`
	Direction []int32   `json:"direction"`
}

// texts are the rows without their padding, which the mask tells.
func (b *goldenBatch) texts() [][]int32 {
	var texts [][]int32
	for i, row := range b.IDs {
		n := 0
		for _, m := range b.Mask[i] {
			n += int(m)
		}
		texts = append(texts, row[len(row)-n:])
	}
	return texts
}

// batch packs the rows, two or so to a row of the engine.
func (b *goldenBatch) batch(t *testing.T) *contrast.Batch {
	t.Helper()
	out := &contrast.Batch{Theory: b.Theory, Direction: b.Direction}
	shape := pack.Shape{Rows: (len(b.IDs) + 1) / 2, Length: 2 * len(b.IDs[0]), Texts: len(b.IDs)}
	packed, err := pack.One(b.texts(), []pack.Shape{shape})
	if err != nil {
		t.Fatal(err)
	}
	out.Packs = []pack.Batch{packed}
	for _, levels := range b.Levels {
		out.Levels = append(out.Levels, levels...)
	}
	return out
}

// Tolerances against the float64 run, about ten times what transformers' own float32 run is away from
// it (the deviations are recorded in the file: loss 2e-6, gradient norm 7e-7, weights 6e-6, probe 5e-6).
const (
	lossTolerance   = 2e-5
	normTolerance   = 1e-5 // relative
	weightTolerance = 5e-5
	probeTolerance  = 5e-5
)

// TestGoldenEndToEnd trains the tiny model for the recorded steps in each variant and compares every
// loss, gradient norm and rate, the weights afterwards and the vectors of the probe.
func TestGoldenEndToEnd(t *testing.T) {
	var golden goldenRun
	goldentest.ReadJSON(t, &golden, "d_optim", "e2e.json")
	schedule, err := optim.NewSchedule(optim.ScheduleKind(golden.Schedule.Kind), golden.Schedule.Total,
		golden.Schedule.Warmup)
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range golden.Runs {
		t.Run(name, func(t *testing.T) {
			m, stepper := goldenStepper(t, &golden, name)
			for step, want := range run.F64 {
				rate := golden.AdamW.LR * schedule.Multiplier(step)
				got, err := stepper.Step(golden.Batches[step].batch(t), step, rate, 1)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(rate-want.LR) > 1e-15 || math.Abs(got.Loss-want.Loss) > lossTolerance ||
					math.Abs(got.GradNorm-want.GradNorm) > normTolerance*want.GradNorm {
					t.Errorf("step %d: rate %g loss %.8f norm %.8f, want %g %.8f %.8f", step, rate, got.Loss, got.GradNorm, want.LR,
						want.Loss, want.GradNorm)
				}
			}
			compareWeights(t, m, filepath.Join("d_optim", "e2e_"+name+"_final_weights.safetensors"))
			compareProbe(t, m, &golden.Probe, run.Probe)
		})
	}
}

func goldenStepper(t *testing.T, golden *goldenRun, variant string) (*qwen3embed.Model, *stepper) {
	t.Helper()
	m, err := qwen3embed.Load(goldentest.Path(t, path.Dir(golden.Start)), dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	v, err := losses.ParseVariant(variant)
	if err != nil {
		t.Fatal(err)
	}
	adamw := optim.Default(golden.AdamW.WeightDecay)
	adamw.Beta1, adamw.Beta2, adamw.Epsilon = golden.AdamW.Betas[0], golden.AdamW.Betas[1], golden.AdamW.Eps
	adamw.MaxGradNorm = golden.MaxGradNorm
	stepper, err := newStepper(engine.OpenForTest(t).Backend, m, stepOptions{
		Hierarchical: losses.HierarchicalConfig{Variant: v, Temperature: golden.Tau},
		Options:      step.Options{Optimizer: adamw}, Arithmetic: transformer.F32, Pooling: transformer.LastToken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stepper.Close(); m.Close() })
	return m, stepper
}

// compareWeights checks every tensor where the fixtures hold the final weights of this variant.
func compareWeights(t *testing.T, m *qwen3embed.Model, file string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(goldentest.Root(t), file)); err != nil {
		return // recorded for one variant only
	}
	want, err := safetensorsio.Open(goldentest.Path(t, file))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for _, spec := range m.Config.Layout() {
		tensor, err := want.Tensor(spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Variable(spec.Name).Value()
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i, v := range tensors.MustCopyFlatData[float32](got) {
			worst = math.Max(worst, math.Abs(float64(v)-float64(float32At(tensor.Data, i))))
		}
		if !(worst <= weightTolerance) {
			t.Errorf("%s: differs by %.3g after the last step, more than %g", spec.Name, worst, weightTolerance)
		}
	}
}

func compareProbe(t *testing.T, m *qwen3embed.Model, b *goldenBatch, want [][]float64) {
	t.Helper()
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		return L2Normalize(m.Raw(ids, lengths, transformer.LastToken, transformer.F32), -1)
	})
	defer exec.Finalize()
	var lengths []int32
	for _, text := range b.texts() {
		lengths = append(lengths, int32(len(text)))
	}
	out, err := exec.Call1(b.IDs, lengths)
	if err != nil {
		t.Fatal(err)
	}
	got := tensors.MustCopyFlatData[float32](out)
	for i, row := range want {
		for j, v := range row {
			if d := math.Abs(float64(got[i*len(row)+j]) - v); !(d <= probeTolerance) {
				t.Fatalf("probe row %d: differs by %.3g at %d, more than %g", i, d, j, probeTolerance)
			}
		}
	}
}

func float32At(raw []byte, i int) float32 {
	b := raw[4*i:]
	return math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}
