package data_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/rig/goldentest"
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
		sets := data.NewTextLabels(l)
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

// TestFalseNegativesEqualTheirTwin holds every pair of rows to the label sets themselves.
func TestFalseNegativesEqualTheirTwin(t *testing.T) {
	found := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		l, _ := labelsOf(drawSets(rng, 12))
		same := func(a, b int) bool {
			return l.Theory[a] == l.Theory[b] && l.Levels[a] == l.Levels[b] && l.Direction[a] == l.Direction[b]
		}
		sets := data.NewTextLabels(l)
		for i := range l.Len() {
			for j := range l.Len() {
				carried := false
				for r := range l.Len() {
					carried = carried || l.Text[r] == l.Text[j] && same(i, r)
				}
				if got, want := sets.FalseNegative(int32(i), int32(j)), carried && !same(i, j); got != want {
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

// parents are nodes of svt with the path that each counts as, written out by hand: the three values of two parents
// under either, and neighbours of theirs. humility and face have no third level.
var parents = [][2][2]string{
	{{"openness to change", "hedonism"}, {"openness to change", "hedonism"}},
	{{"self-enhancement", "hedonism"}, {"openness to change", "hedonism"}},
	{{"conservation", "humility"}, {"conservation", "humility"}},
	{{"self-transcendence", "humility"}, {"conservation", "humility"}},
	{{"self-enhancement", "face"}, {"self-enhancement", "face"}},
	{{"conservation", "face"}, {"self-enhancement", "face"}},
	{{"self-enhancement", "achievement"}, {"self-enhancement", "achievement"}},
	{{"openness to change", "stimulation"}, {"openness to change", "stimulation"}},
	{{"conservation", ""}, {"conservation", ""}},
	{{"self-transcendence", "benevolence"}, {"self-transcendence", "benevolence"}},
}

// parentRow is a row of a text, written as parents[at][0] or, to be compared with, as parents[at][1].
func parentRow(text string, at, spelling int, direction int32) data.Row {
	p := parents[at][spelling]
	return data.Row{Text: text, TextID: text, Group: text, Corpus: "c", Theory: "svt", Level1: p[0], Level2: p[1],
		Direction: direction}
}

// TestTwoParentsAreOneValue holds the numbers of rows that write values under either parent to a double loop over
// names, level by level and for the label sets of texts, and to the numbers of rows that all write the one parent.
func TestTwoParentsAreOneValue(t *testing.T) {
	asWritten := 0 // pairs that would be told apart by what is written: the control
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		var at []int
		var written, one []data.Row
		for n := range 30 {
			text, value, direction := fmt.Sprint("text ", n/3), rng.IntN(len(parents)), rng.Int32N(2)
			at = append(at, value)
			written = append(written, parentRow(text, value, 0, direction))
			one = append(one, parentRow(text, value, 1, direction))
		}
		l := data.NewLabels(written, theories.Builtin())
		sets := data.NewTextLabels(l)
		for i := range at {
			for j := range at {
				a, b := parents[at[i]][1], parents[at[j]][1]
				for v, want := range []bool{a[0] == b[0], a == b} {
					if got := slices.Equal(l.Levels[i][:v+1], l.Levels[j][:v+1]); got != want {
						t.Fatalf("seed %d: %v and %v agree to level %d: %v, want %v", seed, written[i], written[j], v+1, got, want)
					}
				}
				if a == b && written[i].Levels() != written[j].Levels() {
					asWritten++
				}
				same := func(x, y int) bool {
					return parents[at[x]][1] == parents[at[y]][1] && written[x].Direction == written[y].Direction
				}
				want := false
				for r := range at {
					want = want || r/3 == j/3 && same(i, r) && !same(i, j)
				}
				if got := sets.FalseNegative(int32(i), int32(j)); got != want {
					t.Fatalf("seed %d: row %d is a false negative of row %d: %v, want %v", seed, j, i, got, want)
				}
			}
		}
		plain := data.NewLabels(one, theories.Builtin())
		if !reflect.DeepEqual(l, plain) || !reflect.DeepEqual(l.Alternatives(written), plain.Alternatives(one)) {
			t.Errorf("seed %d: labels %+v, of the one parent %+v", seed, l, plain)
		}
	}
	if asWritten < 100 {
		t.Errorf("%d pairs of one value under two parents: the comparison says little", asWritten)
	}
}
