package losses

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"hives/internal/rig/gradcheck"
)

const width = 4 // H of the random batches

// allVariants at a temperature, in the order of Variants.
func allVariants(tau float64) []HierarchicalConfig {
	var cfgs []HierarchicalConfig
	for _, name := range Variants() {
		cfgs = append(cfgs, HierarchicalConfig{Variant: Variant(name), Temperature: tau})
	}
	return cfgs
}

// draws runs check on batches of several sizes, each from its own printed seed.
func draws(t *testing.T, count int, check func(t *testing.T, rng *rand.Rand, size int)) {
	t.Helper()
	for seed := range uint64(count) {
		size := []int{1, 2, 3, 6, 11}[seed%5]
		rng := rand.New(rand.NewPCG(seed, 20260101))
		check(t, rng, size)
		if t.Failed() {
			t.Fatalf("seed %d, batch of %d", seed, size)
		}
	}
}

func TestHierarchicalEqualsItsTwinAndDifferences(t *testing.T) {
	cfgs := allVariants(.3)
	draws(t, 40, func(t *testing.T, rng *rand.Rand, size int) {
		b := randomBatch(rng, size, width)
		got := runHierarchical(t, cfgs, dtypes.Float64, b)
		for i, cfg := range cfgs {
			want, at := twinHierarchical(cfg, b, nil)
			near(t, dtypes.Float64, string(cfg.Variant), []float64{got[i].loss}, []float64{want})
			f := func(x []float64) float64 {
				moved := b
				moved.z = unflatten(x, width)
				loss, _ := twinHierarchical(cfg, moved, at)
				return loss
			}
			checkGradient(t, string(cfg.Variant), f, flatten(b.z), got[i].grad)
		}
	})
}

// One wrong pair is another loss, in every variant: the negative control of the matrices.
func TestEveryVariantHeedsEachPair(t *testing.T) {
	const size = 5
	rng := rand.New(rand.NewPCG(3, 3))
	b := same(randomRows(rng, size, width))
	cfgs := allVariants(.3)
	right := runHierarchical(t, cfgs, dtypes.Float64, b)
	for i := range size {
		for j := range size {
			b.ignore = noPairs(size)
			b.ignore[i][j] = true
			for k, got := range runHierarchical(t, cfgs, dtypes.Float64, b) {
				if moved := math.Abs(got.loss-right[k].loss) > 1e-9; moved != (i != j) {
					t.Errorf("%s: ignoring pair (%d, %d) takes the loss from %g to %g", cfgs[k].Variant, i, j, right[k].loss, got.loss)
				}
			}
		}
	}
}

func TestInfoNCEEqualsItsTwinAndDifferences(t *testing.T) {
	const tau, anchors = .3, 5
	loss := func(in []*Node) []*Node {
		l := InfoNCE(Normalize(in[0]), Normalize(in[1]), in[2], tau)
		return append([]*Node{l}, Gradient(l, in[0], in[1])...)
	}
	draws(t, 20, func(t *testing.T, rng *rand.Rand, size int) {
		z, bank := randomRows(rng, size, width), randomRows(rng, anchors, width)
		ids := randomIDs(rng, size, anchors)
		got := evaluate(t, dtypes.Float64, loss, z, bank, ids)
		near(t, dtypes.Float64, "loss", got[0], []float64{twinInfoNCE(z, bank, ids, tau)})
		checkGradient(t, "vectors", func(x []float64) float64 {
			return twinInfoNCE(unflatten(x, width), bank, ids, tau)
		}, flatten(z), got[1])
		checkGradient(t, "anchors", func(x []float64) float64 {
			return twinInfoNCE(z, unflatten(x, width), ids, tau)
		}, flatten(bank), got[2])
	})
}

// randomIDs draws ids of [−1, n).
func randomIDs(rng *rand.Rand, size, n int) []int32 {
	ids := make([]int32, size)
	for i := range ids {
		ids[i] = rng.Int32N(int32(n)+1) - 1
	}
	return ids
}

func TestStage2EqualsItsTwinAndDifferences(t *testing.T) {
	const anchors = 3
	for name := range stage2Names {
		cfg, err := Stage2Named(name)
		if err != nil {
			t.Fatal(err)
		}
		// Gentle temperatures keep the differences exact.
		cfg.Hierarchical.Temperature, cfg.TemperatureIndividual, cfg.TemperatureTheory = .3, .4, .5
		loss := func(in []*Node) []*Node {
			r := Stage2(cfg, Stage2Inputs{Z: in[0], Labels: labelsOf(in[1:5]),
				IndividualIDs: in[5], TheoryIDs: in[6], IndividualBank: in[7], TheoryBank: in[8]})
			return []*Node{r.Loss, Gradient(r.Loss, in[0])[0]}
		}
		draws(t, 4, func(t *testing.T, rng *rand.Rand, size int) {
			size += 7 // each part needs a row
			b := randomBatch(rng, size, width)
			individual, theory := randomIDs(rng, size, anchors), randomIDs(rng, size, anchors)
			banks := [2][][]float64{randomRows(rng, anchors, width), randomRows(rng, anchors, width)}
			got := evaluate(t, dtypes.Float64, loss, append(b.args(), individual, theory, banks[0], banks[1])...)
			_, at := twinStage2(cfg, b, individual, theory, banks, nil)
			f := func(x []float64) float64 {
				moved := b
				moved.z = unflatten(x, width)
				loss, _ := twinStage2(cfg, moved, individual, theory, banks, at)
				return loss
			}
			near(t, dtypes.Float64, name, got[0], []float64{f(flatten(b.z))})
			checkGradient(t, name, f, flatten(b.z), got[1])
		})
	}
}

// checkGradient holds grad against differences of f and asserts that the check refuses a gradient a
// thousandth too long.
func checkGradient(t *testing.T, what string, f func([]float64) float64, x, grad []float64) {
	t.Helper()
	if err := gradcheck.Compare(f, x, grad); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	wrong, length := make([]float64, len(grad)), 0.0
	for i, g := range grad {
		wrong[i] = 1.001 * g
		length = max(length, g, -g)
	}
	if length > 1e-2 && gradcheck.Compare(f, x, wrong) == nil {
		t.Errorf("%s: a wrong gradient passes", what)
	}
}
