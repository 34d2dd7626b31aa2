package losses

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"hives/internal/fault"
)

// same is a batch of rows that share one full path and direction.
func same(z [][]float64) twinBatch {
	n := len(z)
	return twinBatch{z: z, theory: make([]int32, n), direction: make([]int32, n),
		levels: slices.Repeat([][]int32{{1, 2, 3}}, n), ignore: noPairs(n)}
}

func TestDegenerateBatchesStayFinite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zeroRow := same(randomRows(rng, 4, width))
	zeroRow.z[2] = make([]float64, width)
	unlabelled := same(randomRows(rng, 4, width))
	unlabelled.levels = slices.Repeat([][]int32{{-1, -1, -1}}, 4)
	singletons := same(randomRows(rng, 3, width))
	singletons.levels = [][]int32{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}
	silent := same(randomRows(rng, 3, width))
	silent.ignore = [][]bool{{true, true, true}, {true, true, true}, {true, true, true}}
	extreme := same(randomRows(rng, 4, width))
	for k := range width {
		extreme.z[0][k] *= 1e30
		extreme.z[1][k] *= 1e-25
		extreme.z[2][k] *= 1e-42 // below the smallest normal f32
	}
	tests := []struct {
		name  string
		batch twinBatch
		zero  bool // the loss has nothing to say
	}{
		{"one row has no denominator", same(randomRows(rng, 1, width)), true},
		{"no row has a positive", singletons, true},
		{"every pair is ignored", silent, true},
		{"no row has a label", unlabelled, false}, // the *_missing_shared variants see one label
		{"a vector of zeros", zeroRow, false},
		{"vectors of zeros only", same([][]float64{make([]float64, width), make([]float64, width)}), false},
		{"identical vectors", same(slices.Repeat(randomRows(rng, 1, width), 5)), false},
		{"norms whose squares leave f32", extreme, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := test.batch
			for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
				for i, got := range runHierarchical(t, allVariants(.01), dtype, b) {
					assertFinite(t, Variants()[i], append(got.grad, got.loss))
					if test.zero && (got.loss != 0 || slices.Max(got.grad) != 0 || slices.Max(got.share) != 0) {
						t.Errorf("%s: loss %g, gradient %v, shares %v, want 0", Variants()[i], got.loss, got.grad, got.share)
					}
				}
			}
		})
	}
}

// At τ = .01 opposite vectors have a logit of −100; a row's own place must stay out of the denominator
// even then, so the only candidate is certain and the loss 0.
func TestOwnPlaceNeverCounts(t *testing.T) {
	b := same([][]float64{{1, 2, 3, 4}, {-1, -2, -3, -4}})
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		for i, got := range runHierarchical(t, allVariants(.01), dtype, b) {
			near(t, dtype, Variants()[i], []float64{got.loss}, []float64{0})
		}
	}
}

// Levels of the same positives tie even if rounding set their values apart, and levels of unlike
// positives do not.
func TestFloorTiesByPositives(t *testing.T) {
	masks := [][][]bool{{{true, false}}, {{true, true}}}
	for k, want := range [][]float64{{1, .5}, {1, 1}} {
		out := evaluate(t, dtypes.Float64, func(in []*Node) []*Node {
			used := floorAtCoarser(in[0], []*Node{in[2], in[1]})
			return Gradient(ReduceAllSum(used), in[0])
		}, []float64{2, 2 + 1e-15}, masks[0], masks[k])
		near(t, dtypes.Float64, "gradient", out[0], want)
	}
}

func TestInfoNCEOfNothingIsZero(t *testing.T) {
	z := [][]float64{{0, 0}, {1, 2}}
	out := evaluate(t, dtypes.Float32, func(in []*Node) []*Node {
		l := InfoNCE(Normalize(in[0]), Normalize(in[1]), in[2], .07)
		return append([]*Node{l}, Gradient(l, in[0], in[1])...)
	}, z, [][]float64{{1, 0}, {0, 0}}, []int32{-1, -1})
	for _, values := range out {
		for _, v := range values {
			if v != 0 {
				t.Errorf("loss and gradients %v, want 0", out)
			}
		}
	}
}

func assertFinite(t *testing.T, what string, values []float64) {
	t.Helper()
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s: %v is not finite", what, values)
			return
		}
	}
}

// The chance-level loss is log(B−1): all vectors alike, every other row as likely.
func TestChanceLevelIsTheLogOfTheOthers(t *testing.T) {
	b := same(slices.Repeat([][]float64{{1, 2, 3, 4}}, 64))
	cfg := []HierarchicalConfig{DefaultHierarchical()}
	got := runHierarchical(t, cfg, dtypes.Float64, b)[0]
	near(t, dtypes.Float64, "loss", []float64{got.loss}, []float64{math.Log(63)})
	near(t, dtypes.Float64, "levels", got.levels, slices.Repeat([]float64{math.Log(63)}, 3))
	near(t, dtypes.Float64, "share of anchors", got.share, []float64{1, 1, 1})
}

