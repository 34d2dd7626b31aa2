package profiles

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSetsAreOfTheirKind: no text stands twice in a set; one fifth of the scores, a lean to its side, and texts that
// are nearer than most are what the kinds say. Control: sets at random are none of these.
func TestSetsAreOfTheirKind(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	l := &learner{s: &scored{}}
	var texts []int
	for i := range 400 {
		x := make([]float64, 6)
		for d := range x {
			x[d] = random.NormFloat64()
		}
		texts = append(texts, i)
		l.x, l.s.y = append(l.x, unit(x)), append(l.s.y, 3*random.NormFloat64())
		l.s.corpus = append(l.s.corpus, []string{"few", "many"}[min(i%4, 1)])
	}
	spread := make([]float64, len(setKinds))   // of scores within a set
	nearness := make([]float64, len(setKinds)) // cosines within a set
	var lean []float64
	sets := l.drawSets(random, texts, 60, func() int { return 20 + random.IntN(21) })
	for at, s := range sets {
		own := slices.Clone(s.texts)
		slices.Sort(own)
		if n := len(slices.Compact(own)); n != len(s.texts) || n < 20 || n > 40 {
			t.Fatalf("%s: %d texts, %d of them distinct", setKinds[s.kind], len(s.texts), n)
		}
		low, high, cosines := math.Inf(1), math.Inf(-1), 0.
		for _, i := range s.texts {
			low, high = min(low, l.s.y[i]), max(high, l.s.y[i])
			for _, j := range s.texts {
				cosines += Products([][]float64{l.x[i]}, l.x[j])[0] / float64(len(s.texts)*len(s.texts))
			}
		}
		spread[s.kind] += (high - low) / 60
		nearness[s.kind] += cosines / 60
		other := func(i int) bool { return l.s.corpus[i] != l.s.corpus[s.texts[0]] }
		if s.kind == 4 && slices.ContainsFunc(s.texts, other) {
			t.Error("a set of two corpora")
		}
		if s.kind == 2 {
			sign := []float64{-1, -1, -1, 1, 1, 1}[at/len(setKinds)%6]
			lean = append(lean, sign*l.truth(s))
		}
	}
	if spread[1] > .6*spread[0] || nearness[3] < nearness[0]+.2 || slices.Min(lean) < -.5 || slices.Max(lean) < 2 {
		t.Errorf("ranges %.2f, cosines %.2f, leans from %.2f to %.2f", spread, nearness, slices.Min(lean), slices.Max(lean))
	}
}

// TestChancesFollowWeights draws one of three texts with chances 1 : e : e².
func TestChancesFollowWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var count [3]float64
	const draws = 30000
	for range draws {
		count[chooseBy(random, []int{0, 1, 2}, 1, func(k int) float64 { return float64(k) })[0]]++
	}
	all := 1 + math.E + math.E*math.E
	for k := range count {
		if want := math.Exp(float64(k)) / all; math.Abs(count[k]/draws-want) > .012 {
			t.Errorf("text %d is drawn %.3f of the time, want %.3f", k, count[k]/draws, want)
		}
	}
}

// TestNeededIsTheLeastFactor widens the interval step by step until it holds the truth.
func TestNeededIsTheLeastFactor(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	held := 0
	for range 300 {
		m := means{near: random.NormFloat64(), nearOff: .2 + random.Float64(), far: 3 * random.NormFloat64(),
			farOff: .2 + 2*random.Float64()}
		truth, factor := 5*random.NormFloat64(), 0.
		for ; ; factor += 1e-3 {
			wide := factor * normal95
			lo, hi := min(m.near-wide*m.nearOff, m.far-wide*m.farOff), max(m.near+wide*m.nearOff, m.far+wide*m.farOff)
			if lo <= truth && truth <= hi {
				break
			}
		}
		got := m.needed(truth)
		if math.Abs(got-factor) > 1.1e-3 {
			t.Fatalf("%+v, truth %v: %v, want %v", m, truth, got, factor)
		}
		if got == 0 {
			held++
		}
	}
	if held < 30 || held > 270 {
		t.Errorf("%d of 300 truths lie between the readings: this shows little", held)
	}
}
