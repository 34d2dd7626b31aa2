package losses

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
)

// The benchmarks are value and gradient at the size of training: B = 64, H = 1024, and the published
// banks of 407 individual and 274 theory anchors.

func BenchmarkHierarchical(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	batch := randomBatch(rng, 64, 1024)
	args := append([]any{narrow(batch.z)}, batch.args()[1:]...)
	for _, cfg := range []HierarchicalConfig{{SkipEmpty, .1}, {HMCE, .1}, {DirectionLeaf, .1}} {
		b.Run(string(cfg.Variant), func(b *testing.B) {
			measure(b, func(in []*Node) []*Node {
				r := Hierarchical(cfg, in[0], labelsOf(in[1:]))
				return []*Node{r.Loss, Gradient(r.Loss, in[0])[0]}
			}, args)
		})
	}
}

func BenchmarkStage2(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	batch := randomBatch(rng, 64, 1024)
	args := []any{narrow(batch.z), batch.theory, batch.levels, batch.direction,
		randomIDs(rng, 64, 407), randomIDs(rng, 64, 274), narrow(randomRows(rng, 407, 1024)),
		narrow(randomRows(rng, 274, 1024))}
	measure(b, func(in []*Node) []*Node {
		r := Stage2(DefaultStage2(), Stage2Inputs{Z: in[0], Labels: labelsOf(in[1:4]),
			IndividualIDs: in[4], TheoryIDs: in[5], IndividualBank: in[6], TheoryBank: in[7]})
		return append([]*Node{r.Loss}, Gradient(r.Loss, in[0], in[6], in[7])...)
	}, args)
}

// measure times a graph after it has been compiled.
func measure(b *testing.B, build func([]*Node) []*Node, args []any) {
	exec := MustNewExec(engine.OpenForTest(b).Backend, build)
	exec.MustCall(args...)
	for b.Loop() {
		exec.MustCall(args...)
	}
}

// narrow is rows as an f32 tensor.
func narrow(rows [][]float64) *tensors.Tensor {
	var flat []float32
	for _, x := range flatten(rows) {
		flat = append(flat, float32(x))
	}
	return tensors.FromFlatDataAndDimensions(flat, len(rows), len(rows[0]))
}
