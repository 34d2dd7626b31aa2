package ranking_test

import (
	"math"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/ranking"
)

func TestWhatIsRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	fit := func(items int, orders [][]int, weights []float64, prior ranking.Prior) error {
		r, err := ranking.New(items, orders, weights)
		if err == nil {
			_, err = ranking.Fit(r, prior)
		}
		return err
	}
	loop := [][]int{{0, 1}, {1, 0}}
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
		says string
	}{
		"an item beyond the pool": {fit(2, [][]int{{0, 1}, {0, 2}}, nil, ranking.None()), fault.Invalid,
			"ranking 1 names item 2"},
		"a negative item":            {fit(2, [][]int{{0, -1}}, nil, ranking.None()), fault.Invalid, "item -1"},
		"an item twice":              {fit(3, [][]int{{0, 1, 0}}, nil, ranking.None()), fault.Invalid, "item 0 twice"},
		"a ranking of one":           {fit(2, [][]int{{0}}, nil, ranking.None()), fault.Invalid, "two are needed"},
		"a pool of one":              {fit(1, nil, nil, ranking.None()), fault.Invalid, "two are needed"},
		"too few weights":            {fit(2, loop, []float64{1}, ranking.None()), fault.Mismatch, "1 weights for 2"},
		"a weight that is no number": {fit(2, loop, []float64{1, nan}, ranking.None()), fault.Invalid, "ranking 1"},
		"an infinite weight":         {fit(2, loop, []float64{1, inf}, ranking.None()), fault.Invalid, "ranking 1"},
		"a negative weight":          {fit(2, loop, []float64{-1, 1}, ranking.None()), fault.Invalid, "ranking 0"},
		"parts that never met": {fit(4, [][]int{{0, 1}, {2, 3}}, nil, ranking.DefaultPrior), fault.Invalid,
			"sizes 2, 2"},
		"an item that never stood": {fit(3, loop, nil, ranking.DefaultPrior), fault.Invalid, "never met"},
		"only weight 0 between":    {fit(2, loop, []float64{0, 0}, ranking.DefaultPrior), fault.Invalid, "never met"},
		"an infinite utility": {fit(2, [][]int{{0, 1}}, nil, ranking.None()), fault.Invalid,
			"undefeated items 0, winless 1"},
		"a ghost of nothing":        {fit(2, loop, nil, ranking.Ghost(0)), fault.Invalid, "above 0"},
		"a ridge that is no number": {fit(2, loop, nil, ranking.Ridge(nan)), fault.Invalid, "above 0"},
	} {
		if c.err == nil || fault.Of(c.err) != c.kind || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v (%v), want %q", name, c.err, fault.Of(c.err), c.says)
		}
	}
	for _, text := range []string{"", "ghosts", "ghost:", "ghost:x", "ghost:-1", "ridge:0", "ridge:.1x", "NONE"} {
		if p, err := ranking.ParsePrior(text); err == nil {
			t.Errorf("prior %q is read as %s", text, p)
		}
	}
	for name, windows := range map[string][]ranking.Window{
		"no window":       nil,
		"no anchor":       {{nil, 1}},
		"rank 0":          {{[]float64{1}, 0}},
		"a rank too deep": {{[]float64{1}, 3}},
		"a NaN anchor":    {{[]float64{nan}, 1}},
	} {
		if _, err := ranking.Estimate(windows); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
