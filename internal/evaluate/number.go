package evaluate

import (
	"encoding/json"
	"math"

	"hives/internal/figure"
	"hives/metrics"
)

// Number is a figure that may be undefined.
type Number = figure.Number

// Range is a 95 % interval; null in JSON when there is none. Number and Range part what Go has (NaN) from what
// JSON has (null), so that no writer of documents needs to think of it:
//
//	{"value": 0.556, "interval": [0.541, 0.571]}     {"value": null, "interval": null}
type Range metrics.Interval

// Known tells whether there is an interval.
func (r Range) Known() bool { return metrics.Interval(r).Known() }

// MarshalJSON writes [low, high], or null without an interval.
func (r Range) MarshalJSON() ([]byte, error) {
	if !r.Known() {
		return []byte("null"), nil
	}
	return json.Marshal([2]float64{r.Low, r.High})
}

// UnmarshalJSON reads both forms; an end that is null is unknown.
func (r *Range) UnmarshalJSON(raw []byte) error {
	ends := [2]Number{Number(math.NaN()), Number(math.NaN())}
	if err := json.Unmarshal(raw, &ends); err != nil {
		return err
	}
	r.Low, r.High = float64(ends[0]), float64(ends[1])
	return nil
}

// ByScope holds one figure or structure for each scope, under the names that documents have used from the first.
type ByScope[T any] struct {
	All          T `json:"all"`
	WithinTheory T `json:"within_theory"`
	WithinCorpus T `json:"within_corpus"`
}

// scoped fills a ByScope.
func scoped[T any](of func(metrics.Scope) T) ByScope[T] {
	return ByScope[T]{of(metrics.All), of(metrics.WithinTheory), of(metrics.WithinCorpus)}
}

// At returns the part of one scope.
func (b ByScope[T]) At(s metrics.Scope) T {
	return [metrics.Scopes]T{b.All, b.WithinTheory, b.WithinCorpus}[s]
}
