package vidb

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"hives/data/theories"
	"hives/ranking"
)

// How many calls a text does it take until scores are right within so many units? A trial has a value's texts with
// utilities that count as the truth, their vectors, and five judges that are unlike in sharpness and bias. Windows are
// drawn by the code of a build; judges answer by a draw, without a server.
//
//	trial of the real database     HIVES_SAVINGS=DIR go test ./vidb -run TestCallsOnRealData -v
//	                               DIR holds vidb.db and matrices NAME.npy of its pool (scripts/vidb_trials.sh)
type trial struct {
	v       *Value
	truth   []float64 // [N] logits of a judge of mean sharpness
	vectors [][]float32
	most    int // calls a text
}

// ways to pair texts, and one to account for them: blended is what a build with vectors would say if they had a part in
// scores. They have none.
var ways = []string{PairUniform, PairMatching, PairActive, "vectors", "shuffled", "blended"}

// character of the five judges: the spec's.
func characters(random *rand.Rand) (beta, bias []float64) {
	for range 5 {
		beta, bias = append(beta, math.Exp(.35*random.NormFloat64())), append(bias, .6*random.NormFloat64())
	}
	return beta, bias
}

// curve is the error and the share of pairs in order, by calls a text from 1.
type curve struct{ rmse, order []float64 }

// run builds a value one way, and measures after every call a text. Blended is of the same answers.
func (c trial) run(t *testing.T, seed uint64, way string) (out, blended curve) {
	t.Helper()
	v := &Value{About: About{ValueID: c.v.ValueID, PoolHash: "trial"}, Texts: c.v.Texts}
	o := DefaultDesign()
	o.M, o.Overlap, o.Seed, o.Pairing = c.most, 0, seed, way
	var prior *vectorPrior
	switch way {
	case PairUniform, PairMatching, PairActive:
	case "pure":
		o.Pairing = PairActive
	default:
		o.Pairing = PairActive
		rows := slices.Clone(c.vectors)
		if way == "shuffled" {
			random := rand.New(rand.NewPCG(seed, 77))
			random.Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
		}
		var err error
		prior, err = newPrior(rows)
		must(t, err)
	}
	beta, bias := characters(rand.New(rand.NewPCG(seed, 11)))
	for j := range beta {
		v.Judges = append(v.Judges, Juror{Name: fmt.Sprint("j", j)})
	}
	answer := func(windows []Window) []Window {
		for i := range windows {
			w := &windows[i]
			j := slices.IndexFunc(v.Judges, func(j Juror) bool { return j.Name == w.Judge })
			a, b := w.Shown[0], w.Shown[1]
			p := 1 / (1 + math.Exp(-beta[j]*(c.truth[a]-c.truth[b])-bias[j]))
			w.Answer = &Answer{Ranking: []int{b, a}}
			// A judge that is asked the same again says the same again, as at temperature 0.
			if ranking.Stream("trial", seed, w.Judge, v.Texts[a].ID, v.Texts[b].ID).Float64() < p {
				w.Answer.Ranking = []int{a, b}
			}
		}
		return windows
	}
	shown, err := v.fixed(o, len(v.Judges))
	must(t, err)
	all := answer(v.spread(shown, o, v.Judges))
	calls := func(w Window) int { // that a text had when this window was asked, from 1
		if o.Pairing == PairUniform {
			return w.Rep + 1
		}
		return w.Rep/o.K + 1
	}
	seen := (*history)(nil)
	for m := 1; m <= c.most; m++ {
		v.Windows = nil
		for _, w := range all {
			if calls(w) <= m {
				v.Windows = append(v.Windows, w)
			}
		}
		if o.Pairing == PairActive && m > activeStart {
			v.Windows = all
			if seen == nil {
				seen = v.seen()
			}
			for round := (m - 1) * o.K; round < m*o.K; round++ {
				name := round
				if way == "pure" { // even numbers alone are active rounds
					name *= 2
				}
				windows, err := v.round(o, prior, seen, name)
				must(t, err)
				all = append(all, answer(windows)...)
				v.Windows = all
			}
		}
		theta, se, err := v.standing()
		must(t, err)
		out.add(c.quality(theta))
		if prior != nil {
			theta, _ = prior.blend(theta, se)
		}
		blended.add(c.quality(theta))
	}
	return out, blended
}

func (c *curve) add(rmse, order float64) {
	c.rmse, c.order = append(c.rmse, rmse), append(c.order, order)
}

// quality is the error of utilities matched affinely to the truth, in units of 20, and how many pairs that lie more
// than a unit apart stand in their order.
func (c trial) quality(theta []float64) (rmse, order float64) {
	truth, most := slices.Clone(c.truth), 0.
	mean := stat.Mean(truth, nil)
	for _, x := range truth {
		most = max(most, math.Abs(x-mean))
	}
	for i := range truth {
		truth[i] = 10 * (truth[i] - mean) / most
	}
	offset, slope := stat.LinearRegression(theta, truth, nil, false)
	right, pairs := 0, 0
	for i := range truth {
		miss := truth[i] - offset - slope*theta[i]
		rmse += miss * miss / float64(len(truth))
		for j := range i {
			if math.Abs(truth[i]-truth[j]) > 1 {
				pairs++
				if (truth[i] > truth[j]) == (theta[i] > theta[j]) {
					right++
				}
			}
		}
	}
	return math.Sqrt(rmse), float64(right) / float64(pairs)
}

