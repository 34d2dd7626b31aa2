package trainer

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/model/transformer"
	"hives/pack"
)

// Memory is what a step needs, in bytes, by kind.
type Memory struct {
	Weights     int64 `json:"weights"`
	Gradients   int64 `json:"gradients"`
	Moments     int64 `json:"moments"`
	Update      int64 `json:"update"`      // new weights and moments, beside the old ones until the update ends
	Activations int64 `json:"activations"` // of the largest usual shape, kept from the way there for the way back
	Anchors     int64 `json:"anchors"`     // bank vectors
}

// Total is the sum of all kinds.
func (m Memory) Total() int64 {
	// The update begins when the gradients are whole and the activations are free.
	return m.Weights + m.Gradients + m.Moments + max(m.Activations, m.Update) + m.Anchors
}

// memoryOf counts a step's memory, on each of the devices. All kinds but activations are exact; these are
// counted from the layers' formulas: what the backward pass reads, in float32, once. Of gradients that are
// summed over packs the engine holds the old sums beside the new.
func memoryOf(arch transformer.Architecture, t *training, shape pack.Shape, m MemoryConfig, anchors int64) Memory {
	moments := int64(8)
	if optim.MomentType(m.Moments) == optim.MomentsBF16 {
		moments = 4
	}
	shape.Rows = (shape.Rows + m.Devices - 1) / m.Devices
	gradients, updated := 4*t.trained, t.trained
	if m.Packs > 1 {
		gradients *= 2
	}
	if m.SplitUpdate {
		updated = max(t.trained/updateSlices, t.largest)
	}
	return Memory{
		Weights: 4 * t.held, Gradients: gradients, Moments: moments * t.trained, Update: (4 + moments) * updated,
		Activations: activations(arch, t, shape, m.Recompute), Anchors: 4 * anchors * int64(arch.Sizes().Hidden),
	}
}

// training says how much of a model a step changes, in numbers, and how deep its gradients go.
type training struct {
	held     int64 // weights, adapters and learned tables
	trained  int64
	largest  int64           // of the trained tensors
	layers   int             // upper layers that gradients pass through
	adapted  map[string]bool // names of linear layers with adapters; nil where the weights are trained
	adapters int64           // ranks of a layer's adapters, added up
}

func (s *Stepper) training() *training {
	t := &training{held: numbersIn(s.params) + numbersIn(s.fixed), trained: numbersIn(s.params)}
	t.layers = s.model.Sizes().Layers - s.Frozen
	for _, p := range s.params {
		t.largest = max(t.largest, int64(p.Shape().Size()))
	}
	for _, a := range s.model.Adapters() {
		if t.adapted == nil {
			t.adapted = map[string]bool{}
		}
		t.adapted[a.Module[strings.LastIndex(a.Module, ".")+1:]] = true
		t.adapters += int64(a.Rank)
	}
	t.adapters /= int64(t.layers)
	return t
}

// reads tells whether the backward pass reads the input of any of these linear layers: it is needed for the
// gradient of a matrix, not for that of the input.
func (t *training) reads(layers ...string) int {
	if t.adapted == nil || slices.ContainsFunc(layers, func(name string) bool { return t.adapted[name] }) {
		return 1
	}
	return 0
}

// activations: layers without gradient keep nothing, nor does an input that only a matrix without one is multiplied
// by. With recompute each layer keeps its input, and one layer at a time the rest.
func activations(arch transformer.Architecture, t *training, shape pack.Shape, recompute bool) int64 {
	tokens, layers := int64(shape.Tokens()), int64(t.layers)
	numbers, rows := arch.Kept(t.reads)
	layer := 4 * tokens * (int64(numbers) + t.adapters + int64(rows)*int64(shape.Length))
	if recompute {
		return 4*tokens*int64(arch.Sizes().Hidden)*layers + layer
	}
	return layer * layers
}

// Alternative is another way of spending memory on the same step.
type Alternative struct {
	Memory MemoryConfig `json:"memory"`
	Bytes  int64        `json:"bytes"`
	Work   float64      `json:"work"` // beside the plain step's 1: a forward pass is a third of it
}

// alternatives lists what else could be chosen, each against a plain step, the most memory first or nearly so.
func alternatives(arch transformer.Architecture, t *training, whole pack.Shape, devices int, anchors int64) (out []Alternative) {
	f32, bf16 := string(optim.MomentsF32), string(optim.MomentsBF16)
	for _, m := range []MemoryConfig{
		{Packs: 1, Moments: f32},
		{Packs: 1, Moments: bf16},
		{Packs: 1, Moments: f32, SplitUpdate: true},
		{Packs: 1, Moments: f32, Recompute: true},
		{Packs: 1, Moments: f32, Recompute: true, SplitUpdate: true},
		{Packs: 1, Moments: bf16, Recompute: true, SplitUpdate: true},
		{Packs: 4, Moments: f32, Recompute: true, SplitUpdate: true},
	} {
		m.Devices, m.Packing = devices, Packed
		part := whole
		part.Rows = (whole.Rows + m.Packs - 1) / m.Packs
		work := 1.0
		if m.Recompute {
			work += 1. / 3
		}
		if m.Packs > 1 {
			work += 1. / 3
		}
		out = append(out, Alternative{Memory: m, Bytes: memoryOf(arch, t, part, m, anchors).Total(), Work: work})
	}
	return out
}

// peakMemory is the most memory this process has held, in bytes, as Linux counts it.
func peakMemory() (int64, error) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fault.New(fault.Unavailable, "peak memory is known on Linux only: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmHWM")
}
