package loop_test

import (
	"path/filepath"
	"testing"

	"hives/internal/engine"
	"hives/internal/optim"
	"hives/internal/rig/goldentest"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/step"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	"hives/pack"
)

// BenchmarkSavePause times how long a step waits for its checkpoint, with the state on the device: saves
// beside the steps (begin alone; the write is waited for off the clock), and saves that steps wait for.
func BenchmarkSavePause(b *testing.B) {
	demo, err := qwen3embed.LoadConfig(filepath.Join(goldentest.ModuleRoot(b), "demo", "model", "config.json"))
	if err != nil {
		b.Fatal(err)
	}
	large := *demo // 16.8 M parameters: 201 MB with both moments
	large.HiddenSize, large.IntermediateSize, large.NumLayers, large.NumHeads, large.NumKVHeads, large.HeadDim = 512,
		1536, 4, 8, 4, 64
	for _, c := range []struct {
		name string
		cfg  *qwen3embed.Config
	}{{"demo", demo}, {"large", &large}} {
		for mode, waiting := range map[string]bool{"beside": false, "waiting": true} {
			b.Run(c.name+"/"+mode, func(b *testing.B) { benchmarkSave(b, c.cfg, waiting) })
		}
	}
}

func benchmarkSave(b *testing.B, cfg *qwen3embed.Config, waiting bool) {
	m, err := qwen3embed.Random(cfg, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	objective := &contrast.Objective{
		Model: m, Of: contrast.Hierarchical(losses.DefaultHierarchical()), Arithmetic: transformer.F32,
		Pooling: transformer.LastToken,
	}
	stepper, err := step.New(engine.OpenForTest(b).Backend, objective, step.Options{Optimizer: optim.Default(0)})
	if err != nil {
		b.Fatal(err)
	}
	defer stepper.Close()
	texts := [][]int32{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {1, 5, 9}}
	packed, err := pack.One(texts, []pack.Shape{{Rows: 4, Length: 4, Texts: 4}})
	if err != nil {
		b.Fatal(err)
	}
	rows := &contrast.Batch{
		Packs: []pack.Batch{packed}, Theory: make([]int32, 4), Direction: make([]int32, 4),
		Levels: []int32{0, 0, -1, 0, 0, -1, 1, 1, -1, 1, 1, -1},
	}
	batch, err := rows.Step(objective)
	if err != nil {
		b.Fatal(err)
	}
	begin, wait := loop.Saver(b.TempDir(), waiting)
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		if _, err := stepper.Step(batch, i, 1e-4, 1); err != nil { // new buffers on the device
			b.Fatal(err)
		}
		b.StartTimer()
		err := begin(i+1, objective.Parameters())
		b.StopTimer()
		if err == nil {
			err = wait()
		}
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/save")
}
