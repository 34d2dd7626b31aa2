package profiles

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/stat"

	"hives/intensity"
	"hives/internal/fault"
	"hives/ranking"
)

// TextRules are the numbers that decide what is said of a text. They stand in the file of a fitted model, so that all
// who answer from it decide alike.
type TextRules struct {
	Fewest     int     `json:"fewest_texts"`       // scored texts of a value; below them it is unsupported
	LeastR2    float64 `json:"least_r2"`           // of the cross-validation; below it the value is unsupported
	Neighbours int     `json:"neighbours"`         // training texts that a text's doubt is the mean of
	Alpha      float64 `json:"alpha"`              // share of texts that an interval may miss
	HalfWidth  float64 `json:"half_width_limit"`   // in units of the score; a wider interval abstains
	Relevance  float64 `json:"relevance_floor"`    // a less relevant text abstains
	Kappa      float64 `json:"kappa"`              // weight of the 0 that a profile is drawn to
	Effective  float64 `json:"least_effective"`    // effective texts; below them a score is null
	Draws      int     `json:"draws"`              // of the bootstrap over texts
	Evidence   int     `json:"texts_of_evidence"`  // of most weight, that a score names
	Seed       uint64  `json:"seed"`               // of parts, controls and draws
	Calibrates float64 `json:"calibration_groups"` // share of the groups that conformal intervals are made on
	Counted    Counted `json:"counted,omitempty"`  // which texts make a score of many; empty in old files: CountSure
}

// TextDefaults are the numbers of the method.
func TextDefaults() TextRules {
	return TextRules{Fewest: 200, LeastR2: .1, Neighbours: 10, Alpha: .1, HalfWidth: 3, Relevance: .2, Kappa: 1,
		Effective: 3, Draws: 500, Evidence: 3, Calibrates: .25, Counted: CountAll}
}

// doubtFloor is added to every doubt: ten neighbours that were all met exactly do not make a text certain.
const doubtFloor = .1

// TextFit predicts a value's score from a text's vector, and says how far it may be off.
//
//	ŷ(x) = ridge, cut at ±10
//	σ(x) = mean |out-of-fold residual| of the nearest training texts + .1
//	interval ŷ ± q̂ σ
//
// Why two steps for the width? σ says where the ridge errs more: among texts of its kind. q̂ makes the share of misses
// right, whatever σ is worth, since it is measured on texts of other groups.
type TextFit struct {
	Ridge  intensity.Ridge
	Lambda float64
	Errors []float64 // [λ] mean squared out-of-fold error
	R2     float64   // of the cross-validation at Lambda
	Misses []float64 // [N] |out-of-fold residual| of each training text
	Rank   int       // of the calibration texts' |y − ŷ|/σ, that is q̂
	Q      float64
}

// FitTexts fits training texts, x [N][D] with scores y [N], of which fold [N] says what is left out together: texts of
// one group share a fold. lambdas nil takes intensity.Lambdas(N).
func FitTexts(x [][]float64, y []float64, fold []int, lambdas []float64) (*TextFit, error) {
	if lambdas == nil {
		lambdas = intensity.Lambdas(len(x))
	}
	unseen, err := intensity.OutOfFold(x, y, fold, lambdas)
	if err != nil {
		return nil, err
	}
	f := &TextFit{Q: math.NaN()}
	best := 0
	for at := range lambdas {
		var loss float64
		for i, p := range unseen[at] {
			loss += (y[i] - p) * (y[i] - p)
		}
		f.Errors = append(f.Errors, loss/float64(len(y)))
		if f.Errors[at] < f.Errors[best] {
			best = at
		}
	}
	f.Lambda, f.R2 = lambdas[best], 1-f.Errors[best]/stat.PopVariance(y, nil)
	for i, p := range unseen[best] {
		f.Misses = append(f.Misses, math.Abs(y[i]-p))
	}
	ridge, err := intensity.FitRidge(x, y, f.Lambda)
	if err == nil {
		f.Ridge = *ridge
	}
	return f, err
}

// Doubt is σ of a text: near [N] are the inner products of its vector with the training texts'. Of equal ones the
// earlier text is nearer.
func (f *TextFit) Doubt(near []float64, neighbours int) float64 {
	return f.doubt(nearestOf(near, neighbours))
}

