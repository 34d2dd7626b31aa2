package ranking_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"hives/ranking"
)

func design(items, k, m, judges int) ranking.Design {
	d := ranking.Design{Purpose: "windows", Seed: 7, K: k, M: m, Judges: judges, Overlap: .05}
	for i := range items {
		d.IDs = append(d.IDs, fmt.Sprintf("text-%d", i))
	}
	return d
}

func TestUniformWindowsAreBalanced(t *testing.T) {
	for _, c := range []struct{ items, k, m, judges int }{{40, 2, 30, 5}, {9, 4, 8, 1}, {6, 6, 12, 3}} {
		windows, err := design(c.items, c.k, c.m, c.judges).Uniform()
		if err != nil {
			t.Fatal(err)
		}
		places := make(map[[2]int]int)
		turns := make(map[[2]int]int)
		for _, w := range windows {
			places[[2]int{w.Focal, slices.Index(w.Items, w.Focal)}]++
			turns[[2]int{w.Focal, w.Judge}]++
			sorted := slices.Sorted(slices.Values(w.Items))
			if len(slices.Compact(sorted)) != c.k || sorted[0] < 0 || sorted[len(sorted)-1] >= c.items {
				t.Fatalf("window %v of %d items", w, c.k)
			}
		}
		for focal := range c.items {
			for place := range c.k {
				if got := places[[2]int{focal, place}]; got < c.m/c.k || got > (c.m+c.k-1)/c.k {
					t.Errorf("item %d stands %d times at place %d of %d windows of %d", focal, got, place, c.m, c.k)
				}
			}
			own := c.m - turns[[2]int{focal, ranking.AllJudges}]
			for judge := range c.judges {
				if got := turns[[2]int{focal, judge}]; got < own/c.judges || got > (own+c.judges-1)/c.judges {
					t.Errorf("judge %d sees item %d in %d of %d windows", judge, focal, got, own)
				}
			}
		}
	}
}

// Invariant of Uniform: more judges, or another overlap, move no window; and an item's windows hang on its id, not on
// the ids of others.
func TestWindowsDependOnTheirItemAlone(t *testing.T) {
	plain, err := design(30, 3, 6, 2).Uniform()
	if err != nil {
		t.Fatal(err)
	}
	d := design(30, 3, 6, 5)
	d.Overlap = .5
	d.IDs[29] = "another text"
	other, err := d.Uniform()
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for at, w := range plain {
		if w.Focal != 29 && !slices.Equal(w.Items, other[at].Items) {
			t.Fatalf("window %v became %v", w, other[at])
		}
		if w.Focal == 29 && !slices.Equal(w.Items, other[at].Items) {
			moved++
		}
	}
	if moved == 0 {
		t.Error("another id draws the same windows")
	}
}

func TestMatchingGivesEveryItemOneWindowARound(t *testing.T) {
	for _, c := range []struct{ items, k int }{{40, 2}, {41, 2}, {11, 4}} {
		const rounds = 22
		windows, err := design(c.items, c.k, rounds, 3).Matching(rounds)
		if err != nil {
			t.Fatal(err)
		}
		stood := make([]int, c.items)
		for _, w := range windows {
			for _, item := range w.Items {
				stood[item]++
			}
		}
		if most, least := slices.Max(stood), slices.Min(stood); most-least > 1 {
			t.Errorf("%d items in windows of %d: %d to %d windows an item", c.items, c.k, least, most)
		}
	}
}

func TestActiveRoundPairsWhatIsUncertain(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	theta, se := make([]float64, 200), make([]float64, 200)
	for i := range theta {
		theta[i], se[i] = 2*random.NormFloat64(), .2
	}
	se[17], se[90] = 3, 3
	pairs, err := ranking.ActiveRound(random, theta, se)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	var apart float64
	for _, p := range pairs {
		if p[0] == p[1] || seen[p[0]] || seen[p[1]] {
			t.Fatalf("pair %v", p)
		}
		seen[p[0]], seen[p[1]] = true, true
		apart += max(theta[p[0]]-theta[p[1]], theta[p[1]]-theta[p[0]]) / float64(len(pairs))
	}
	if first := pairs[0]; first[0] != 17 && first[1] != 90 && first[0] != 90 && first[1] != 17 {
		t.Errorf("the first pair is %v, the doubtful items are 17 and 90", first)
	}
	if len(pairs) < 80 || apart > 1.5 { // pairs at random lie 2.26 apart: 2·2/√π
		t.Errorf("%d pairs, %.2f logits apart", len(pairs), apart)
	}
}
