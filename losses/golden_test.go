package losses

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
)

type goldenValue struct {
	Loss        float64     `json:"loss"`
	GradZ       [][]float64 `json:"grad_z"`
	PerLevel    []float64   `json:"per_level"`
	RawPerLevel []*float64  `json:"raw_per_level"` // null: no positives
	LevelsSeen  int         `json:"levels_seen"`
}

type goldenHierarchical struct {
	Name      string                 `json:"name"`
	Tau       float64                `json:"tau"`
	Theory    []int32                `json:"theory"`
	Levels    [][]int32              `json:"levels"`
	Direction []int32                `json:"direction"`
	Z         [][]float64            `json:"z"`
	Variants  map[string]goldenValue `json:"variants"`
}

func readHierarchical(t *testing.T) []goldenHierarchical {
	var golden struct{ Cases []goldenHierarchical }
	goldentest.ReadJSON(t, &golden, "c_loss", "hierarchical.json")
	return golden.Cases
}

// configs are the case's variants, in the order of names.
func (c goldenHierarchical) configs(t *testing.T) (names []string, cfgs []HierarchicalConfig) {
	for _, name := range slices.Sorted(maps.Keys(c.Variants)) {
		variant, err := ParseVariant(name)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		cfgs = append(cfgs, HierarchicalConfig{Variant: variant, Temperature: c.Tau})
	}
	return names, cfgs
}

func TestGoldenHierarchical(t *testing.T) {
	for _, c := range readHierarchical(t) {
		for _, dtype := range []dtypes.DType{dtypes.Float64, dtypes.Float32} {
			t.Run(fmt.Sprintf("%s/%s", c.Name, dtype), func(t *testing.T) {
				c.check(t, goBackend(t), dtype)
			})
		}
	}
}

// The engine that trains gives the same in f32; one case of the largest batch, for XLA takes seconds to
// compile all variants.
func TestGoldenHierarchicalOnEngine(t *testing.T) {
	cases := readHierarchical(t)
	largest := slices.MaxFunc(cases, func(a, b goldenHierarchical) int { return len(a.Z) - len(b.Z) })
	largest.check(t, engine.OpenForTest(t).Backend, dtypes.Float32)
}

func (c goldenHierarchical) check(t *testing.T, backend compute.Backend, dtype dtypes.DType) {
	names, cfgs := c.configs(t)
	run := compile(t, backend, dtype, hierarchicalGraph(cfgs))
	got := hierarchicalResults(run(t, c.Z, c.Theory, c.Levels, c.Direction))
	for i, name := range names {
		checkHierarchical(t, name, got[i], c.Variants[name], dtype)
	}
}

// hierarchicalValues is a Result with its gradient, outside the graph.
type hierarchicalValues struct {
	loss          float64
	grad          []float64
	levels, share []float64
}

// hierarchicalGraph evaluates several settings at once, four outputs each.
func hierarchicalGraph(cfgs []HierarchicalConfig) func([]*Node) []*Node {
	return func(in []*Node) (nodes []*Node) {
		for _, cfg := range cfgs {
			r := Hierarchical(cfg, in[0], labelsOf(in[1:]))
			nodes = append(nodes, r.Loss, Gradient(r.Loss, in[0])[0], r.Levels, r.LevelAnchors)
		}
		return nodes
	}
}

// labelsOf names inputs: theory, levels, direction and, if there are more, ignore.
func labelsOf(in []*Node) Labels {
	l := Labels{Theory: in[0], Levels: in[1], Direction: in[2]}
	if len(in) > 3 {
		l.Ignore = in[3]
	}
	return l
}

// hierarchicalResults reads the outputs of hierarchicalGraph.
func hierarchicalResults(out [][]float64) []hierarchicalValues {
	values := make([]hierarchicalValues, len(out)/4)
	for i := range values {
		o := out[4*i:]
		values[i] = hierarchicalValues{o[0][0], o[1], o[2], o[3]}
	}
	return values
}

// runHierarchical evaluates several settings on one batch on the Go engine.
func runHierarchical(t testing.TB, cfgs []HierarchicalConfig, dtype dtypes.DType, b twinBatch) []hierarchicalValues {
	t.Helper()
	return hierarchicalResults(evaluate(t, dtype, hierarchicalGraph(cfgs), b.args()...))
}

func checkHierarchical(t *testing.T, name string, got hierarchicalValues, want goldenValue, dtype dtypes.DType) {
	t.Helper()
	near(t, dtype, name+" loss", []float64{got.loss}, []float64{want.Loss})
	near(t, dtype, name+" grad_z", got.grad, flatten(want.GradZ))
	seen := 0
	for v, share := range got.share {
		if share > 0 {
			seen++
		}
		wantLevel := 0.0
		if v < len(want.PerLevel) {
			wantLevel = want.PerLevel[v]
		}
		if v < len(want.RawPerLevel) && want.RawPerLevel[v] != nil {
			wantLevel = *want.RawPerLevel[v]
		}
		near(t, dtype, fmt.Sprintf("%s level %d", name, v+1), got.levels[v:v+1], []float64{wantLevel})
	}
	if seen != want.LevelsSeen {
		t.Errorf("%s: %d levels have an anchor with a positive, want %d", name, seen, want.LevelsSeen)
	}
}

func TestGoldenInfoNCE(t *testing.T) {
	var golden struct {
		Cases []struct {
			Name            string      `json:"name"`
			Tau             float64     `json:"tau"`
			Z               [][]float64 `json:"z"`
			Anchors         [][]float64 `json:"anchors"`
			IDs             []int32     `json:"ids"`
			Loss            float64     `json:"loss"`
			GradZ           [][]float64 `json:"grad_z"`
			GradAnchors     [][]float64 `json:"grad_anchors"`
			GradAnchorsUnit [][]float64 `json:"grad_anchors_unit"`
		} `json:"cases"`
	}
	goldentest.ReadJSON(t, &golden, "c_loss", "infonce.json")
	for _, c := range golden.Cases {
		for _, dtype := range []dtypes.DType{dtypes.Float64, dtypes.Float32} {
			t.Run(fmt.Sprintf("%s/%s", c.Name, dtype), func(t *testing.T) {
				if err := CheckAnchorIDs(c.IDs, len(c.Anchors)); err != nil {
					t.Fatal(err)
				}
				out := evaluate(t, dtype, func(in []*Node) []*Node {
					bank := Normalize(in[1])
					loss := InfoNCE(Normalize(in[0]), bank, in[2], c.Tau)
					return append([]*Node{loss}, Gradient(loss, in[0], in[1], bank)...)
				}, c.Z, c.Anchors, c.IDs)
				near(t, dtype, "loss", out[0], []float64{c.Loss})
				near(t, dtype, "grad_z", out[1], flatten(c.GradZ))
				near(t, dtype, "grad_anchors", out[2], flatten(c.GradAnchors))
				near(t, dtype, "grad_anchors_unit", out[3], flatten(c.GradAnchorsUnit))
			})
		}
	}
}