// doubt is σ of a text whose nearest training texts are known.
func (f *TextFit) doubt(nearest []int) float64 {
	var sum float64
	for _, i := range nearest {
		sum += f.Misses[i]
	}
	return sum/float64(len(nearest)) + doubtFloor
}

// nearestOf are the k places of the largest numbers, the largest first. It keeps a short sorted list: k is ten and most
// numbers do not reach it.
func nearestOf(near []float64, k int) []int {
	top := make([]int, 0, k+1)
	for i, x := range near {
		if len(top) == k && !(x > near[top[k-1]]) {
			continue
		}
		at := len(top)
		for at > 0 && x > near[top[at-1]] {
			at--
		}
		top = slices.Insert(top, at, i)
		top = top[:min(len(top), k)]
	}
	return top
}

// Products are the inner products of x [D] with rows [N][D]. Each is one call, so it has the same bits whatever else is
// computed with it.
func Products(rows [][]float64, x []float64) []float64 { return products(rows, [][]float64{x})[0] }

// together is how many rows are held in a processor's cache while all texts of a block meet them.
const together = 64

// products are those of several texts x [M][D], [M][N]. Rows come from memory once for all of them, which is where the
// time goes: 8,000 rows of 384 numbers are 25 MB.
func products(rows, x [][]float64) [][]float64 {
	out := make([][]float64, len(x))
	for m := range x {
		out[m] = make([]float64, len(rows))
	}
	for from := 0; from < len(rows); from += together {
		to := min(from+together, len(rows))
		for m := range x {
			b := blas64.Vector{N: len(x[m]), Inc: 1, Data: x[m]}
			for i := from; i < to; i++ {
				out[m][i] = blas64.Dot(blas64.Vector{N: len(x[m]), Inc: 1, Data: rows[i]}, b)
			}
		}
	}
	return out
}

// Calibrate sets q̂: the ⌈(n+1)(1−α)⌉-th smallest |y − ŷ|/σ of n texts whose groups the fit has not seen. sigma [n] are
// their doubts. It tells whether n reaches that rank:
//
//	α .1, n 60     the 55th of 60
//	α .1, n 9      the 9th
//	α .1, n 8      the 9th of 8: there is none
func (f *TextFit) Calibrate(x [][]float64, y, sigma []float64, alpha float64) bool {
	f.Rank, f.Q = int(math.Ceil(float64(len(x)+1)*(1-alpha)-1e-9)), math.NaN()
	if f.Rank > len(x) || f.Rank < 1 {
		return false
	}
	var off []float64
	for i := range x {
		off = append(off, math.Abs(y[i]-f.Ridge.Predict(x[i]))/sigma[i])
	}
	slices.Sort(off)
	f.Q = off[f.Rank-1]
	return true
}

// Estimate is what a fit says of one text.
type Estimate struct {
	Value  float64 // score, cut at ±10
	Sigma  float64
	Half   float64 // half of the interval's width, before it is cut
	Lo, Hi float64 // cut at ±10
	Like   float64 // mean inner product with the nearest training texts: of unit vectors the cosine
}

// At estimates a text from its vector and its inner products with the training texts.
func (f *TextFit) At(x, near []float64, neighbours int) Estimate {
	nearest := nearestOf(near, neighbours)
	like := 0.
	for _, i := range nearest {
		like += near[i] / float64(len(nearest))
	}
	return f.at(x, f.doubt(nearest), like)
}

func (f *TextFit) at(x []float64, sigma, like float64) Estimate {
	y := f.Ridge.Predict(x)
	half := f.Q * sigma
	return Estimate{Value: cut(y), Sigma: sigma, Half: half, Lo: cut(y - half), Hi: cut(y + half), Like: like}
}

// cut keeps a score on its scale.
func cut(y float64) float64 { return max(-intensity.Limit, min(intensity.Limit, y)) }

// Answer says whether a text tells something of a value, or why not.
type Answer string

// The answers. A text is told to be beside the point first: that needs no look at its interval.
const (
	Answered Answer = "answered"
	Beside   Answer = "not about it" // its relevance is below the floor
	Unsure   Answer = "unsure"       // its interval is too wide
	Wordless Answer = "wordless"     // it has no two words: there is nothing to read
)

// Decide tells whether an estimate is an answer, for a text of relevance rho.
func (r TextRules) Decide(e Estimate, rho float64) Answer {
	switch {
	case !(rho >= r.Relevance):
		return Beside
	case !(e.Half <= r.HalfWidth):
		return Unsure
	}
	return Answered
}