// until is how many calls a text it took until the mean curve was good: between two calls linearly, NaN where it never
// was.
func until(values []float64, good func(float64) bool, bar float64) float64 {
	for at, x := range values {
		if !good(x) {
			continue
		}
		if at == 0 {
			return 1
		}
		return float64(at) + (bar-values[at-1])/(x-values[at-1])
	}
	return math.NaN()
}

// reached are the calls a text until the errors and the share in order, by way.
func (c trial) reached(
	t *testing.T, ways []string, seeds uint64, rmse []float64, order float64,
) map[string][]float64 {
	t.Helper()
	means := map[string]curve{}
	for _, way := range ways {
		if way == "blended" { // comes with the vectors
			continue
		}
		for seed := range seeds {
			one, blended := c.run(t, seed, way)
			means[way] = means[way].plus(one, 1/float64(seeds))
			if way == "vectors" {
				means["blended"] = means["blended"].plus(blended, 1/float64(seeds))
			}
		}
	}
	out := map[string][]float64{}
	for way, mean := range means {
		for _, bar := range rmse {
			out[way] = append(out[way], until(mean.rmse, func(x float64) bool { return x <= bar }, bar))
		}
		out[way] = append(out[way], until(mean.order, func(x float64) bool { return x >= order }, order),
			mean.rmse[len(mean.rmse)-1])
	}
	return out
}

// plus is c + share·o.
func (c curve) plus(o curve, share float64) (out curve) {
	for m := range o.rmse {
		rmse, order := share*o.rmse[m], share*o.order[m]
		if c.rmse != nil {
			rmse, order = rmse+c.rmse[m], order+c.order[m]
		}
		out.add(rmse, order)
	}
	return out
}

// simulated is a world of normal utilities and vectors that tell of them.
func simulated(n, most int, r2 float64) trial {
	random := rand.New(rand.NewPCG(1, 21))
	c := trial{v: &Value{About: About{ValueID: care}}, most: most}
	for i := range n {
		c.v.Texts = append(c.v.Texts, Text{ID: fmt.Sprintf("%04d", i)})
		c.truth = append(c.truth, 1.6*random.NormFloat64())
	}
	c.vectors = told(random, c.truth, 1.6*math.Sqrt(1/r2-1))
	return c
}

// With as many calls active pairs come nearer than uniform ones. Controls: shuffled vectors choose no better than none,
// and a world whose judges know nothing is never right.
func TestCallsUntilAnError(t *testing.T) {
	c := simulated(60, 12, .6)
	got := c.reached(t, ways, 2, []float64{2}, .9)
	t.Logf("calls until an error of 2, until .9 in order, error at 12 calls: %v", got)
	last := func(way string) float64 { return got[way][2] }
	if !(last(PairActive) < last(PairUniform)) || !(last("vectors") < last(PairUniform)) || last(PairUniform) > 1.8 {
		t.Errorf("errors at the end: %v", got)
	}
	if last("shuffled") < .9*last(PairActive) {
		t.Errorf("control: shuffled vectors help: %v", got)
	}
	nowhere := make([]float64, len(c.truth))
	for i := range nowhere {
		nowhere[i] = float64(i % 7)
	}
	if rmse, order := c.quality(nowhere); rmse < 2.5 || math.Abs(order-.5) > .15 {
		t.Errorf("control: numbers from nowhere are right within %.2f, order %.2f", rmse, order)
	}
	blind := c
	blind.truth = make([]float64, len(c.truth))
	for i := range blind.truth { // no judge sees so little
		blind.truth[i] = 1e-9 * c.truth[i]
	}
	if at, _ := blind.run(t, 0, PairActive); at.rmse[11] < 2 {
		t.Errorf("control: judges that know nothing are right within %.2f", at.rmse[11])
	}
}

// Of texts in two groups, such as people's grades give, active pairs come as near as uniform ones. Control: rounds of
// nothing but the pairs that teach most stay far off, since they hardly ask how far apart the groups stand.
func TestActivePairsOfTextsInGroups(t *testing.T) {
	c := simulated(60, 20, .6)
	random := rand.New(rand.NewPCG(3, 3))
	for i := range c.truth {
		c.truth[i] = .1*random.NormFloat64() + float64(i%2*2-1)
	}
	mean := func(way string) (rmse float64) {
		for seed := range uint64(2) {
			out, _ := c.run(t, seed, way)
			rmse += out.rmse[len(out.rmse)-1] / 2
		}
		return rmse
	}
	uniform, active, pure := mean(PairUniform), mean(PairActive), mean("pure")
	t.Logf("error with 20 calls a text: uniform %.2f, active %.2f, nothing but active rounds %.2f", uniform, active, pure)
	if active > 1.2*uniform {
		t.Errorf("active %.2f, uniform %.2f", active, uniform)
	}
	if pure < 1.2*uniform {
		t.Errorf("control: without dealt rounds %.2f, uniform %.2f", pure, uniform)
	}
}

