package loop

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/trainer/state"
	"hives/internal/trainer/step"
	"hives/pack"
)

// Memory is what a step needs, in bytes, by kind.
//
// Example, a 0.6B in f32 with all weights trained: weights 2.4 GB, gradients 2.4, moments 4.8. XLA on one device writes
// new weights and moments over the old ones. Elsewhere both stand beside each other at the update, 7.2 GB more; a split
// update makes that an eighth. By then the activations are gone, so the larger of the two counts. Adapters make all but
// the weights small.
type Memory struct {
	Weights     int64 `json:"weights"`
	Gradients   int64 `json:"gradients"`
	Moments     int64 `json:"moments"`
	Update      int64 `json:"update"`      // new weights and moments, beside the old ones where these are not written over
	Activations int64 `json:"activations"` // of the largest usual shape, kept from the way there for the way back
	Anchors     int64 `json:"anchors"`     // tables of the task: vectors of anchor banks
}

// Total is the sum of all kinds.
func (m Memory) Total() int64 {
	// The update begins when the gradients are whole and the activations are free.
	return m.Weights + m.Gradients + m.Moments + max(m.Activations, m.Update) + m.Anchors
}

// training says how much of a task's variables a step changes, in numbers, and what the task counts itself.
type training struct {
	held    int64 // weights, adapters and learned tables
	trained int64
	largest int64 // of the trained tensors
	inPlace bool  // whether one device writes new weights over the old ones
	sizer   Sizer // nil where the task counts nothing
}

func (m *machine) training() *training {
	p := m.task.Parameters()
	t := &training{held: state.Numbers(p.Trained) + state.Numbers(p.Fixed), trained: state.Numbers(p.Trained),
		inPlace: m.overwrites}
	for _, v := range p.Trained {
		t.largest = max(t.largest, int64(v.Shape().Size()))
	}
	t.sizer, _ = m.task.(Sizer)
	return t
}

// memory counts a step's memory, on each of the devices. All kinds but activations are exact; these are
// counted from the layers' formulas: what the backward pass reads, in float32, once. Of gradients that are
// summed over micro-batches the engine holds the old sums beside the new.
func (t *training) memory(shape pack.Shape, m MemoryConfig) Memory {
	moments := int64(8)
	if optim.MomentType(m.Moments) == optim.MomentsBF16 {
		moments = 4
	}
	// Devices share rows; weights, gradients and moments each has whole.
	shape.Rows = (shape.Rows + m.Devices - 1) / m.Devices
	gradients, updated := 4*t.trained, t.trained
	if m.Packs > 1 {
		gradients *= 2
	}
	// A slice holds at least one tensor: with a large embedding table that is more than its eighth.
	if m.SplitUpdate {
		updated = max(t.trained/step.UpdateSlices, t.largest)
	}
	out := Memory{Weights: 4 * t.held, Gradients: gradients, Moments: moments * t.trained, Update: (4 + moments) * updated}
	if t.inPlace && m.Devices <= 1 {
		out.Update = 0
	}
	if t.sizer != nil {
		out.Activations, out.Anchors = t.sizer.Activations(shape, m.Recompute), t.sizer.Tables()
	}
	return out
}

// Alternative is another way of spending memory on the same step.
type Alternative struct {
	Memory MemoryConfig `json:"memory"`
	Bytes  int64        `json:"bytes"`
	Work   float64      `json:"work"` // beside the plain step's 1: a forward pass is a third of it
}

// alternatives lists what else could be chosen, each against a plain step, the most memory first or nearly so.
func (t *training) alternatives(whole pack.Shape, devices int) (out []Alternative) {
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
		// A forward pass is a third of a step: the way back is two products for each one of the way there.
		if m.Recompute {
			work += 1. / 3
		}
		if m.Packs > 1 {
			work += 1. / 3
		}
		out = append(out, Alternative{Memory: m, Bytes: t.memory(part, m).Total(), Work: work})
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
