package ranking_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/ranking"
)

// simulated judges with their own sharpness and their own liking of the first place.
type simulated struct{ beta, bias []float64 }

func judgesOf(random *rand.Rand, n int) (j simulated) {
	for range n {
		j.beta = append(j.beta, math.Exp(.35*random.NormFloat64()))
		j.bias = append(j.bias, .6*random.NormFloat64())
	}
	return j
}

// firstWins draws one answer of judge q to two texts.
func (j simulated) firstWins(random *rand.Rand, q int, first, second float64) bool {
	return random.Float64() < 1/(1+math.Exp(-j.beta[q]*(first-second)-j.bias[q]))
}

// world is 200 texts, 30 windows each, five judges in turn.
func world(t *testing.T, seed uint64) (truth []float64, votes []ranking.Vote) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	d := design(200, 2, 30, 5)
	d.Seed, d.Overlap = seed, 0
	for range d.IDs {
		truth = append(truth, 1.6*random.NormFloat64())
	}
	windows, err := d.Uniform()
	if err != nil {
		t.Fatal(err)
	}
	judges := judgesOf(random, 5)
	for _, w := range windows {
		v := ranking.Vote{Judge: w.Judge, Order: w.Items, Shown: []int{0, 1}}
		if !judges.firstWins(random, w.Judge, truth[w.Items[0]], truth[w.Items[1]]) {
			v.Order, v.Shown = []int{w.Items[1], w.Items[0]}, []int{1, 0}
		}
		votes = append(votes, v)
	}
	return truth, votes
}

func ordersOf(votes []ranking.Vote) (orders [][]int) {
	for _, v := range votes {
		orders = append(orders, v.Order)
	}
	return orders
}

// matched is the error of theta on the truth's scale of 20 units, after the best affine map, and the share of pairs
// more than one unit apart that stand in the right order.
func matched(theta, truth []float64) (rmse, order float64) {
	n := float64(len(truth))
	var mt, mu, most float64
	for i := range truth {
		mt, mu = mt+theta[i]/n, mu+truth[i]/n
	}
	for i := range truth {
		most = max(most, math.Abs(truth[i]-mu))
	}
	var tt, tu float64
	for i := range truth {
		tt, tu = tt+(theta[i]-mt)*(theta[i]-mt), tu+(theta[i]-mt)*(truth[i]-mu)
	}
	var squares, right, pairs float64
	for i := range truth {
		miss := 10 / most * (tu/tt*(theta[i]-mt) - (truth[i] - mu))
		squares += miss * miss / n
		for j := range truth {
			if 10/most*(truth[i]-truth[j]) > 1 {
				pairs++
				if theta[i] > theta[j] {
					right++
				}
			}
		}
	}
	return math.Sqrt(squares), right / pairs
}