// TestCallsOnRealData prints the table of docs/LOG.md: by value of a database from people's grades, how many calls a
// text each way takes. Without a database there is nothing to print.
func TestCallsOnRealData(t *testing.T) {
	dir := os.Getenv("HIVES_SAVINGS")
	if dir == "" {
		t.Skip("HIVES_SAVINGS names no folder with vidb.db and matrices: scripts/vidb_trials.sh makes one")
	}
	file, err := Open(filepath.Join(dir, "vidb.db"), theories.Builtin())
	must(t, err)
	const seeds, most, texts = 2, 24, 200
	for _, about := range file.Values {
		v, err := file.Value(about.ValueID)
		must(t, err)
		matrices, err := filepath.Glob(filepath.Join(dir, "*.npy"))
		must(t, err)
		for at, path := range matrices {
			c, told := real(t, v, path, texts, most)
			of := ways
			if at > 0 { // the others know no vectors
				of = []string{"vectors", "blended"}
			}
			fmt.Println(c.line(t, of, v.ValueID, told, seeds))
		}
	}
	fmt.Println(simulated(texts, most, .6).line(t, ways, "simulated", "R² .6", seeds))
}

// line is one row: calls until 3 and 2 units, until .9 in order, and the error at the end, by way.
func (c trial) line(t *testing.T, ways []string, name, told string, seeds uint64) string {
	got := c.reached(t, ways, seeds, []float64{3, 2}, .9)
	out := []string{name, told, fmt.Sprintf("SD of the truth %.2f logits", stat.StdDev(c.truth, nil))}
	for _, way := range ways {
		out = append(out, fmt.Sprintf("%s %.1f %.1f %.1f (%.2f)", way, got[way][0], got[way][1], got[way][2], got[way][3]))
	}
	return strings.Join(out, " | ")
}

// real is a pool of so many texts of a value, as half of each direction as there are: the truth is what people's grades
// say, and the judges are as noisy as people are. told names the vectors, how much they tell, and the noise.
func real(t *testing.T, v *Value, path string, n, most int) (c trial, told string) {
	t.Helper()
	rows, err := poolVectors(path, v)
	must(t, err)
	beta, differ := v.annotators(t)
	place := map[string]int{}
	for i, text := range v.Texts {
		place[text.ID] = i
	}
	c = trial{v: &Value{About: About{ValueID: v.ValueID}, Texts: v.sample(n, 1)}, most: most}
	for _, text := range c.v.Texts {
		i := place[text.ID]
		c.truth, c.vectors = append(c.truth, beta*v.Scores[i].Theta), append(c.vectors, rows[i])
	}
	p, err := newPrior(c.vectors)
	must(t, err)
	_, left := p.expect(c.truth)
	name, r2 := strings.TrimSuffix(filepath.Base(path), ".npy"), 1-left/stat.PopVariance(c.truth, nil)
	return c, fmt.Sprintf("%s, R² %.2f on %d texts, people differ in %.2f of pairs, β %.2f", name, r2, len(c.truth),
		differ, beta)
}

// annotators is how sharp a judge is that contradicts itself as often as two people contradict each other: over pairs
// of texts that several people graded, one person's order of a pair against another's, where a tie is a coin.
//
//	people differ in .44 of pairs, utilities 1.2 apart on the mean     β .5: 2 p (1 − p) is .44 with p = σ(.5 · 1.2)
func (v *Value) annotators(t *testing.T) (beta, differ float64) {
	t.Helper()
	var several []int
	for i, text := range v.Texts {
		if text.Target && text.People.Measure == Judged && len(text.People.Grades) > 1 {
			several = append(several, i)
		}
	}
	random := ranking.Stream("annotators", 0, v.ValueID)
	const draws = 50000
	var gaps []float64
	for range draws {
		a, b := several[random.IntN(len(several))], several[random.IntN(len(several))]
		if a == b {
			continue
		}
		gaps = append(gaps, v.Scores[a].Theta-v.Scores[b].Theta)
		x, y := v.Texts[a].People.Grades, v.Texts[b].People.Grades
		p, q := random.Perm(len(x)), random.Perm(len(y))
		switch compare(Judged, Judged, x[p[0]], y[q[0]]) * compare(Judged, Judged, x[p[1]], y[q[1]]) {
		case -1:
			differ++
		case 0:
			differ += .5
		}
	}
	differ /= float64(len(gaps))
	low, high := 0., 20.
	for range 60 {
		beta = (low + high) / 2
		var mean float64
		for _, gap := range gaps {
			p := 1 / (1 + math.Exp(-beta*gap))
			mean += 2 * p * (1 - p) / float64(len(gaps))
		}
		if mean > differ {
			low = beta
		} else {
			high = beta
		}
	}
	return beta, differ
}
