package kernel

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/model/lm"
	"hives/model/transformer"
)

// tolerance is the fixtures' own for float32.
const tolerance = 1e-4

func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(on.Close)
	return on
}

// numbers flattens lists of numbers, however deep.
func numbers(x any) (out []float32) {
	if list, ok := x.([]any); ok {
		for _, y := range list {
			out = append(out, numbers(y)...)
		}
		return out
	}
	return []float32{float32(x.(float64))}
}

func near(t *testing.T, what string, got []float32, want any) {
	t.Helper()
	w := numbers(want)
	if len(got) != len(w) {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(w))
		return
	}
	for n := range w {
		if d := math.Abs(float64(got[n] - w[n])); !(d <= tolerance) {
			t.Errorf("%s [%d]: %v, want %v", what, n, got[n], w[n])
			return
		}
	}
}

// TestGoldenKernels holds output, loss and gradients of both forms to those of a float64 model.
func TestGoldenKernels(t *testing.T) {
	const folder = "h_vcai/c_model"
	on := goEngine(t)
	entries, err := os.ReadDir(goldentest.Path(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		var file struct {
			Vector    []float32 `json:"value_vector"`
			Intensity float64
			Forms     map[Form]struct {
				Prompt, Answer []int32
				Output         any
				Layer          *int
				Tokens         *int
				Weights        map[string]any
				Loss           float64
				Grad           map[string]any
			}
		}
		goldentest.ReadJSON(t, &file, folder, entry.Name(), "kernel.json")
		m, err := lm.Load(nil, goldentest.Path(t, folder, entry.Name()), dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for form, c := range file.Forms {
			tried++
			what := entry.Name() + " " + string(form)
			values := map[string][]float32{}
			for name, w := range c.Weights {
				values[name] = numbers(w)
			}
			s := Shape{Form: form, All: true, Width: len(values["b1"]), In: len(file.Vector)}
			if form == SoftPrompt {
				s.Rows = *c.Tokens
			} else {
				s.Layers = []int{*c.Layer + 1} // the fixtures count blocks from 0
			}
			k, err := New(m, s, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.set(values); err != nil {
				t.Fatal(err)
			}
			row := Row{Prompt: c.Prompt, Answer: c.Answer, Vector: file.Vector, Level: file.Intensity}
			tr, err := NewTrainer(k, on.Backend, transformer.F32, 2, []Row{row}) // beside a row that nobody reads
			if err != nil {
				t.Fatal(err)
			}
			exec, err := model.NewExec(on.Backend, m.Store, func(_ *model.Scope, in []*Node) []*Node {
				loss, params := tr.loss(in)
				first := SliceAxis(k.output(in[6]), 0, AxisElem(0))
				return append([]*Node{loss, first}, Gradient(loss, params...)...)
			})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Call(tr.batch([]Row{row})...)
			if err != nil {
				t.Fatal(err)
			}
			if loss := float64(tensors.ToScalar[float32](out[0])); !(math.Abs(loss-c.Loss) <= tolerance) {
				t.Errorf("%s: loss %v, want %v", what, loss, c.Loss)
			}
			near(t, what+" output", tensors.MustCopyFlatData[float32](out[1]), c.Output)
			for n, name := range parts {
				near(t, what+" gradient of "+name, tensors.MustCopyFlatData[float32](out[2+n]), c.Grad[name])
			}
			exec.Finalize()
			scores, err := tr.Score([]Row{row, row, row})
			if err != nil {
				t.Fatal(err)
			}
			for _, total := range scores {
				if d := math.Abs(total/float64(len(c.Answer)) + c.Loss); !(d <= tolerance) {
					t.Errorf("%s: scores %v of %d tokens, loss %v", what, total, len(c.Answer), c.Loss)
				}
			}
			tr.Close()
		}
	}
	if tried == 0 {
		t.Fatal("no kernel in the fixtures")
	}
}
