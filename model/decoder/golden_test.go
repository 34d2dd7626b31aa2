package decoder_test

import (
	"os"
	"path"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/internal/rig/goldentest"
	"hives/model/decoder"
	"hives/model/transformer"
)

// goldenTolerance is the fixtures' own for float32.
const goldenTolerance = 1e-4

const goldenFolder = "h_vcai/c_model"

// goldenModels loads the fixtures' models with their heads, tied and not.
func goldenModels(t *testing.T) map[string]*transformer.Weights {
	t.Helper()
	entries, err := os.ReadDir(goldentest.Path(t, goldenFolder))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*transformer.Weights{}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		dir := goldentest.Path(t, goldenFolder, e.Name())
		cfg, err := decoder.LoadConfig(path.Join(dir, transformer.ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Head = true
		w, err := transformer.Load(cfg, transformer.From{Dir: dir, DType: dtypes.Float32})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
		all[e.Name()] = w
	}
	if len(all) == 0 {
		t.Fatal("no model in the fixtures")
	}
	return all
}

// TestGoldenDecode takes all prompts as one batch, greedily, through a cache: the ids of a float64 model that runs
// whole rows, as far as its margins let float32 tell, and its logits at the beginning and at the end.
func TestGoldenDecode(t *testing.T) {
	on := goEngine(t)
	for name, w := range goldenModels(t) {
		var golden struct {
			Cases []struct {
				Prompt, Greedy []int32
				Margins        []float64
				Last           []float64 `json:"last_logits"`
				After          []float64 `json:"last_logits_after_greedy"`
			}
		}
		goldentest.ReadJSON(t, &golden, goldenFolder, name, "decode.json")
		var prompts [][]int32
		longest, steps := 0, 0
		for _, c := range golden.Cases {
			prompts = append(prompts, c.Prompt)
			longest, steps = max(longest, len(c.Prompt)), max(steps, len(c.Greedy))
		}
		ids, first := padded(prompts, longest, 0)
		g := generate(t, on, w, transformer.F32, first, longest+steps)
		g.logits = true
		for n := range steps + 1 {
			all := g.step(ids, g.slots)
			ids = ids[:0:0]
			for row, c := range golden.Cases {
				last := all[(row+1)*len(all)/len(golden.Cases)-1]
				for at, want := range map[int][]float64{0: c.Last, len(c.Greedy): c.After} {
					if d := 0.0; n == at {
						if d = furthest(t, last, want); !(d <= goldenTolerance) {
							t.Errorf("%s, prompt %v, step %d: logits differ by %g", name, c.Prompt, n, d)
						}
					}
				}
				next := int32(slices.Index(last, slices.Max(last)))
				if n < len(c.Greedy) {
					if next != c.Greedy[n] && c.Margins[n] > 2*goldenTolerance {
						t.Errorf("%s, prompt %v, step %d: token %d, want %d", name, c.Prompt, n, next, c.Greedy[n])
					}
					next = c.Greedy[n]
				}
				ids = append(ids, []int32{next})
			}
			if n+1 > steps || g.start == g.slots {
				break
			}
		}
	}
}

// TestGoldenSteering adds vectors to a layer's output at all positions, and compares the next token's logits; without
// steering the states that the vectors were made of are compared by the vectors themselves.
func TestGoldenSteering(t *testing.T) {
	on := goEngine(t)
	for name, w := range goldenModels(t) {
		var golden struct {
			Vectors struct {
				Kept [][]float32 `json:"response_kept"`
			}
			Prompt []int32 `json:"steer_prompt"`
			Steer  []struct {
				Layer       int
				Coefficient float64
				Positions   string
				Last        []float64 `json:"last_logits"`
			}
		}
		goldentest.ReadJSON(t, &golden, goldenFolder, name, "persona.json")
		compared := 0
		for _, c := range golden.Steer {
			if c.Positions != "all" {
				continue
			}
			g := generate(t, on, w, transformer.F32, []int32{0}, len(golden.Prompt))
			g.logits, g.hook = true, func(behind int, x *Node) *Node {
				if behind != c.Layer+1 {
					return x
				}
				v := Const(x.Graph(), golden.Vectors.Kept[behind])
				return Add(x, ExpandLeftToRank(MulScalar(v, c.Coefficient), 3))
			}
			all := g.step([][]int32{golden.Prompt}, len(golden.Prompt))
			if d := furthest(t, all[len(all)-1][:len(c.Last)], c.Last); !(d <= goldenTolerance) {
				t.Errorf("%s, layer %d, %g: logits differ by %g", name, c.Layer, c.Coefficient, d)
			}
			compared++
		}
		if compared == 0 {
			t.Errorf("%s: nothing to compare", name)
		}
	}
}
