package lm_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/model/decoder"
	"hives/model/lm"
	"hives/model/transformer"
)

// tolerance is the fixtures' own for float32.
const tolerance = 1e-4

const folder = "h_vcai/c_model"

type golden struct {
	name string
	m    *lm.Model
	r    *lm.Runner
}

// models opens every model of the fixtures, with batches of a few rows.
func models(t *testing.T, on *engine.Engine, rows int) (all []golden) {
	t.Helper()
	entries, err := os.ReadDir(goldentest.Path(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		m, err := lm.Load(nil, goldentest.Path(t, folder, e.Name()), dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		r, err := lm.NewRunner(m, lm.Options{Backend: on.Backend, Arith: transformer.F32, Rows: rows})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		all = append(all, golden{e.Name(), m, r})
	}
	if len(all) == 0 {
		t.Fatal("no model in the fixtures")
	}
	return all
}

// goEngine compiles nothing, so that many small shapes take no time; TestCompany holds the engine of this machine to
// it.
func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(on.Close)
	return on
}

func close32(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= tolerance) {
			t.Errorf("%s [%d]: %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

func best(logits []float32) int32 {
	at := 0
	for id := range logits {
		if logits[id] > logits[at] {
			at = id
		}
	}
	return int32(at)
}

// greedy reads prompts and writes n tokens each; it also returns the first and the last logits.
func greedy(t *testing.T, r *lm.Runner, prompts [][]int32, n int, steers [][]lm.Steer) (ids [][]int32, first,
	last [][]float32) {
	t.Helper()
	logits, err := r.Begin(prompts, n, steers)
	if err != nil {
		t.Fatal(err)
	}
	first = logits
	ids = make([][]int32, len(prompts))
	for range n {
		next := make([]int32, len(prompts))
		for row := range prompts {
			next[row] = best(logits[row])
			ids[row] = append(ids[row], next[row])
		}
		if logits, err = r.Next(next); err != nil {
			t.Fatal(err)
		}
	}
	return ids, first, logits
}

func TestGoldenGenerate(t *testing.T) {
	for _, g := range models(t, goEngine(t), 3) {
		var file struct {
			Cases []struct {
				Prompt, Greedy []int32
				Margins        []float64
				First          []float64 `json:"last_logits"`
				After          []float64 `json:"last_logits_after_greedy"`
			}
		}
		goldentest.ReadJSON(t, &file, folder, g.name, "decode.json")
		for _, c := range file.Cases {
			// In company of a shorter row, in the second place.
			ids, first, last := greedy(t, g.r, [][]int32{c.Prompt[:1], c.Prompt}, len(c.Greedy), nil)
			close32(t, g.name+" first logits", first[1], c.First)
			for n, id := range c.Greedy {
				if ids[1][n] == id {
					continue
				}
				if c.Margins[n] > tolerance {
					t.Errorf("%s, prompt of %d: token %d is %d, want %d", g.name, len(c.Prompt), n, ids[1][n], id)
				}
				break // from here on the row goes another way
			}
			if slices.Equal(ids[1], c.Greedy) {
				close32(t, g.name+" last logits", last[1], c.After)
			}
		}
	}
}

// A language model that was loaded as an embedder, which has no use for its head, and saved again speaks as before.
func TestGoldenHeadsGoAlong(t *testing.T) {
	on := goEngine(t)
	for _, g := range models(t, on, 2) {
		from, dir := goldentest.Path(t, folder, g.name), t.TempDir()
		cfg, err := decoder.LoadConfig(filepath.Join(from, transformer.ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		embedder, err := transformer.Load(cfg, transformer.From{Dir: from})
		if err != nil {
			t.Fatal(err)
		}
		defer embedder.Close()
		if err := embedder.Save(dir); err != nil {
			t.Fatal(err)
		}
		m, err := lm.Load(nil, dir, dtypes.Float32)
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		defer m.Close()
		r, err := lm.NewRunner(m, lm.Options{Backend: on.Backend, Arith: transformer.F32, Rows: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		prompts := [][]int32{{3, 1, 4}, {1, 5}}
		want, first, _ := greedy(t, g.r, prompts, 8, nil)
		got, again, _ := greedy(t, r, prompts, 8, nil)
		if !reflect.DeepEqual(want, got) || !reflect.DeepEqual(first, again) || m.Config.OwnHead() != g.m.Config.OwnHead() {
			t.Errorf("%s speaks otherwise: %v, want %v", g.name, got, want)
		}
	}
}

func TestGoldenScores(t *testing.T) {
	for _, g := range models(t, goEngine(t), 3) {
		var file struct {
			Scores []struct {
				Prompt  []int32
				Options [][]int32
				Token   [][]float64 `json:"token_logp"`
			}
		}
		goldentest.ReadJSON(t, &file, folder, g.name, "decode.json")
		var rows [][]int32
		var from []int
		var want [][]float64
		for _, c := range file.Scores {
			for at, option := range c.Options {
				rows = append(rows, slices.Concat(c.Prompt, option))
				from = append(from, len(c.Prompt))
				want = append(want, c.Token[at])
			}
		}
		got, err := g.r.Score(rows, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		for row := range want {
			for n, logp := range want[row] {
				if !(math.Abs(got[row][n]-logp) <= tolerance) {
					t.Errorf("%s, row %d, token %d: %v, want %v", g.name, row, n, got[row][n], logp)
				}
			}
		}
	}
}

type persona struct {
	Samples []struct {
		Pair             int
		Side             string
		Prompt, Response []int32
	}
	Kept    []int                  `json:"kept_pairs"`
	Vectors map[string][][]float64 // [L+1][H]
	Prompt  []int32                `json:"steer_prompt"`
	Options [][]int32              `json:"steer_options"`
	Steer   []struct {
		Layer       int
		Coefficient float64
		Positions   lm.Positions
		Last        []float64 `json:"last_logits"`
		Greedy      []int32
		Margin      float64   `json:"least_margin"`
		OptionLogP  []float64 `json:"option_logp"`
	}
}

func TestGoldenMeans(t *testing.T) {
	for _, g := range models(t, goEngine(t), 2) {
		var file persona
		goldentest.ReadJSON(t, &file, folder, g.name, "persona.json")
		var rows [][]int32
		kinds := []string{"response", "prompt", "prompt_last"}
		var spans [][]lm.Span
		for _, s := range file.Samples {
			n := len(s.Prompt)
			rows = append(rows, slices.Concat(s.Prompt, s.Response))
			spans = append(spans, []lm.Span{{From: n, To: n + len(s.Response)}, {From: 0, To: n}, {From: n - 1, To: n}})
		}
		means, err := g.r.Means(rows, spans)
		if err != nil {
			t.Fatal(err)
		}
		for of, kind := range kinds {
			for _, pairs := range []string{"kept", "all"} {
				want := file.Vectors[kind+"_"+pairs]
				got := make([][]float32, len(want))
				for l := range got {
					got[l] = make([]float32, len(want[l]))
				}
				counted := map[string]float32{}
				for _, s := range file.Samples {
					if pairs == "all" || slices.Contains(file.Kept, s.Pair) {
						counted[s.Side]++
					}
				}
				for at, s := range file.Samples {
					if pairs == "kept" && !slices.Contains(file.Kept, s.Pair) {
						continue
					}
					sign := float32(1)
					if s.Side != "positive" {
						sign = -1
					}
					for l := range got {
						for k := range got[l] {
							got[l][k] += sign * means[at][of].State[l][k] / counted[s.Side]
						}
					}
				}
				for l := range want {
					close32(t, fmt.Sprintf("%s %s_%s layer %d", g.name, kind, pairs, l), got[l], want[l])
				}
			}
		}
	}
}

func TestGoldenSteer(t *testing.T) {
	for _, g := range models(t, goEngine(t), 2) {
		var file persona
		goldentest.ReadJSON(t, &file, folder, g.name, "persona.json")
		for _, c := range file.Steer {
			what := fmt.Sprintf("%s, layer %d, coefficient %v, %s", g.name, c.Layer, c.Coefficient, c.Positions)
			var vector []float32
			for _, x := range file.Vectors["response_kept"][c.Layer+1] {
				vector = append(vector, float32(x))
			}
			steer := []lm.Steer{{Layer: c.Layer, Vector: vector, Coefficient: c.Coefficient, Positions: c.Positions}}
			// The other row of the batch is not steered, and must not be.
			ids, first, _ := greedy(t, g.r, [][]int32{file.Prompt, file.Prompt}, len(c.Greedy), [][]lm.Steer{nil, steer})
			close32(t, what+" logits", first[1][:len(c.Last)], c.Last)
			if c.Margin > tolerance && !slices.Equal(ids[1], c.Greedy) {
				t.Errorf("%s: %v, want %v", what, ids[1], c.Greedy)
			}
			plain, plainFirst, _ := greedy(t, g.r, [][]int32{file.Prompt, file.Prompt}, len(c.Greedy), nil)
			if !slices.Equal(plain[0], ids[0]) || !slices.Equal(plainFirst[0], first[0]) {
				t.Errorf("%s: the unsteered row moved", what)
			}
			rows := [][]int32{slices.Concat(file.Prompt, file.Options[0]), slices.Concat(file.Prompt, file.Options[1])}
			from := []int{len(file.Prompt), len(file.Prompt)}
			got, err := g.r.Score(rows, from, [][]lm.Steer{steer, steer})
			if err != nil {
				t.Fatal(err)
			}
			for option := range rows {
				var total float64
				for _, logp := range got[option] {
					total += logp
				}
				if !(math.Abs(total-c.OptionLogP[option]) <= 5*tolerance) {
					t.Errorf("%s: option %d has log-probability %v, want %v", what, option, total, c.OptionLogP[option])
				}
			}
		}
	}
}

func logSoftmax(logits []float32) (out []float64) {
	top, sum := float64(logits[best(logits)]), 0.
	for _, x := range logits {
		sum += math.Exp(float64(x) - top)
	}
	for _, x := range logits {
		out = append(out, float64(x)-top-math.Log(sum))
	}
	return out
}
