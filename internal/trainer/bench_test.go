package trainer_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"hives/internal/engine"
	"hives/internal/goldentest"
	"hives/internal/optim"
	"hives/internal/trainer"
	"hives/losses"
	"hives/model/qwen3embed"
)

// BenchmarkStep times whole training steps of the demo's model: 64 texts padded to S tokens.
func BenchmarkStep(b *testing.B) {
	cfg, err := qwen3embed.LoadConfig(filepath.Join(goldentest.ModuleRoot(b), "demo", "model", "config.json"))
	if err != nil {
		b.Fatal(err)
	}
	for _, sequence := range []int{32, 64} {
		b.Run(fmt.Sprintf("demo_64x%d", sequence), func(b *testing.B) { benchmarkStep(b, cfg, 64, sequence) })
	}
}

func benchmarkStep(b *testing.B, cfg *qwen3embed.Config, rows, sequence int) {
	m, err := qwen3embed.Random(cfg, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	stepper, err := trainer.NewStepper(engine.OpenForTest(b).Backend, m, trainer.StepOptions{
		Loss: losses.DefaultHierarchical(), Optimizer: optim.Default(0),
		Arithmetic: qwen3embed.F32, Pooling: qwen3embed.LastToken,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer stepper.Close()
	batch := randomBatch(cfg, rows, sequence)
	if _, err := stepper.Step(batch, 0, 0); err != nil { // compiles
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := stepper.Step(batch, i+1, 1e-4); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows*sequence)/b.Elapsed().Seconds(), "tokens/s")
}

// randomBatch fills every position, so that padded and real tokens are the same number.
func randomBatch(cfg *qwen3embed.Config, rows, sequence int) *trainer.Batch {
	draw := rand.New(rand.NewPCG(1, 1))
	batch := &trainer.Batch{Sequence: sequence}
	for range rows {
		for range sequence {
			batch.IDs = append(batch.IDs, int32(draw.IntN(cfg.VocabSize)))
		}
		batch.Lengths = append(batch.Lengths, int32(sequence))
		batch.Theory = append(batch.Theory, 0)
		batch.Levels = append(batch.Levels, int32(draw.IntN(4)), int32(draw.IntN(4)), -1)
		batch.Direction = append(batch.Direction, int32(draw.IntN(3))-1)
	}
	return batch
}
