package values

import (
	"math"
	"slices"

	"hives/internal/logistic"
)

// Answer is what may be said of a text and a value. There is no "not about it": that a text is unlike the texts
// of a value is no evidence that it has nothing to do with it.
type Answer string

// The answers. Unsure says nothing: neither that the text is about the value, nor that it is not.
const (
	Supports Answer = "supports" // it is about the value and supports it
	Opposes  Answer = "opposes"  // it is about the value and opposes it
	About    Answer = "about"    // it is about the value; which side it takes is open
	Unsure   Answer = "unsure"
)

// Probability is calibrated, with a 95 % interval.
type Probability = logistic.Probability

// Calibration turns a regression's score into a probability: Platt's slope and offset, with their covariance.
type Calibration = logistic.Calibration

// Tenth is a tenth of the range of probabilities: rows that fell into it, the mean of their probabilities, and
// the share that is positive.
type Tenth = logistic.Tenth

// Judgement is the answer and what it rests on.
//
//	About .90 [.82, .95], Support .70 [.44, .87]   →   about: the interval of Support holds one half
//	About .90 [.82, .95], Support .10 [.03, .26]   →   opposes
//	About .90 [.82, .95], Support .62 [.54, .70]   →   about: beyond chance, and too often wrong to be said
//	About .60 [.41, .77]                           →   unsure, whatever Support says
//
// The probabilities are given even where the answer is Unsure, for callers with a threshold of their own.
type Judgement struct {
	Answer  Answer
	About   *Probability // that the text is about the value; nil where nobody can tell
	Support *Probability // that it supports it, given that it is about it
	// Percentile of the text's cosine among those of the background, 0 to 100; NaN where there is none.
	Percentile float64
}

// judge answers for a text's unit vector [D]. passes is what the theory's guard says of it.
//
// Each step can only take away: the guard first, then whether the head is any good on held-out texts, then
// whether this text's interval lies off one half. So a value of which little is known is answered seldom, never
// at random.
func (v *Value) judge(text []float32, cosine float64, passes bool) Judgement {
	j := Judgement{Answer: Unsure, Percentile: v.percentile(cosine)}
	if v.About != nil {
		p := v.About.At(text)
		j.About = &p
	}
	if v.Support != nil {
		p := v.Support.At(text)
		j.Support = &p
	}
	// Below this line nothing more than "about" is certain; above it nothing at all.
	if !passes || !v.CanTell() || !j.About.Above() {
		return j
	}
	j.Answer = About
	if side, sure := takesSide(j.Support); sure && v.CanTellSides() {
		j.Answer = side
	}
	return j
}

// LeastSide is the probability from which on a side is given. An interval that misses one half is not enough: where
// many rows calibrate, .60 [.53, .67] misses it, and two of five such answers are wrong.
const LeastSide = .75

// takesSide is the side that a probability is sure enough of. Invariant: a side that is given has a probability of
// LeastSide or more, and an interval off one half.
func takesSide(support *Probability) (side Answer, sure bool) {
	switch {
	case support == nil:
	case support.Above() && support.P >= LeastSide:
		return Supports, true
	case support.Below() && support.P <= 1-LeastSide:
		return Opposes, true
	}
	return Unsure, false
}

// CanTell tells whether texts about the value are told from others, on held-out texts and beyond chance. It is a
// property of the file, not of a text: a value that cannot tell is unsure of every text.
func (v *Value) CanTell() bool { return v.About != nil && v.About.AUC.passes() }

// CanTellSides tells whether sides are. It asks for both heads: a side of a value that a text may not be about is no
// answer.
func (v *Value) CanTellSides() bool { return v.CanTell() && v.Support != nil && v.Support.AUC.passes() }

// backgroundSteps is into how many equal shares the background is cut.
const backgroundSteps = 100

// background keeps, for each value, the quantiles of its cosine over the held-out texts of all corpora. A cosine
// of .3 says nothing by itself: in one model it is the highest of a thousand texts, in another the least. Its
// place among ordinary texts can be compared. Vectors are rounded to float32 first, as they will be when somebody
// asks.
func (b *builder) background() {
	var rows []int
	for _, i := range firsts(b.labels.Text) {
		if i >= b.train {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return
	}
	// One list of cosines is filled and sorted anew for each value.
	cosines := make([]float64, len(rows))
	for at := range b.set.Values {
		v := &b.set.Values[at]
		if v.Vector == nil {
			continue
		}
		for k, i := range rows {
			cosines[k] = b.set.TextCosine(round(b.vectors.Row(i)), v)
		}
		slices.Sort(cosines)
		v.Background = make([]float32, backgroundSteps+1)
		for k := range v.Background {
			v.Background[k] = float32(cosines[k*(len(cosines)-1)/backgroundSteps])
		}
	}
}

// percentile is the share of the background, in hundredths, that lies below a cosine; between two quantiles it is
// interpolated. With the quantiles 0, .1, .3 (of two steps) a cosine of .2 lies halfway between the second and
// third: 75.
func (v *Value) percentile(cosine float64) float64 {
	q := v.Background
	if q == nil || math.IsNaN(cosine) {
		return math.NaN()
	}
	// at is the first quantile that is not below the cosine, so the cosine lies between q[at−1] and q[at].
	at, _ := slices.BinarySearch(q, float32(cosine))
	switch {
	case at == 0:
		return 0
	case at == len(q):
		return 100
	}
	low, high := float64(q[at-1]), float64(q[at])
	within := 1.0
	if high > low {
		within = (cosine - low) / (high - low)
	}
	return 100 * (float64(at-1) + within) / float64(len(q)-1)
}
