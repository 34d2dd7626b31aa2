package profiles

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var none = math.NaN()

// simulated is a survey whose options have known intensities. lean of a group and value is how much its people prefer
// options that support the value; without any its answers are drawn at random.
func simulated(random *rand.Rand, questions, values int, offset float64, lean [][]float64) (out []Question) {
	for range questions {
		options := 3 + random.IntN(3)
		var q Question
		for range options {
			var intensity, similarity []float64
			for range values {
				intensity = append(intensity, offset+4*random.NormFloat64())
				similarity = append(similarity, random.Float64())
			}
			q.Intensity, q.Similarity = append(q.Intensity, intensity), append(q.Similarity, similarity)
		}
		for _, own := range lean {
			shares, sum := make([]float64, options), 0.
			for o := range shares {
				liking := random.NormFloat64()
				for v, x := range own {
					liking += x * (q.Intensity[o][v] - offset)
				}
				shares[o] = math.Exp(liking)
				sum += shares[o]
			}
			for o := range shares {
				shares[o] /= sum
			}
			q.Shares = append(q.Shares, shares)
		}
		out = append(out, q)
	}
	return out
}

// rate is how often something happened, with the standard error over worlds: figures of one world hang together.
type rate struct{ sum, squares, worlds float64 }

func (r *rate) add(share float64) {
	r.sum, r.squares, r.worlds = r.sum+share, r.squares+share*share, r.worlds+1
}
func (r *rate) mean() float64 { return r.sum / r.worlds }
func (r *rate) error() float64 {
	return math.Sqrt((r.squares/r.worlds - r.mean()*r.mean()) / r.worlds)
}

// Spec, known-truth tests: a group that answers at random has an interval without 0 no more often than 5 %, as far as
// chance lets a trial tell. (Of 700 worlds, 25,200 intervals: strengths 4.4 %, apart 4.8 and 4.9 %.) Of the strength
// itself this holds where options support a value as often as they oppose it, of the distance to the other groups
// always. Control: a group with a lean is found.
func TestRandomGroupsHaveNoEffect(t *testing.T) {
	const questions, values, groups = 50, 6, 6
	effects := func(worlds int, offset, lean float64) (strength, apart rate) {
		leans := make([][]float64, groups)
		for g := range leans {
			leans[g] = make([]float64, values)
		}
		leans[0][0] = lean
		for w := range worlds {
			random := rand.New(rand.NewPCG(uint64(w), 20))
			d := NewTerms(simulated(random, questions, values, offset, leans), groups, values, Outside).Doubt()
			if lean != 0 {
				apart.add(share([][]Interval{{d.ApartInterval[0][0]}}))
				continue
			}
			strength.add(share(d.Strength))
			apart.add(share(d.ApartInterval))
		}
		return strength, apart
	}
	rare := func(what string, r rate) {
		t.Logf("%s: an effect in %.4f ± %.4f", what, r.mean(), r.error())
		if r.mean()-2*r.error() > .05 {
			t.Errorf("%s: an effect in %.4f ± %.4f of the intervals, want at most .05", what, r.mean(), r.error())
		}
	}
	strength, apart := effects(150, 0, 0)
	rare("strengths of random groups", strength)
	rare("random groups apart from others", apart)
	strength, apart = effects(150, 3, 0)
	rare("apart, where all options support", apart)
	if strength.mean() < .5 { // of the questions and not of the group: why Apart is there
		t.Errorf("options that all support: %.4f of strengths have an effect, want most of them", strength.mean())
	}
	if _, apart = effects(40, 0, .3); apart.mean() < .8 {
		t.Errorf("a leaning group is found in %.2f of worlds", apart.mean())
	}
}

// share of intervals with an effect.
func share(all [][]Interval) float64 {
	n, effects := 0., 0.
	for _, row := range all {
		for _, i := range row {
			if n++; i.Effect() {
				effects++
			}
		}
	}
	return effects / n
}

