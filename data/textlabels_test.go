package data_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/data"
	"hives/internal/goldentest"
	"hives/metrics"
)

// label is a row's annotation as a twin reads it: [theory, l1, l2, l3, direction].
type label [5]int32

// labelsOf makes rows of texts and their label sets; rowOf finds the row of a text's label.
func labelsOf(sets [][]label) (l *data.Labels, rowOf func(text int, is label) int32) {
	l = &data.Labels{}
	at := map[string]int32{}
	for text, set := range sets {
		for _, x := range set {
			at[fmt.Sprint(text, x)] = int32(l.Len())
			l.Theory, l.Direction = append(l.Theory, x[0]), append(l.Direction, x[4])
			l.Levels = append(l.Levels, [3]int32{x[1], x[2], x[3]})
			l.Text = append(l.Text, int32(text))
			l.Group, l.Corpus, l.Judged = append(l.Group, int32(text)), append(l.Corpus, 0), append(l.Judged, true)
		}
	}
	return l, func(text int, is label) int32 { return at[fmt.Sprint(text, is)] }
}

func TestGoldenFalseNegatives(t *testing.T) {
	var golden struct {
		Cases []struct {
			Theory    []int32    `json:"theory"`
			Levels    [][3]int32 `json:"levels"`
			Direction []int32    `json:"direction"`
			Text      []int      `json:"text"`
			Texts     [][]label  `json:"texts"`
			Ignore    [][]bool   `json:"ignore"`
		} `json:"cases"`
	}
	goldentest.ReadJSON(t, &golden, "j_pairs", "pairs.json")
	for n, c := range golden.Cases {
		l, rowOf := labelsOf(c.Texts)
		sets := data.NewTextLabels(l, nil)
		var rows []int32
		for i, text := range c.Text {
			is := label{c.Theory[i], c.Levels[i][0], c.Levels[i][1], c.Levels[i][2], c.Direction[i]}
			if !slices.Contains(c.Texts[text], is) {
				t.Fatalf("case %d: text %d has no label %v", n, text, is)
			}
			rows = append(rows, rowOf(text, is))
		}
		for i := range rows {
			for j := range rows {
				if got := sets.FalseNegative(rows[i], rows[j]); got != c.Ignore[i][j] {
					t.Errorf("case %d, rows %d and %d: %v, want %v", n, i, j, got, c.Ignore[i][j])
				}
			}
		}
	}
}

// drawSets makes n texts of one to four labels over few values, so that texts share some.
func drawSets(rng *rand.Rand, n int) [][]label {
	sets := make([][]label, n)
	for text := range sets {
		for range 1 + rng.IntN(4) {
			theory := rng.Int32N(2)
			x := label{theory, 10*theory + rng.Int32N(2), -1, -1, rng.Int32N(3) - 1} // ids unlike across theories
			for k := 2; k < 2+rng.IntN(3) && k < 4; k++ {
				x[k] = 10*theory + rng.Int32N(2)
			}
			if !slices.Contains(sets[text], x) {
				sets[text] = append(sets[text], x)
			}
		}
	}
	return sets
}

// TestFalseNegativesEqualTheirTwin holds every pair of rows to the label sets themselves. A third of the rows
// have a second path.
func TestFalseNegativesEqualTheirTwin(t *testing.T) {
	found := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		l, _ := labelsOf(drawSets(rng, 12))
		alternatives := make([][][3]int32, l.Len())
		for i := range alternatives {
			if rng.IntN(3) == 0 {
				alternatives[i] = [][3]int32{{10*l.Theory[i] + rng.Int32N(2), 10 * l.Theory[i], -1}}
			}
		}
		same := func(a, b int) bool { // by any of their paths
			if l.Theory[a] != l.Theory[b] || l.Direction[a] != l.Direction[b] {
				return false
			}
			for _, p := range append(slices.Clone(alternatives[a]), l.Levels[a]) {
				for _, q := range append(slices.Clone(alternatives[b]), l.Levels[b]) {
					if p == q {
						return true
					}
				}
			}
			return false
		}
		sets := data.NewTextLabels(l, alternatives)
		for i := range l.Len() {
			for j := range l.Len() {
				carried := false
				for r := range l.Len() {
					carried = carried || l.Text[r] == l.Text[j] && same(i, r)
				}
				written := l.Theory[i] == l.Theory[j] && l.Levels[i] == l.Levels[j] && l.Direction[i] == l.Direction[j]
				if got, want := sets.FalseNegative(int32(i), int32(j)), carried && !written; got != want {
					t.Fatalf("seed %d, rows %d and %d: %v, want %v", seed, i, j, got, want)
				} else if want {
					found++
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("%d false negatives among all pairs: the comparison says little", found)
	}
}

// TestClosenessFollowsTheMetric: weights fall as the bins of the text-level ranking metric rise.
func TestClosenessFollowsTheMetric(t *testing.T) {
	var seen [metrics.Bins]int
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 6))
		l, _ := labelsOf(drawSets(rng, 12))
		alternatives := make([][][3]int32, l.Len())
		alternatives[0] = [][3]int32{{10 * l.Theory[0], 10*l.Theory[0] + 1, -1}}
		sets, texts := data.NewTextLabels(l, alternatives), metrics.NewTextPairs(l, alternatives)
		relations := make([]metrics.Relation, texts.Len())
		for a, row := range texts.First() {
			texts.Relate(a, relations)
			for b, other := range texts.First() {
				if a == b {
					continue
				}
				bin := relations[b].Bin()
				seen[bin]++
				if got, want := sets.Closeness(int32(row), int32(other)), float32(4-bin)/4; got != want {
					t.Fatalf("seed %d, texts %d and %d: %g, want %g of bin %d", seed, a, b, got, want, bin)
				}
			}
		}
	}
	if slices.Min(seen[:]) < 20 {
		t.Errorf("pairs of each bin %v: the comparison says little", seen)
	}
}

// TestTwoParentsInTextLabels takes hedonism under either parent for one value.
func TestTwoParentsInTextLabels(t *testing.T) {
	row := func(text, level1, level2 string) data.Row {
		return data.Row{Text: text, TextID: text, Group: text, Corpus: "c", Theory: "svt", Level1: level1, Level2: level2, Direction: 1}
	}
	rows := []data.Row{
		row("a feast", "openness to change", "hedonism"),
		row("a dance", "self-enhancement", "hedonism"),
		row("a race", "self-enhancement", "achievement"),
		row("a feast to win", "self-enhancement", "achievement"),
		row("a feast to win", "self-enhancement", "hedonism"),
	}
	l := data.NewLabels(rows)
	sets := data.NewTextLabels(l, l.Alternatives(rows))
	for _, c := range []struct {
		i, j      int32
		negative  bool
		closeness float32
	}{
		{0, 1, true, 1},    // one value, written with another path
		{0, 3, true, 1},    // carried in another row
		{3, 0, false, 1},   // achievement is not what the feast carries
		{2, 3, false, 1},   // alike as written
		{0, 2, false, .25}, // by its other parent hedonism is a value of self-enhancement
	} {
		if got := sets.FalseNegative(c.i, c.j); got != c.negative {
			t.Errorf("rows %d and %d: false negative %v, want %v", c.i, c.j, got, c.negative)
		}
		if got := sets.Closeness(c.i, c.j); got != c.closeness {
			t.Errorf("rows %d and %d: closeness %g, want %g", c.i, c.j, got, c.closeness)
		}
	}
}
