package intensity

import (
	"math"
	"slices"

	"hives/internal/fault"
	"hives/ranking"
)

// Figure is one line of the instability table.
// Less and Scale are apart: a lower variance share is stabler and honest, a lower variance is stabler only on one
// scale.
type Figure struct {
	Name  string
	Key   string // of files
	Less  bool   // less of it is stabler
	Scale bool   // a map that presses scores together improves it, so it proves nothing alone
	Of    func(Stability) float64
}

// Figures are the lines of the table. Claims rest on those that no change of unit improves.
var Figures = []Figure{
	{"mean variance between judges", "mean_variance", true, true, func(s Stability) float64 { return s.MeanVariance }},
	{"mean range between judges", "mean_range", true, true, func(s Stability) float64 { return s.MeanRange }},
	{"share of items with a sign flip", "sign_flips", true, true, func(s Stability) float64 { return s.SignFlips }},
	{"change by the prompt", "prompt_change", true, true, func(s Stability) float64 { return s.PromptChange }},
	{"sign as people have it", "sign_accuracy", false, false, func(s Stability) float64 { return s.SignAccuracy }},
	{"pairs in people's order", "ranking_accuracy", false, false, func(s Stability) float64 { return s.Ranking }},
	{"variance share", "variance_share", true, false, func(s Stability) float64 { return s.VarianceShare }},
	{"Spearman between judges", "spearman", false, false, func(s Stability) float64 { return s.Spearman }},
	{"Kendall's W", "kendall_w", false, false, func(s Stability) float64 { return s.KendallW }},
}

// Interval is a figure with the 2.5th and 97.5th percentile of its draws.
type Interval struct{ Value, Lo, Hi float64 }

// Compared are the figures of several methods on the same items, each line in the order of Figures. A method may be
// stabler although the intervals of both overlap: most of their width is which items were drawn, which both have in
// common. Less is without it.
type Compared struct {
	Methods []Stability
	Figures [][]Interval // [method][figure]
	Less    [][]Interval // [method][figure]: less the first method's, of the same draws; of the first method nothing
}

// Compare measures methods on the same items and draws the items anew, the same for all methods: a difference between
// two methods is then free of which items were looked at. Draws on which a figure is undefined are left out of it.
//
//	items 0 1 2, a draw 0 0 2     both methods are measured on 0 0 2, and subtracted
func Compare(methods []Ratings, draws int, seed uint64) (*Compared, error) {
	if len(methods) == 0 || draws < 0 {
		return nil, fault.New(fault.Invalid, "intensity: %d methods, %d draws: want one method or more", len(methods), draws)
	}
	items := len(methods[0].Value)
	out := &Compared{}
	for at, r := range methods {
		s, err := Measure(r)
		if err != nil {
			return nil, err
		}
		if len(r.Value) != items {
			return nil, fault.New(fault.Mismatch, "intensity: method %d has %d items, method 0 has %d", at, len(r.Value), items)
		}
		out.Methods = append(out.Methods, s)
	}
	drawn := make([][]Stability, len(methods)) // [method][draw]
	for _, counts := range ranking.Resample(seed, draws, items) {
		var draw []int
		for item, n := range counts {
			for range int(n) {
				draw = append(draw, item)
			}
		}
		for at, r := range methods {
			drawn[at] = append(drawn[at], r.measure(draw))
		}
	}
	for at := range methods {
		var own, less []Interval
		for _, f := range Figures {
			own = append(own, interval(f.Of(out.Methods[at]), draws, func(d int) float64 { return f.Of(drawn[at][d]) }))
			if at > 0 {
				less = append(less, interval(f.Of(out.Methods[at])-f.Of(out.Methods[0]), draws, func(d int) float64 {
					return f.Of(drawn[at][d]) - f.Of(drawn[0][d])
				}))
			}
		}
		out.Figures, out.Less = append(out.Figures, own), append(out.Less, less)
	}
	return out, nil
}

// interval sorts draws around a value; without any it has no ends.
//
//	draws .2, .3, NaN, .4     of three: Lo .205, Hi .395
func interval(value float64, draws int, draw func(int) float64) Interval {
	var sorted []float64
	for d := range draws {
		if x := draw(d); !math.IsNaN(x) {
			sorted = append(sorted, x)
		}
	}
	slices.Sort(sorted)
	return Interval{Value: value, Lo: ranking.Quantile(sorted, .025), Hi: ranking.Quantile(sorted, .975)}
}
