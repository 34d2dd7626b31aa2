package trainer

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/model/qwen3embed"
	"hives/pack"
)

// Memory is what a step needs, in bytes, by kind.
type Memory struct {
	Weights     int64 `json:"weights"`
	Gradients   int64 `json:"gradients"`
	Moments     int64 `json:"moments"`
	Activations int64 `json:"activations"` // of the largest usual shape, kept from the way there for the way back
	Anchors     int64 `json:"anchors"`     // bank vectors
}

// Total is the sum of all kinds.
func (m Memory) Total() int64 {
	return m.Weights + m.Gradients + m.Moments + m.Activations + m.Anchors
}

// memoryOf counts a step's memory, on each of the devices. The first four kinds but activations are exact; activations are counted
// from the layers' formulas: what the backward pass reads, in float32, once.
func memoryOf(c *qwen3embed.Config, shape pack.Shape, m MemoryConfig, anchors int64) Memory {
	p := c.Parameters()
	moments := int64(8)
	if optim.MomentType(m.Moments) == optim.MomentsBF16 {
		moments = 4
	}
	shape.Rows = (shape.Rows + m.Devices - 1) / m.Devices
	return Memory{
		Weights: 4 * p, Gradients: 4 * p, Moments: moments * p,
		Activations: activations(c, shape, m.Recompute), Anchors: 4 * anchors * int64(c.HiddenSize),
	}
}

// activations: per token and layer the residual stream twice, both normed inputs, q, k and v raw, normed and
// turned, the attention's output, three feed-forward widths and their product; per token and head a row of
// logits and of weights. With recompute each layer keeps its input, and one layer at a time the rest.
func activations(c *qwen3embed.Config, shape pack.Shape, recompute bool) int64 {
	tokens := int64(shape.Tokens())
	width := int64(4*c.HiddenSize + (4*c.NumHeads+5*c.NumKVHeads)*c.HeadDim + 4*c.IntermediateSize)
	layer := 4 * tokens * (width + 2*int64(c.NumHeads)*int64(shape.Length))
	if recompute {
		return 4*tokens*int64(c.HiddenSize)*int64(c.NumLayers) + layer
	}
	return layer * int64(c.NumLayers)
}

// Alternative is another way of spending memory on the same step.
type Alternative struct {
	Memory MemoryConfig `json:"memory"`
	Bytes  int64        `json:"bytes"`
	Work   float64      `json:"work"` // beside the plain step's 1: a forward pass is a third of it
}

// alternatives lists what else could be chosen, each against a plain step.
func alternatives(c *qwen3embed.Config, whole pack.Shape, devices int, anchors int64) (out []Alternative) {
	for _, recompute := range []bool{false, true} {
		for _, packs := range []int{1, 4} {
			for _, moments := range []optim.MomentType{optim.MomentsF32, optim.MomentsBF16} {
				m := MemoryConfig{Recompute: recompute, Packs: packs, Moments: string(moments), Devices: devices, Packing: Packed}
				part := whole
				part.Rows = (whole.Rows + packs - 1) / packs
				work := 1.0
				if recompute {
					work += 1. / 3
				}
				if packs > 1 {
					work += 1. / 3
				}
				out = append(out, Alternative{Memory: m, Bytes: memoryOf(c, part, m, anchors).Total(), Work: work})
			}
		}
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
