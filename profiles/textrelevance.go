package profiles

import (
	"math"

	"hives/internal/fault"
	"hives/internal/logistic"
)

// relevanceRidge is the penalty of the three weights, whose features have been brought to one scale. Thousands of texts
// leave it without effect; it keeps the weights finite where a feature parts the sides.
const relevanceRidge = 1

// Relevance is the probability that a text is about a value: a logistic regression on three cosines.
//
//	ρ = σ(w·[cos to the value, strongest cos of the theory, margin] + b)
type Relevance struct {
	W [3]float64 `json:"weights"`
	B float64    `json:"intercept"`
}

// At is ρ of a text's features.
func (r Relevance) At(f [3]float64) float64 {
	return logistic.Sigmoid(r.W[0]*f[0] + r.W[1]*f[1] + r.W[2]*f[2] + r.B)
}

// RelevanceFeatures are what ρ hangs on. cos are a text's cosines to all values of the theory that stand on the level
// of the value at place at.
//
//	cos (.4, .3, .1), at 0     .4, .4, +.1: it leads by a tenth
//	cos (.4, .3, .1), at 2     .1, .4, −.3
//
// Why three? A text may be near all values of a theory, since it speaks of right and wrong, and about none of them.
func RelevanceFeatures(cos []float64, at int) [3]float64 {
	strongest, other := math.Inf(-1), math.Inf(-1)
	for i, c := range cos {
		strongest = max(strongest, c)
		if i != at {
			other = max(other, c)
		}
	}
	if len(cos) == 1 {
		other = 0
	}
	return [3]float64{cos[at], strongest, cos[at] - other}
}

// FitRelevance fits texts that rows say are about the value, or about others of the theory. It refuses texts of one
// side.
func FitRelevance(features [][3]float64, about []bool) (Relevance, error) {
	if len(features) == 0 || len(features) != len(about) {
		return Relevance{}, fault.New(fault.Invalid, "profiles: relevance of %d texts with %d answers", len(features),
			len(about))
	}
	mean, scale := spread(features)
	d := logistic.Data{Y: about, Stratum: make([]int, len(about))}
	for _, f := range features {
		row := make([]float64, len(f))
		for k := range f {
			row[k] = (f[k] - mean[k]) / scale[k]
		}
		d.X = append(d.X, row)
	}
	m, err := logistic.Fit(d, relevanceRidge, nil)
	if err != nil {
		return Relevance{}, err
	}
	// Back to the features as they come: w·(f − mean)/scale + b.
	out := Relevance{B: m.Intercepts[0]}
	for k := range out.W {
		out.W[k] = m.W[k] / scale[k]
		out.B -= out.W[k] * mean[k]
	}
	return out, nil
}

// spread is each feature's mean and standard deviation; a constant one keeps its scale.
func spread(features [][3]float64) (mean, scale [3]float64) {
	n := float64(len(features))
	for _, f := range features {
		for k := range f {
			mean[k] += f[k] / n
		}
	}
	for _, f := range features {
		for k := range f {
			scale[k] += (f[k] - mean[k]) * (f[k] - mean[k]) / n
		}
	}
	for k := range scale {
		if scale[k] = math.Sqrt(scale[k]); scale[k] < 1e-12 {
			scale[k] = 1
		}
	}
	return mean, scale
}