// Weight is what an answered text counts: the more, the more it is about the value and the surer its score is.
func Weight(rho, sigma float64) float64 { return rho / (sigma * sigma) }

// Told is a text that counts: an id that its place does not change, its score and its weight.
type Told struct {
	ID     string
	Value  float64
	Sum    float64 // weight
	Like   float64 // Estimate.Like
	Judged bool    // its score is a judge's
	Off    float64 // standard deviation of the error of a judged one
}

// TextScore is a value's score over many texts. Numbers are NaN where too few texts tell.
type TextScore struct {
	Score, Lo, Hi float64 // the interval of 95 %: of Pool over which texts are drawn, of ManyFit of the mean
	Effective     float64 // (Σw)²/Σw²; 0 without answered texts
	N             int     // texts that count
	Most          []Share // of evidence
}

// Share is a text's part of the weight of all.
type Share struct {
	ID    string
	Share float64
}

// Pool makes one score of answered texts: S = Σwŷ/(Σw + κ), drawn to 0 by κ, its interval by drawing the texts anew.
//
//	two texts, ŷ 6 and 3, w 1 and .5, κ 1     S = 7.5/2.5 = 3, effective texts 1.5²/1.25 = 1.8: null
//
// Texts are taken by their ids, so that their order changes nothing, to the last bit. purpose tells draws apart.
func (r TextRules) Pool(told []Told, purpose string) TextScore {
	told = slices.Clone(told)
	slices.SortFunc(told, func(a, b Told) int { return cmp.Compare(a.ID, b.ID) })
	nan := math.NaN()
	out := TextScore{Score: nan, Lo: nan, Hi: nan, N: len(told)}
	var sum, squares, weighted float64
	for _, t := range told {
		sum, squares, weighted = sum+t.Sum, squares+t.Sum*t.Sum, weighted+t.Sum*t.Value
	}
	if squares > 0 {
		out.Effective = sum * sum / squares
	}
	out.Most = r.most(told, sum)
	if !(out.Effective >= r.Effective) {
		return out
	}
	out.Score = weighted / (sum + r.Kappa)
	out.Lo, out.Hi = r.bootstrap(told, purpose)
	return out
}

// bootstrap is the interval of 95 % when as many texts are drawn with replacement.
func (r TextRules) bootstrap(told []Told, purpose string) (lo, hi float64) {
	random := ranking.Stream("profile text bootstrap", r.Seed, purpose)
	draws := make([]float64, r.Draws)
	for b := range draws {
		var sum, weighted float64
		for range told {
			t := &told[random.IntN(len(told))]
			sum, weighted = sum+t.Sum, weighted+t.Sum*t.Value
		}
		draws[b] = weighted / (sum + r.Kappa)
	}
	slices.Sort(draws)
	return ranking.Quantile(draws, .025), ranking.Quantile(draws, .975)
}

// most are the texts of most weight; of equal ones the first by id.
func (r TextRules) most(told []Told, sum float64) (out []Share) {
	top := slices.Clone(told)
	slices.SortStableFunc(top, func(a, b Told) int { return cmp.Compare(b.Sum, a.Sum) })
	for _, t := range top[:min(len(top), r.Evidence)] {
		out = append(out, Share{t.ID, t.Sum / sum})
	}
	return out
}

// Validate refuses numbers that no answer could be made with.
func (r TextRules) Validate() error {
	for _, c := range []struct {
		name string
		good bool
	}{
		{"fewest_texts", r.Fewest >= 10}, {"neighbours", r.Neighbours >= 1}, {"alpha", r.Alpha > 0 && r.Alpha < 1},
		{"half_width_limit", r.HalfWidth > 0}, {"relevance_floor", r.Relevance >= 0 && r.Relevance <= 1},
		{"kappa", r.Kappa >= 0}, {"least_effective", r.Effective >= 3}, {"draws", r.Draws >= 40},
		{"texts_of_evidence", r.Evidence >= 0}, {"calibration_groups", r.Calibrates > 0 && r.Calibrates < 1},
		{"least_r2", !math.IsNaN(r.LeastR2)},
		{"counted", r.Counted == "" || r.Counted == CountAll || r.Counted == CountSure},
	} {
		if !c.good {
			return fault.New(fault.Invalid, "profiles: the rule %s is out of bounds", c.name)
		}
	}
	return nil
}