func TestKnownTruthIsFound(t *testing.T) {
	var worst, least float64 = 0, 1
	for seed := range uint64(3) {
		truth, votes := world(t, seed)
		r, err := ranking.New(len(truth), ordersOf(votes), nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ranking.Fit(r, ranking.DefaultPrior)
		if err != nil {
			t.Fatal(err)
		}
		rmse, order := matched(f.Theta, truth)
		worst, least = max(worst, rmse), min(least, order)
		shuffled := slices.Clone(f.Theta)
		rand.New(rand.NewPCG(seed, 2)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if rmse, _ := matched(shuffled, truth); rmse < 2.5 {
			t.Errorf("seed %d: shuffled texts are %.2f off: the measure is no test", seed, rmse)
		}
	}
	t.Logf("RMSE at most %.3f, order right %.4f at least", worst, least)
	if worst > 1.15 || least < .965 {
		t.Errorf("RMSE %.3f (want at most 1.15), order right %.4f (want .965)", worst, least)
	}
}

// The errors are for independent rankings by one kind of judge: there 95 % of the intervals hold the truth.
func TestErrorsCoverTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	var inside, narrow, all float64
	for range 12 {
		truth := make([]float64, 60)
		for i := range truth {
			truth[i] = random.NormFloat64()
		}
		var orders [][]int
		for range 60 * 20 {
			orders = append(orders, draw(random, truth, random.Perm(60)[:4]))
		}
		r, err := ranking.New(60, orders, nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ranking.Fit(r, ranking.None())
		if err != nil {
			t.Fatal(err)
		}
		e, err := f.Errors()
		if err != nil {
			t.Fatal(err)
		}
		middle := 0.
		for _, u := range truth {
			middle += u / 60
		}
		for i := range truth {
			miss := math.Abs(f.Theta[i] - truth[i] + middle)
			all++
			if miss < 1.96*e.SE[i] {
				inside++
			}
			if miss < .98*e.SE[i] {
				narrow++
			}
		}
	}
	if share := inside / all; share < .92 || share > .98 {
		t.Errorf("%.3f of the 95 %% intervals hold the truth", share)
	}
	if share := narrow / all; share > .75 {
		t.Errorf("intervals of half the width hold %.3f: the measure is no test", share)
	}
}

// draw orders items by their utility plus Gumbel noise, which is what Plackett–Luce describes.
func draw(random *rand.Rand, utility []float64, items []int) []int {
	key := make(map[int]float64)
	for _, item := range items {
		key[item] = utility[item] - math.Log(-math.Log(random.Float64()))
	}
	out := slices.Clone(items)
	slices.SortFunc(out, func(a, b int) int {
		if key[a] > key[b] {
			return -1
		}
		return 1
	})
	return out
}

func TestTheJudgeModelFindsBiasAndSharpness(t *testing.T) {
	truth, votes := world(t, 3)
	random := rand.New(rand.NewPCG(3, 1))
	for range truth {
		random.NormFloat64()
	}
	known := judgesOf(random, 5)
	j, err := ranking.FitJudges(len(truth), 5, votes, ranking.DefaultJudgePriors())
	if err != nil {
		t.Fatal(err)
	}
	for q, b := range j.Bias {
		if math.Abs(b[0]-known.bias[q]) > .25 {
			t.Errorf("judge %d: bias %.2f, made with %.2f", q, b[0], known.bias[q])
		}
	}
	plain, modelled := 0., 0.
	r, err := ranking.New(len(truth), ordersOf(votes), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ranking.Fit(r, ranking.DefaultPrior)
	if err != nil {
		t.Fatal(err)
	}
	plain, _ = matched(f.Theta, truth)
	modelled, _ = matched(j.Theta, truth)
	t.Logf("RMSE %.3f, with the judge model %.3f", plain, modelled)
	if modelled > plain+.05 {
		t.Errorf("the judge model is worse: %.3f against %.3f", modelled, plain)
	}
}

// Longer windows: place biases of k numbers that add up to 0.
func TestTheJudgeModelOfLongerWindows(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	truth := make([]float64, 30)
	for i := range truth {
		truth[i] = random.NormFloat64()
	}
	bias := [][]float64{{.8, 0, -.8}, {-.3, .6, -.3}}
	var votes []ranking.Vote
	for at := range 3000 {
		items, q := random.Perm(30)[:3], at%2
		shifted := make([]float64, 30)
		place := make(map[int]int)
		for p, item := range items {
			shifted[item], place[item] = truth[item]+bias[q][p], p
		}
		v := ranking.Vote{Judge: q, Order: draw(random, shifted, items)}
		for _, item := range v.Order {
			v.Shown = append(v.Shown, place[item])
		}
		votes = append(votes, v)
	}
	j, err := ranking.FitJudges(30, 2, votes, ranking.DefaultJudgePriors())
	if err != nil {
		t.Fatal(err)
	}
	for q := range bias {
		var sum float64
		for p, b := range j.Bias[q] {
			sum += b
			if math.Abs(b-bias[q][p]) > .15 {
				t.Errorf("judge %d, place %d: %.2f, made with %.2f", q, p, b, bias[q][p])
			}
		}
		near(t, "sum of the biases", sum, 0, 1e-9)
	}
}
