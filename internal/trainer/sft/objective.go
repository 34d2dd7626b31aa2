package sft

import (
	"cmp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/internal/trainer/start"
	"hives/internal/trainer/state"
	"hives/internal/trainer/step"
	"hives/model/decoder"
	"hives/model/transformer"
)

// objective is the loss of a batch as a step sees it.
type objective struct {
	base   *transformer.Weights // of a config with a head
	hidden int
	vocab  int
	most   int // bytes of the logits of one slice; 0: logitsBytes
	arith  transformer.Arithmetic
	params *state.Parameters
}

// Names of the inputs: what a micro-batch is to foretell, and what each of that counts in the batch's loss.
const (
	inputPositions = "positions" // [N] of the states that foretell, in the flattened rows
	inputTargets   = "targets"   // [N] ids
	inputWeights   = "weights"   // [N of all micro-batches], 0 in places that are unused
)

// Forward returns −log p of each target: [N, 1].
//
// The head is most of a small model's work: SmolLM2's vocabulary is 85 times its width. So it sees the foretelling
// positions alone, and of many of them a slice at a time, which is computed anew on the way back.
func (o *objective) Forward(p transformer.Packed, in step.Values[*Node]) *Node {
	f := decoder.Packed(o.base, &p, decoder.Options{Arith: o.arith, Checkpoint: p.Checkpoint})
	states := f.States(f.Embed(p.IDs), 0, decoder.Everywhere) // [R, S, H]
	positions, targets := in.Get(inputPositions), in.Get(inputTargets)
	asked := Gather(Reshape(states, -1, o.hidden), InsertAxes(positions, -1)) // [N, H]
	n, each := positions.Shape().Dim(0), o.slice()
	if n <= each {
		return o.unlikely(f, asked, targets)
	}
	var parts []*Node
	for from := 0; from < n; from += each {
		part := AxisRange(from, min(n, from+each))
		x := SliceAxis(asked, 0, part).Checkpoint()
		parts = append(parts, o.unlikely(f, x, SliceAxis(targets, 0, part)).StopCheckpoint())
	}
	return Concatenate(parts, 0)
}

// logitsBytes is the most memory of the logits of one slice.
const logitsBytes = 512 << 20

// slice is how many positions have their logits at once: 2,730 of SmolLM2's 49,152 words, 880 of Qwen3's 151,936.
func (o *objective) slice() int { return max(1, cmp.Or(o.most, logitsBytes)/(4*o.vocab)) }

// unlikely is −log p of targets [n] after states [n, H]: [n, 1]. The target's logit is picked by a mask: picked by its
// place, the way back would have to scatter n numbers into n·V zeros.
func (o *objective) unlikely(f *decoder.Pass, states, targets *Node) *Node {
	logits := Squeeze(f.Logits(InsertAxes(states, 0)), 0) // [n, V]
	top := StopGradient(ReduceAndKeep(logits, ReduceMax, -1))
	all := Add(Log(ReduceAndKeep(Exp(Sub(logits, top)), ReduceSum, -1)), top)
	ids := Iota(logits.Graph(), shapes.Make(dtypes.Int32, logits.Shape().Dimensions...), 1)
	is := Equal(ids, BroadcastToShape(InsertAxes(targets, -1), ids.Shape()))
	chosen := ReduceAndKeep(Where(is, logits, ZerosLike(logits)), ReduceSum, -1)
	return Sub(all, chosen)
}

// Loss is the weighted sum. The weights sum to 1, so it is a mean.
func (o *objective) Loss(unlikely *Node, in step.Values[*Node]) step.Terms[*Node] {
	weights := ConvertDType(in.Get(inputWeights), unlikely.DType())
	loss := ReduceAllSum(Mul(Squeeze(unlikely, -1), weights))
	parts := step.Values[*Node]{{Name: "answers", Value: ConvertDType(loss, dtypes.Float32)}}
	return step.Terms[*Node]{Loss: loss, Parts: parts}
}

// Parameters are the model's, its head among them; where there are adapters, these alone. A tied head is the table of
// embeddings, which then has gradients from both ends; none comes from the loss by itself (Parameters.OfLoss is 0),
// since −log p is made inside the network.
func (o *objective) Parameters() *state.Parameters { return o.params }

// newObjective looks at a model with a head.
func newObjective(p *start.Point, w *transformer.Weights, arith transformer.Arithmetic) *objective {
	sizes := p.Model.Sizes()
	return &objective{base: w, hidden: sizes.Hidden, vocab: sizes.Vocabulary, arith: arith,
		params: p.Parameters()}
}