// SkipEmpty does not depend on how many singletons a batch holds beyond what they do as negatives; Paper
// does. Here the singletons are opposite to everything, so as negatives they weigh nothing.
func TestSkipEmptyIgnoresSingletons(t *testing.T) {
	b := same([][]float64{{1, 0, 0, .1}, {1, 0, .1, 0}, {1, .1, 0, 0}})
	with := same(append(slices.Clone(b.z), []float64{-1, 0, 0, 0}))
	with.levels[3] = []int32{7, 8, 9}
	cfgs := []HierarchicalConfig{{SkipEmpty, .05}, {Paper, .05}}
	run := func(b twinBatch) (skip, paper float64) {
		got := runHierarchical(t, cfgs, dtypes.Float64, b)
		return got[0].loss, got[1].loss
	}
	skip1, paper1 := run(b)
	skip2, paper2 := run(with)
	near(t, dtypes.Float64, "skip_empty", []float64{skip2}, []float64{skip1})
	near(t, dtypes.Float64, "paper", []float64{paper2}, []float64{paper1 * 3 / 4})
}

func TestConfigIsRefused(t *testing.T) {
	_, err := ParseVariant("hmcee")
	wantInvalid(t, err, "hmce_no_direction_weight")
	wantInvalid(t, HierarchicalConfig{Variant: "x", Temperature: 1}.Validate(), `"x"`)
	wantInvalid(t, HierarchicalConfig{Variant: Paper}.Validate(), "temperature 0")
	wantInvalid(t, HierarchicalConfig{Variant: Paper, Temperature: math.NaN()}.Validate(), "NaN")
	if v, err := ParseVariant(""); v != SkipEmpty || err != nil {
		t.Errorf("the empty name is %q, %v, want %q", v, err, SkipEmpty)
	}
	for _, name := range Variants() {
		if v, err := ParseVariant(name); string(v) != name || err != nil {
			t.Errorf("ParseVariant(%q) = %q, %v", name, v, err)
		}
	}
}

func TestCheckAnchorIDs(t *testing.T) {
	if err := CheckAnchorIDs([]int32{-1, 0, 4}, 5); err != nil {
		t.Error(err)
	}
	for _, ids := range [][]int32{{0, 5}, {0, -2}} {
		if err := CheckAnchorIDs(ids, 5); fault.Of(err) != fault.Mismatch {
			t.Errorf("ids %v: error %v, want a mismatch", ids, err)
		}
	}
}

func TestWrongShapesPanicWithBoth(t *testing.T) {
	z, ids, levels := [][]float32{{1, 2}, {3, 4}}, []int32{0, 0}, [][]int32{{0, 0, 0}, {0, 0, 0}}
	three, vectors := []int32{0, 0, 0}, "(Float32)[2, 2]"
	for _, c := range []struct {
		name                      string
		theory, levels, direction any
		says                      []string
	}{
		{"theory", three, levels, ids, []string{"theory (Int32)[3]", vectors, "[2]"}},
		{"direction", ids, levels, three, []string{"direction (Int32)[3]", vectors, "[2]"}},
		{"levels", ids, [][]int32{{0, 0}}, ids, []string{"levels (Int32)[1, 2]", vectors, "[2, L]"}},
		{"levels without an axis", ids, ids, ids, []string{"levels (Int32)[2]", vectors, "[2, L]"}},
		{"a theory that is no integer", []float32{0, 0}, levels, ids, []string{"theory (Float32)[2]", vectors, "integers"}},
	} {
		_, err := CallOnce(goBackend(t), func(z, theory, levels, direction *Node) *Node {
			return Hierarchical(DefaultHierarchical(), z, Labels{Theory: theory, Levels: levels, Direction: direction}).Loss
		}, z, c.theory, c.levels, c.direction)
		wantWords(t, c.name, err, c.says)
	}
	_, err := CallOnce(goBackend(t), func(z, bank, ids *Node) *Node {
		return InfoNCE(Normalize(z), Normalize(bank), ids, .1)
	}, z, [][]float32{{1, 2, 3}}, ids)
	wantWords(t, "bank", err, []string{"(Float32)[1, 3]", vectors, "[K, H]"})
}

// wantWords asserts an error that holds every word.
func wantWords(t *testing.T, name string, err error, words []string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %v, want one that says %q", name, err, word)
		}
	}
}
