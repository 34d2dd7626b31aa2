package vcai

import (
	"math"
)

// MostMissing is the share of judgements that may be missing before an attempt is unusable.
const MostMissing = .25

// Degree is how much an answer agrees with a value: 2 wholly, 0 neither way, −2 wholly against it.
type Degree struct {
	All     float64 // 2 · mean of all judgements: the paper's D'
	Touched float64 // 2 · mean over the parts that any role found touched
	Parts   []int   // those, by their place
	PerPart []float64
	PerRole []float64
	Missing int
}

// DegreeOf takes judgements [role][part] of −1 (against), 0 (neither) and 1 (for), NaN where one is missing.
//
// Know this: a part that the answer does not touch is 0 for every role and pulls All towards 0. An answer that fully
// agrees with three of seven parts has All = 2·3/7 = .86, so that ±2 is out of reach for short answers; Touched is 2.
func DegreeOf(judged [][]float64) Degree {
	d := Degree{All: math.NaN(), Touched: math.NaN()}
	if len(judged) == 0 {
		return d
	}
	parts := len(judged[0])
	for _, row := range judged {
		m := mean(row)
		d.PerRole = append(d.PerRole, m.mean())
		d.Missing += parts - m.n
	}
	var all, touched sum
	for part := range parts {
		var column []float64
		for _, row := range judged {
			column = append(column, row[part])
		}
		m := mean(column)
		d.PerPart = append(d.PerPart, m.mean())
		all.add(m)
		if m.touched {
			d.Parts = append(d.Parts, part)
			touched.add(m)
		}
	}
	d.All, d.Touched = 2*all.mean(), 2*touched.mean()
	return d
}

// Usable tells whether enough was judged.
func (d Degree) Usable() bool {
	all := len(d.PerPart) * len(d.PerRole)
	return all > d.Missing && float64(d.Missing) <= MostMissing*float64(all)
}

// sum is of the judgements that are there.
type sum struct {
	total   float64
	n       int
	touched bool // one of them is not 0
}

func mean(judgements []float64) (s sum) {
	for _, x := range judgements {
		if !math.IsNaN(x) {
			s.add(sum{x, 1, x != 0})
		}
	}
	return s
}

func (s *sum) add(t sum) {
	s.total, s.n, s.touched = s.total+t.total, s.n+t.n, s.touched || t.touched
}

func (s sum) mean() float64 { return s.total / float64(s.n) } // NaN of none

// Level is the whole degree next to a score, halves away from 0, from −2 to 2; ok is false of NaN.
func Level(score float64) (level int, ok bool) {
	if math.IsNaN(score) {
		return 0, false
	}
	return int(max(-2, min(2, math.Round(score)))), true
}
