package trainer_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"hives/internal/trainer/contrast"
	"hives/internal/trainer/step"

	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/rig/goldentest"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

// BenchmarkStep times whole training steps of the demo's model: 64 texts of S tokens.
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
	stepper, err := newStepper(engine.OpenForTest(b).Backend, m, stepOptions{
		Hierarchical: losses.DefaultHierarchical(), Options: step.Options{Optimizer: optim.Default(0)},
		Arithmetic: transformer.F32, Pooling: transformer.LastToken,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer stepper.Close()
	batch := randomBatch(cfg, rows, sequence)
	if _, err := stepper.Step(batch, 0, 0, 1); err != nil { // compiles
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := stepper.Step(batch, i+1, 1e-4, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows*sequence)/b.Elapsed().Seconds(), "tokens/s")
}

// randomBatch fills every position, one text a row, so that computed and real tokens are the same number.
func randomBatch(cfg *qwen3embed.Config, rows, sequence int) *contrast.Batch {
	draw := rand.New(rand.NewPCG(1, 1))
	batch, texts := &contrast.Batch{}, make([][]int32, rows)
	for i := range rows {
		for range sequence {
			texts[i] = append(texts[i], int32(draw.IntN(cfg.VocabSize)))
		}
		batch.Theory = append(batch.Theory, 0)
		batch.Levels = append(batch.Levels, int32(draw.IntN(4)), int32(draw.IntN(4)), -1)
		batch.Direction = append(batch.Direction, int32(draw.IntN(3))-1)
	}
	packed, err := pack.One(texts, []pack.Shape{{Rows: rows, Length: sequence, Texts: rows}})
	if err != nil {
		panic(err)
	}
	batch.Packs = []pack.Batch{packed}
	return batch
}
