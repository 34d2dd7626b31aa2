package losses

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/goldentest"
)

// Allowed distance from the golden values, relative to the largest of them or 1. In f64 the references
// were checked among themselves to 3e-15; f32 has logits of up to 100 at τ = .01.
const (
	tolerance64 = 1e-11
	tolerance32 = 2e-4
)

type goldenValue struct {
	Loss        float64     `json:"loss"`
	GradZ       [][]float64 `json:"grad_z"`
	PerLevel    []float64   `json:"per_level"`
	RawPerLevel []*float64  `json:"raw_per_level"` // null: no positives
	LevelsSeen  int         `json:"levels_seen"`
}

type goldenHierarchical struct {
	Cases []struct {
		Name      string                 `json:"name"`
		Tau       float64                `json:"tau"`
		Theory    []int32                `json:"theory"`
		Levels    [][]int32              `json:"levels"`
		Direction []int32                `json:"direction"`
		Z         [][]float64            `json:"z"`
		Variants  map[string]goldenValue `json:"variants"`
	} `json:"cases"`
}

func TestGoldenHierarchical(t *testing.T) {
	var golden goldenHierarchical
	goldentest.ReadJSON(t, &golden, "c_loss", "hierarchical.json")
	for _, c := range golden.Cases {
		for name, want := range c.Variants {
			variant, err := ParseVariant(name)
			if err != nil {
				t.Fatal(err)
			}
			cfg := HierarchicalConfig{Variant: variant, Temperature: c.Tau}
			for _, dtype := range []dtypes.DType{dtypes.Float64, dtypes.Float32} {
				t.Run(fmt.Sprintf("%s/%s/%s", c.Name, name, dtype), func(t *testing.T) {
					got := runHierarchical(t, cfg, dtype, c.Z, c.Theory, c.Levels, c.Direction)
					checkHierarchical(t, got, want, dtype)
				})
			}
		}
	}
}

// hierarchicalValues is a Result with its gradient, outside the graph.
type hierarchicalValues struct {
	loss          float64
	grad          []float64
	levels, share []float64
}

func runHierarchical(t *testing.T, cfg HierarchicalConfig, dtype dtypes.DType, z [][]float64, theory []int32, levels [][]int32, direction []int32) hierarchicalValues {
	t.Helper()
	out := evaluate(t, dtype, func(in []*Node) []*Node {
		r := Hierarchical(cfg, in[0], in[1], in[2], in[3])
		return []*Node{r.Loss, Gradient(r.Loss, in[0])[0], r.Levels, r.LevelAnchors}
	}, z, theory, levels, direction)
	return hierarchicalValues{out[0][0], out[1], out[2], out[3]}
}

func checkHierarchical(t *testing.T, got hierarchicalValues, want goldenValue, dtype dtypes.DType) {
	t.Helper()
	near(t, dtype, "loss", []float64{got.loss}, []float64{want.Loss})
	near(t, dtype, "grad_z", got.grad, flatten(want.GradZ))
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
		near(t, dtype, fmt.Sprintf("level %d", v+1), got.levels[v:v+1], []float64{wantLevel})
	}
	if seen != want.LevelsSeen {
		t.Errorf("%d levels have an anchor with a positive, want %d", seen, want.LevelsSeen)
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

// evaluate runs build once; floating-point arguments go in as dtype, all outputs come back as float64.
func evaluate(t testing.TB, dtype dtypes.DType, build func([]*Node) []*Node, args ...any) [][]float64 {
	t.Helper()
	inputs := make([]any, len(args))
	for i, a := range args {
		inputs[i] = tensors.MustFromAnyValue(a)
	}
	outputs, err := CallOnceN(testBackend(t), func(in []*Node) []*Node {
		// The gradient is taken with respect to the converted nodes, in the arithmetic under test.
		for i, n := range in {
			if n.DType().IsFloat() {
				in[i] = ConvertDType(n, dtype)
			}
		}
		out := build(in)
		for i, n := range out {
			out[i] = ConvertDType(n, dtypes.Float64)
		}
		return out
	}, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float64, len(outputs))
	for i, o := range outputs {
		values[i] = tensors.MustCopyFlatData[float64](o)
	}
	return values
}

// near fails if got is further from want than the dtype's tolerance, relative to want's largest entry or
// 1. NaN is never near.
func near(t testing.TB, dtype dtypes.DType, what string, got, want []float64) {
	t.Helper()
	tolerance := tolerance64
	if dtype == dtypes.Float32 {
		tolerance = tolerance32
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, want %d", what, len(got), len(want))
		return
	}
	scale := 1.0
	for _, w := range want {
		scale = math.Max(scale, math.Abs(w))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) {
			t.Errorf("%s[%d] = %.15g, want %.15g within %g", what, i, got[i], want[i], tolerance*scale)
			return
		}
	}
}

func flatten(x [][]float64) []float64 {
	var out []float64
	for _, row := range x {
		out = append(out, row...)
	}
	return out
}
