package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"hives/data"
	"hives/encoder"
	"hives/internal/cli"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/internal/trainer"
)

// Sizes of the parts; every row is a text of its own.
const measuredTexts, trainTexts = 48, 60

// hostile stands in texts, notes and a corpus name.
const hostile = `</script><img src=x onerror="alert('2')">|`

func sample(n int, part string) []data.Row {
	paths := [][3]string{{"care/harm", "caring", ""}, {"fairness/cheating", "", ""}, {"loyalty/betrayal", "", ""}}
	var rows []data.Row
	for i := range n {
		p := paths[i*i%len(paths)]
		text := fmt.Sprintf("%s %s example %d %s", hostile, part, i, p[0])
		rows = append(rows, data.Row{
			Text: text, TextID: data.TextID(text), Group: fmt.Sprint(part, "g", i/2),
			Theory: "mft", Level1: p[0], Level2: p[1], Direction: int32(i%2*2 - 1), DirectionSource: data.SourceAnnotated,
			Corpus: []string{"plain", hostile}[i/3%2], IndividualAnchor: -1, TheoryAnchor: -1,
		})
	}
	return rows
}

// fake is a model by its folder: folders of one name and content make one vector.
type fake struct {
	source   Source
	embedded *int
}

func (f fake) Identity() encoder.Identity {
	weights, _ := os.ReadFile(filepath.Join(f.source.Dir, "weights"))
	pooling := f.source.Pooling
	if pooling == "" {
		pooling = "mean"
	}
	return encoder.Identity{Name: "fake", WeightsSHA256: string(weights), Dimension: 3, Pooling: pooling}
}

func (f fake) Encode(_ context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(inputs))
	for i, in := range inputs {
		*f.embedded++
		a, b := 0.0, 0.0
		for k, c := range f.Identity().WeightsSHA256 + f.source.Pooling + in.Text {
			a += float64(int(c) * (k + 1) % 17)
			b += float64(int(c) * (k + 3) % 13)
		}
		out[i] = []float32{float32(math.Cos(a) * math.Cos(b)), float32(math.Sin(a) * math.Cos(b)), float32(math.Sin(b))}
	}
	return out, f.Identity(), nil
}

// setup is an experiment with files in a temporary folder.
type setup struct {
	Job
	dir      string
	embedded int
}

func newSetup(t *testing.T) *setup {
	t.Helper()
	s := &setup{dir: t.TempDir()}
	c := Defaults()
	c.Resamples, c.Out = 40, filepath.Join(s.dir, "out")
	c.Rows = Rows{filepath.Join(s.dir, "test.csv"), filepath.Join(s.dir, "train.csv")}
	for path, rows := range map[string][]data.Row{c.Rows.Measured: sample(measuredTexts, "test"),
		c.Rows.Train: sample(trainTexts, "train")} {
		if err := data.Write(path, rows); err != nil {
			t.Fatal(err)
		}
	}
	c.Base.Model = filepath.Join(s.dir, "base")
	put(t, filepath.Join(c.Base.Model, "weights"), "of the base")
	for k, role := range []string{Screening, Screening, "full", "stage2", "seed", "seed", "permuted"} {
		name := fmt.Sprint(role, k)
		c.Runs = append(c.Runs, Run{Name: name, Dir: s.run(t, name, k), Role: role, Note: hostile})
	}
	var err error
	if c, err = c.Complete(); err != nil {
		t.Fatal(err)
	}
	open := 0
	s.Job = Job{Config: c, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Open: func(_ context.Context,
		from Source) (Embedder, func() error, error) {
		if open++; open > 1 {
			return nil, nil, errors.New("two models open at once")
		}
		return fake{from, &s.embedded}, func() error { open--; return nil }, nil
	}}
	return s
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := fsutil.WriteBytes(path, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

// run makes the folder of a finished run whose validation improves with k.
func (s *setup) run(t *testing.T, name string, k int) string {
	t.Helper()
	cfg := trainer.Default()
	cfg.Seed, cfg.Loss.Temperature = uint64(k), .05+.01*float64(k)
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.dir, name)
	r, err := runstore.Create(dir, raw, runstore.Info{Stage: 1, Hashes: map[string]string{"data": "a file",
		"validation": "another"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := r.OpenMetrics(-1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for step := 0; step <= 20; step += 10 {
		for _, record := range []map[string]any{
			{"kind": "train", "step": step, "loss": 4 - float64(step)/10},
			{"kind": "validation", "step": step, "loss": 4.1, "ranking_accuracy": map[string]any{"within_corpus": .5 +
				float64(step*k)/1000}},
		} {
			if err := m.Append(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, filepath.Join(dir, "final", "weights"), name)
	if err := r.SetStatus(runstore.Finished, 20); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *setup) read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.Config.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
