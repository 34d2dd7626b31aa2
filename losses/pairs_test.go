package losses

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
)

// goldenPairs is one case of pairs.json.
type goldenPairs struct {
	Tau       float64     `json:"tau"`
	Z         [][]float64 `json:"z"`
	Theory    []int32     `json:"theory"`
	Levels    [][]int32   `json:"levels"`
	Direction []int32     `json:"direction"`
	Ignore    [][]bool    `json:"ignore"`
	Expected  map[string]struct {
		Loss    float64     `json:"loss"`
		Levels  []float64   `json:"levels"`
		Anchors []int       `json:"anchors"`
		GradZ   [][]float64 `json:"grad_z"`
	} `json:"expected"`
}

func readPairs(t *testing.T) []goldenPairs {
	var golden struct{ Cases []goldenPairs }
	goldentest.ReadJSON(t, &golden, "j_pairs", "pairs.json")
	return golden.Cases
}

func TestGoldenPairs(t *testing.T) {
	for i, c := range readPairs(t) {
		for _, dtype := range []dtypes.DType{dtypes.Float64, dtypes.Float32} {
			t.Run(fmt.Sprintf("%d/%s", i, dtype), func(t *testing.T) { c.check(t, goBackend(t), dtype) })
		}
	}
}

func TestGoldenPairsOnEngine(t *testing.T) {
	largest := slices.MaxFunc(readPairs(t), func(a, b goldenPairs) int { return len(a.Z) - len(b.Z) })
	largest.check(t, engine.OpenForTest(t).Backend, dtypes.Float32)
}

// A matrix the wrong way round gives another loss in some case, so the comparison sees the matrix.
func TestGoldenPairsRefuseAnotherMatrix(t *testing.T) {
	for _, c := range readPairs(t) {
		turned := noPairs(len(c.Z))
		for i := range turned {
			for j := range turned {
				turned[i][j] = c.Ignore[j][i]
			}
		}
		for name, got := range c.run(t, goBackend(t), dtypes.Float64, turned) {
			if d := got.loss - c.Expected[name].Loss; strings.HasSuffix(name, ignoring) && (d > 1e-6 || d < -1e-6) {
				return
			}
		}
	}
	t.Error("every case has the same loss with its matrix transposed")
}

// ignoring marks the reference values with the matrix.
const ignoring = "_ignore"

// run evaluates every variant of the case, those that ignore pairs with the matrix.
func (c goldenPairs) run(t *testing.T, backend compute.Backend, dtype dtypes.DType,
	ignore [][]bool) map[string]hierarchicalValues {
	t.Helper()
	out := map[string]hierarchicalValues{}
	for _, with := range []bool{false, true} {
		var names []string
		var cfgs []HierarchicalConfig
		for _, name := range slices.Sorted(maps.Keys(c.Expected)) {
			short, ignores := strings.CutSuffix(name, ignoring)
			if ignores != with {
				continue
			}
			variant, err := ParseVariant(short)
			if err != nil {
				t.Fatal(err)
			}
			names, cfgs = append(names, name), append(cfgs, HierarchicalConfig{Variant: variant, Temperature: c.Tau})
		}
		args := []any{c.Z, c.Theory, c.Levels, c.Direction}
		if with {
			args = append(args, ignore)
		}
		for i, got := range hierarchicalResults(compile(t, backend, dtype, hierarchicalGraph(cfgs))(t, args...)) {
			out[names[i]] = got
		}
	}
	return out
}

func (c goldenPairs) check(t *testing.T, backend compute.Backend, dtype dtypes.DType) {
	t.Helper()
	for name, got := range c.run(t, backend, dtype, c.Ignore) {
		want := c.Expected[name]
		near(t, dtype, name+" loss", []float64{got.loss}, []float64{want.Loss})
		near(t, dtype, name+" grad_z", got.grad, flatten(want.GradZ))
		near(t, dtype, name+" levels", got.levels, want.Levels)
		var shares []float64
		for _, n := range want.Anchors {
			shares = append(shares, float64(n)/float64(len(c.Z)))
		}
		near(t, dtype, name+" share of anchors", got.share, shares)
	}
}
