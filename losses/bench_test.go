package losses

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
)

// BenchmarkHierarchical is value and gradient at the size of training, B = 64 and H = 1024.
func BenchmarkHierarchical(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	batch := randomBatch(rng, 64, 1024)
	z := make([]float32, 0, 64*1024)
	for _, x := range flatten(batch.z) {
		z = append(z, float32(x))
	}
	args := []any{tensors.FromFlatDataAndDimensions(z, 64, 1024), batch.theory, batch.levels, batch.direction}
	for _, cfg := range []HierarchicalConfig{{SkipEmpty, .1}, {HMCE, .1}} {
		b.Run(fmt.Sprint(cfg.Variant), func(b *testing.B) {
			exec := MustNewExec(engine.OpenForTest(b).Backend, func(in []*Node) []*Node {
				r := Hierarchical(cfg, in[0], in[1], in[2], in[3])
				return []*Node{r.Loss, Gradient(r.Loss, in[0])[0]}
			})
			exec.MustCall(args...) // compiles
			for b.Loop() {
				exec.MustCall(args...)
			}
		})
	}
}
