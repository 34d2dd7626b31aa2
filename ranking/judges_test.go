package ranking_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"

	"hives/ranking"
)

// dice are votes of judges that know nothing, of windows of k.
func dice(random *rand.Rand, items, judges, k, n int) (votes []ranking.Vote) {
	for range n {
		votes = append(votes, ranking.Vote{Judge: random.IntN(judges), Order: random.Perm(items)[:k], Shown: random.Perm(k)})
	}
	return votes
}

// The Hessian's product is the difference of gradients a little apart. Control: Fisher's information, which leaves a
// term out, is another.
func TestTheJudgeModelsHessianIsADifferenceOfGradients(t *testing.T) {
	for _, k := range []int{2, 4} {
		random := rand.New(rand.NewPCG(uint64(k), 31))
		const items, judges = 8, 3
		votes := dice(random, items, judges, k, 60)
		parts := []int{items, judges} // each centred: utilities, log β, and beyond pairs a judge's biases
		size := items + judges + judges
		if k > 2 {
			parts, size = append(parts, k, k, k), items+judges+judges*k
		}
		draw := func() []float64 {
			x := make([]float64, size)
			for i := range x {
				x[i] = random.NormFloat64()
			}
			from := 0
			for _, n := range parts {
				mean := floats.Sum(x[from:from+n]) / float64(n)
				floats.AddConst(-mean, x[from:from+n])
				from += n
			}
			return x
		}
		x, d := draw(), draw()
		const h = 1e-5
		near := func(sign float64) []float64 {
			y := make([]float64, size)
			for i := range y {
				y[i] = x[i] + sign*h*d[i]
			}
			g, _ := ranking.JudgeDerivatives(items, judges, votes, y, d, true)
			return append([]float64(nil), g...)
		}
		above, below := near(1), near(-1)
		_, exact := ranking.JudgeDerivatives(items, judges, votes, x, d, true)
		_, fisher := ranking.JudgeDerivatives(items, judges, votes, x, d, false)
		far := 0.
		for i := range exact {
			want := (above[i] - below[i]) / (2 * h)
			if math.Abs(exact[i]-want) > 1e-4*max(1, math.Abs(want)) {
				t.Errorf("k %d, parameter %d: product %v, difference of gradients %v", k, i, exact[i], want)
			}
			far = max(far, math.Abs(fisher[i]-want))
		}
		if far < .1 {
			t.Errorf("control: k %d: Fisher's information is the Hessian within %v", k, far)
		}
	}
}

// Judges that throw dice leave a flat valley, in which Fisher's steps alone had not settled after 5,000.
func TestJudgesThatThrowDiceSettle(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 32))
		m, err := ranking.FitJudges(80, 5, dice(random, 80, 5, 2, 80*(1+int(seed)*2)), ranking.DefaultJudgePriors())
		if err != nil || m.Steps > 200 {
			t.Errorf("seed %d: %v steps, %v", seed, m, err)
		} else {
			t.Logf("seed %d: %d steps", seed, m.Steps)
		}
	}
}
