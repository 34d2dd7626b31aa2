package vidb

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
)

// balanced against a search over all splits, for many shapes of a pool.
func TestBalancedAsASearch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var from [3][]*candidate
		var have [3]int
		for side := range from {
			from[side] = make([]*candidate, random.IntN(8))
			for i := range from[side] {
				from[side][i] = &candidate{Text: Text{Direction: side - 1}}
			}
			have[side] = random.IntN(6)
		}
		n := random.IntN(20)
		got := have
		chosen := balanced(from, have, n)
		for _, c := range chosen {
			got[c.Direction+1]++
		}
		sided := min(n, len(from[0])+len(from[2]))
		best := math.MaxInt
		for p := range len(from[2]) + 1 {
			if q := sided - p; q >= 0 && q <= len(from[0]) {
				best = min(best, abs(have[2]+p-have[0]-q))
			}
		}
		if d := abs(got[2] - got[0]); d != best || len(chosen) != min(n, len(from[0])+len(from[1])+len(from[2])) {
			t.Fatalf("from %d %d %d, there %v, %d wanted: %v, the search differs by %d", len(from[0]), len(from[1]),
				len(from[2]), have, n, got, best)
		}
		if got[1] > have[1] && got[0]+got[2] < have[0]+have[2]+len(from[0])+len(from[2]) {
			t.Fatalf("direction 0 came before the others were used up: %v", got)
		}
	}
}

func abs(n int) int { return max(n, -n) }

func TestPoolCountsLengthsAndTexts(t *testing.T) {
	long := strings.Repeat("a", DefaultMaxChars)
	rows := []data.Row{
		row("Help her!", care, 1, nil), row("help her", care, 1, nil), row("ab", care, 1, nil), row(long+"b", care, 1, nil),
		row(long, care, -1, nil), row("Help her!", loyalty, -1, nil), row("Leave.", loyalty, -1, nil), row("Stay",
			loyalty, 1, nil),
	}
	o := options(rowsFile(t, rows))
	v, err := Draw(o)
	must(t, err)
	p := v.Report.Pool
	if p.Texts != 4 || p.Short != 1 || p.Long != 1 || p.Targets != 2 || p.Pool != 4 || p.Sides != [3]int{2, 0, 2} {
		t.Errorf("by text_id: %+v", *p)
	}
	o.Exact = true
	if v, err = Draw(o); err != nil || v.Report.Pool.Texts != 5 {
		t.Errorf("by bytes: %+v, %v", v.Report.Pool, err)
	}
	o.Size = 2
	if v, err = Draw(o); err != nil || v.Report.Pool.Sides != [3]int{1, 0, 1} || v.Report.Pool.PoolTarget != 2 {
		t.Errorf("two wanted: %+v, %v", v.Report.Pool, err)
	}
	o = options(rowsFile(t, rows))
	forward, err := Draw(o)
	must(t, err)
	slices.Reverse(rows)
	if back, err := Draw(options(rowsFile(t, rows))); err != nil || !slices.Equal(ids(back.Texts), ids(forward.Texts)) {
		t.Errorf("the order of rows changed the pool: %v", err)
	}
}

func TestPoolsThatAreRefused(t *testing.T) {
	file := rowsFile(t, []data.Row{row("Help her!", care, 1, nil)})
	for _, c := range []struct {
		reason string
		change func(*PoolOptions)
		want   string
	}{
		{"one text", func(*PoolOptions) {}, "two are needed"},
		{"an unknown value", func(o *PoolOptions) { o.Value = "mft/kindness" }, "kindness"},
		{"an unknown theory", func(o *PoolOptions) { o.Value = "tarot/sun" }, "tarot"},
		{"a pool of one", func(o *PoolOptions) { o.Size = 1 }, "2 texts"},
		{"texts of nothing", func(o *PoolOptions) { o.MaxChars = 2 }, "characters"},
	} {
		o := options(file)
		c.change(&o)
		if _, err := Draw(o); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
	two := options(rowsFile(t, []data.Row{row("Help her!", care, 1, nil), row("Leave her!", care, -1, nil)}))
	if _, err := Pools(filepath.Join(t.TempDir(), "v.db"), two, []string{care, care}, false); err == nil ||
		!strings.Contains(err.Error(), "twice") {
		t.Errorf("a value twice: %v", err)
	}
}

// A value with two parents is reached by both, and an inner node by all below it.
func TestPassesThroughEitherParent(t *testing.T) {
	for _, c := range []struct {
		row, value string
		want       bool
	}{
		{"svt/openness-to-change/hedonism", "svt/openness-to-change", true}, {"svt/openness-to-change/hedonism",
			"svt/self-enhancement", true},
		{"svt/self-enhancement/hedonism", "svt/openness-to-change/hedonism", true}, {"svt/self-enhancement/power",
			"svt/openness-to-change", false},
		{"mft/care-harm", "mft/care-harm/caring", false}, {"mft/care-harm/caring", "mft/care-harm", true},
	} {
		r := row("text", c.row, 1, nil)
		_, p, err := theories.Builtin().ParseID(c.value)
		must(t, err)
		if got := Passes(&r, p, theories.Builtin()); got != c.want {
			t.Errorf("%s through %s: %v", c.row, c.value, got)
		}
	}
}
