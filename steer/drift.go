package steer

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"hives/metrics"
)

// Paired is a difference over queries.
type Paired struct {
	N       int     // queries with both numbers
	Dropped int     // of the others
	Mean    float64 // b less a
	SE      float64
	Low     float64 // 95 % by Student's t, NaN below LeastQueries
	High    float64
	P       float64 // two-sided; of one comparison alone
}

// PairedOf takes one number a query of each of two audits: b less a, query by query. What makes one query harder than
// another is in both numbers and cancels.
func PairedOf(a, b []float64) Paired {
	var gaps []float64
	for i := range a {
		if gap := b[i] - a[i]; !math.IsNaN(gap) {
			gaps = append(gaps, gap)
		}
	}
	p := meanOf(gaps)
	p.Dropped = len(a) - p.N
	return p
}

// RefusalDrift is a difference of refusal rates.
type RefusalDrift struct {
	N          int // queries that were judged in both
	Before     float64
	After      float64
	More, Less int     // queries that are refused only after, and only before
	P          float64 // two-sided, exact: McNemar's test
}

// RefusalsOf compares judgements of the same queries. Queries that are refused both times, or neither time, say
// nothing about a change; of the others each way is as likely if nothing changed.
//
//	6 refused only after, 1 only before     P = 2·(1 + 7)/2⁷ = .125
func RefusalsOf(a, b []Refused) RefusalDrift {
	d := RefusalDrift{P: math.NaN()}
	var before, after int
	for i := range a {
		if a[i] == Unknown || b[i] == Unknown {
			continue
		}
		d.N++
		was, is := a[i] == Yes, b[i] == Yes
		if was {
			before++
		}
		if is {
			after++
		}
		if is && !was {
			d.More++
		} else if was && !is {
			d.Less++
		}
	}
	d.Before, d.After = float64(before)/float64(d.N), float64(after)/float64(d.N)
	switch n := d.More + d.Less; {
	case d.N == 0:
	case n == 0:
		d.P = 1
	default:
		d.P = min(1, 2*distuv.Binomial{N: float64(n), P: .5}.CDF(float64(min(d.More, d.Less))))
	}
	return d
}

// Corrected are p values for being several, by Holm's procedure: whoever calls those at most α changes errs in any of
// them with a chance of at most α. NaN stays NaN and counts for nothing.
func Corrected(p []float64) []float64 { return metrics.Holm(p) }
