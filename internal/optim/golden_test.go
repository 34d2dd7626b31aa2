package optim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
)

func TestGoldenSchedules(t *testing.T) {
	var golden struct {
		Multipliers map[string][]float64 `json:"multipliers"` // kind_total_warmup
	}
	goldentest.ReadJSON(t, &golden, "d_optim", "schedules.json")
	for name, want := range golden.Multipliers {
		t.Run(name, func(t *testing.T) {
			parts := strings.Split(name, "_")
			total, err1 := strconv.Atoi(parts[1])
			warmup, err2 := strconv.Atoi(parts[2])
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			s, err := NewSchedule(ScheduleKind(parts[0]), total, warmup)
			if err != nil {
				t.Fatal(err)
			}
			for step, w := range want {
				if got := s.Multiplier(step); !(math.Abs(got-w) <= 1e-14) {
					t.Errorf("step %d: %.17g, want %.17g", step, got, w)
				}
			}
		})
	}
}

// goldenTrace is a run of the optimiser on loss_t = amplitude_t · ½ mean ((X_t∘gain)Wᵀ + b − Y_t)².
type goldenTrace struct {
	Schedule string        `json:"schedule"`
	DType    string        `json:"dtype"`
	Total    int           `json:"total_steps"`
	Warmup   int           `json:"warmup_steps"`
	Initial  goldenTensors `json:"initial"`
	X, Y     [][][]float64
	Amp      []float64 `json:"amplitude"`
	Steps    []struct {
		LR       float64       `json:"lr"`
		Loss     float64       `json:"loss"`
		GradNorm float64       `json:"grad_norm"`
		Clip     float64       `json:"clip"`
		Grad     goldenTensors `json:"grad"`
		Params   goldenTensors `json:"params"`
	} `json:"steps"`
	Final       map[string]map[string]any `json:"final_state"`
	LRAfterLast float64                   `json:"lr_after_last"`
}

type goldenTensors map[string]any // nested lists of numbers by parameter

type goldenAdamW struct {
	AdamW struct {
		LR          float64            `json:"lr"`
		Betas       [2]float64         `json:"betas"`
		Epsilon     float64            `json:"eps"`
		WeightDecay map[string]float64 `json:"weight_decay"`
	} `json:"adamw"`
	MaxGradNorm float64       `json:"max_grad_norm"`
	Traces      []goldenTrace `json:"traces"`
}

// optimizer makes one group a parameter, with the decay the file names.
func (g goldenAdamW) optimizer() *AdamW {
	o := &AdamW{Beta1: g.AdamW.Betas[0], Beta2: g.AdamW.Betas[1], Epsilon: g.AdamW.Epsilon, MaxGradNorm: g.MaxGradNorm}
	for name, decay := range g.AdamW.WeightDecay {
		o.Groups = append(o.Groups, Group{Name: name, RateMultiplier: 1, WeightDecay: decay,
			Match: func(p *model.Variable) bool { return p.Name() == name }})
	}
	return o
}

func TestGoldenAdamW(t *testing.T) {
	var golden goldenAdamW
	goldentest.ReadJSON(t, &golden, "d_optim", "adamw.json")
	for _, trace := range golden.Traces {
		t.Run(trace.Schedule+"/"+trace.DType, func(t *testing.T) {
			replay(t, golden, trace)
		})
	}
}

// replay runs every step of a trace and compares all that is recorded.
func replay(t *testing.T, golden goldenAdamW, trace goldenTrace) {
	dtype, tolerance := dtypes.Float64, 1e-13
	if trace.DType == "float32" {
		dtype, tolerance = dtypes.Float32, 2e-6
	}
	s, err := NewSchedule(ScheduleKind(trace.Schedule), trace.Total, trace.Warmup)
	if err != nil {
		t.Fatal(err)
	}
	store := storeOf(t, trace.Initial, dtype)
	step := newGoldenStep(t, store, golden.optimizer(), dtype)
	for i, want := range trace.Steps {
		lr := golden.AdamW.LR * s.Multiplier(i)
		near(t, 1e-14, fmt.Sprintf("step %d lr", i), []float64{lr}, []float64{want.LR})
		out := step(trace.X[i], trace.Y[i], trace.Amp[i], lr, int32(i))
		near(t, tolerance, fmt.Sprintf("step %d loss, norm, clip", i), out[0], []float64{want.Loss, want.GradNorm, want.Clip})
		for k, p := range Parameters(store) {
			what := fmt.Sprintf("step %d %s ", i, p.Name())
			near(t, tolerance, what+"gradient", out[k+1], numbers(want.Grad[p.Name()]))
			near(t, tolerance, what+"value", valueOf(p), numbers(want.Params[p.Name()]))
		}
	}
	for name, state := range trace.Final {
		near(t, tolerance, name+" first moment", valueOf(store.GetVariable(MomentScope+"/m/"+name)),
			numbers(state["exp_avg"]))
		near(t, tolerance, name+" second moment", valueOf(store.GetVariable(MomentScope+"/v/"+name)),
			numbers(state["exp_avg_sq"]))
	}
	near(t, 1e-14, "lr after the last step", []float64{golden.AdamW.LR * s.Multiplier(len(trace.Steps))},
		[]float64{trace.LRAfterLast})
}