// Every figure by loops of the formula, without the ones of the package.
func TestStrengthsByTheirFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	questions := simulated(random, 12, 4, 1, make([][]float64, 3))
	questions[2].Shares[1] = nil
	questions[3].Intensity[0][2] = none
	for o := range questions[4].Intensity {
		questions[4].Intensity[o][3] = none
	}
	questions[5].Similarity[1][0] = -.7
	for _, w := range Weightings {
		got := NewTerms(questions, 3, 4, w).Strengths()
		for g := range 3 {
			for v := range 4 {
				var top, below float64
				n := 0
				for _, q := range questions {
					if q.Shares[g] == nil {
						continue
					}
					var p, pi, pw, pwi float64
					for o := range q.Intensity {
						if i := q.Intensity[o][v]; i == i {
							s := math.Max(0, q.Similarity[o][v])
							p, pi, pw, pwi = p+q.Shares[g][o], pi+q.Shares[g][o]*i, pw+q.Shares[g][o]*s, pwi+q.Shares[g][o]*s*i
						}
					}
					if p == 0 {
						continue
					}
					n++
					switch w {
					case Outside:
						top, below = top+pi/p*pw/p, below+1
					case Inside:
						top, below = top+pwi/p, below+1
					default:
						top, below = top+pi/p*pw/p, below+pw/p
					}
				}
				if math.Abs(got.S[g][v]-top/below) > 1e-12 || got.N[g][v] != n {
					t.Errorf("%s %d %d: %v of %d, want %v of %d", w, g, v, got.S[g][v], got.N[g][v], top/below, n)
				}
			}
		}
	}
}

func TestWhatIsNotThereStaysUndefined(t *testing.T) {
	q := Question{Intensity: [][]float64{{none, 2}, {none, -2}}, Similarity: [][]float64{{1, 0}, {1, 0}},
		Shares: [][]float64{{.5, .5}, nil}}
	s := NewTerms([]Question{q}, 2, 2, Outside).Strengths()
	if got := fmt.Sprint(s.S, s.N); got != "[[NaN 0] [NaN NaN]] [[0 1] [0 0]]" {
		t.Error(got)
	}
	// Weights that are all 0 say nothing of a mean in units of intensity.
	if s := NewTerms([]Question{q}, 2, 2, WeightedMean).Strengths(); !math.IsNaN(s.S[0][1]) {
		t.Error(s.S)
	}
	d := NewTerms([]Question{q}, 2, 2, Outside).Doubt()
	if d.Strength[0][1].Known() || d.Strength[0][1].Effect() || !math.IsNaN(d.Apart[0][1]) {
		t.Errorf("one question of one group: %+v", d)
	}
}

func TestScalesOfFewGroups(t *testing.T) {
	if _, err := Normalise([][]float64{{1, 2}}, []string{"a", "a"}, Hybrid); err == nil ||
		!strings.Contains(err.Error(), "1 group") {
		t.Errorf("one group: %v", err)
	}
	if _, err := Normalise([][]float64{{1, 2}}, []string{"a", "a"}, RowZScore); err != nil {
		t.Errorf("one group within itself: %v", err)
	}
	got, err := Normalise([][]float64{{1, 2}, {none, 3}}, []string{"a", "a"}, HybridMid)
	if err != nil || !math.IsNaN(got[0][0]) || math.IsNaN(got[0][1]) {
		t.Errorf("a value of one group: %v %v", got, err)
	}
	_, err = Normalise([][]float64{{1}, {2}}, []string{"a"}, "z")
	if err == nil || !strings.Contains(err.Error(), "hybrid") {
		t.Errorf("an unknown scale: %v", err)
	}
}

func TestPickLeavesOutWhatIsNotThere(t *testing.T) {
	if got := Pick([]float64{none, .1, .1, -.5}, 3); !slices.Equal(got, []int{1, 2, 3}) {
		t.Error(got)
	}
	if got := Pick([]float64{none}, 4); got != nil {
		t.Error(got)
	}
	if Grade(none) != "" || Grade(none).Sentence("x") != "" {
		t.Error("a level of nothing")
	}
}