// newGoldenStep compiles one training step. It returns [loss, norm, clip], then the gradients in the order
// of Parameters, all as float64.
func newGoldenStep(t *testing.T, store *model.Store, o *AdamW, dtype dtypes.DType) func(x, y [][]float64, amp,
	lr float64, step int32) [][]float64 {
	t.Helper()
	params := Parameters(store)
	exec, err := model.NewExec(engine.OpenForTest(t).Backend, store, func(_ *model.Scope, in []*Node) []*Node {
		g := in[0].Graph()
		value := func(name string) *Node { return store.GetVariable("/" + name).NodeValue(g) }
		x, y, amp := ConvertDType(in[0], dtype), ConvertDType(in[1], dtype), ConvertDType(in[2], dtype)
		hidden := Einsum("ni,oi->no", Mul(x, InsertAxes(value("gain"), 0)), value("W"))
		diff := Sub(Add(hidden, InsertAxes(value("b"), 0)), y)
		loss := Mul(amp, MulScalar(ReduceAllMean(Square(diff)), .5))
		nodes := make([]*Node, len(params))
		for i, p := range params {
			nodes[i] = p.NodeValue(g)
		}
		grads := Gradient(loss, nodes...)
		norm, clip := o.Update(store, grads, params, in[3], in[4])
		head := Stack([]*Node{ConvertDType(loss, dtypes.Float64), norm, clip}, 0)
		return append([]*Node{head}, grads...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(x, y [][]float64, amp, lr float64, step int32) [][]float64 {
		outputs, err := exec.Call(x, y, amp, lr, step)
		if err != nil {
			t.Fatal(err)
		}
		values := make([][]float64, len(outputs))
		for i, o := range outputs {
			values[i] = float64s(o)
		}
		return values
	}
}

func storeOf(t *testing.T, initial goldenTensors, dtype dtypes.DType) *model.Store {
	t.Helper()
	store := model.NewStore()
	for name, nested := range initial {
		var dims []int
		for x, ok := nested.([]any); ok; x, ok = x[0].([]any) {
			dims = append(dims, len(x))
		}
		addVariable(t, store, "/"+name, dtype, numbers(nested), dims...)
	}
	return store
}

func addVariable(t testing.TB, store *model.Store, path string, dtype dtypes.DType, values []float64,
	dims ...int) *model.Variable {
	t.Helper()
	var value *tensors.Tensor
	if dtype == dtypes.Float64 {
		value = tensors.FromFlatDataAndDimensions(values, dims...)
	} else {
		narrow := make([]float32, len(values))
		for i, x := range values {
			narrow[i] = float32(x)
		}
		value = tensors.FromFlatDataAndDimensions(narrow, dims...)
	}
	v, err := store.CreateVariable(path, value)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// numbers flattens nested lists.
func numbers(nested any) []float64 {
	list, ok := nested.([]any)
	if !ok {
		return []float64{nested.(float64)}
	}
	var out []float64
	for _, x := range list {
		out = append(out, numbers(x)...)
	}
	return out
}

func valueOf(v *model.Variable) []float64 { return float64s(v.MustValue()) }

func float64s(x *tensors.Tensor) []float64 {
	if x.DType() == dtypes.Float64 {
		return tensors.MustCopyFlatData[float64](x)
	}
	narrow := tensors.MustCopyFlatData[float32](x)
	out := make([]float64, len(narrow))
	for i, v := range narrow {
		out[i] = float64(v)
	}
	return out
}

// near fails if got is further from want than tolerance, relative to want's largest entry.
func near(t testing.TB, tolerance float64, what string, got, want []float64) {
	t.Helper()
	scale := 0.0
	for _, w := range want {
		scale = math.Max(scale, math.Abs(w))
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) {
			t.Errorf("%s[%d] = %.15g, want %.15g within %g", what, i, got[i], want[i], tolerance*scale)
			return
		}
	}
}
