package pack

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawSamples(t *rapid.T, most, texts, longest int) [][]int {
	lengths := rapid.SliceOfN(rapid.IntRange(1, longest), 1, texts)
	return rapid.SliceOfN(lengths, 0, most).Draw(t, "samples")
}

// TestChooseHoldsSamplesAndTheWorst packs every sample, and the worst case, into the shapes chosen.
func TestChooseHoldsSamplesAndTheWorst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Choice{Texts: 12, Longest: rapid.IntRange(1, 70).Draw(t, "longest"), Max: rapid.IntRange(1, MaxShapes).Draw(t,
			"max"),
			Devices: rapid.IntRange(0, 5).Draw(t, "devices")}
		samples := drawSamples(t, 20, c.Texts, c.Longest)
		shapes, err := Choose(samples, c)
		if err != nil {
			t.Fatal(err)
		}
		if c.Devices > 0 && slices.ContainsFunc(shapes, func(s Shape) bool { return s.Rows%c.Devices != 0 }) {
			t.Fatalf("%v on %d devices", shapes, c.Devices)
		}
		if len(shapes) < 1 || len(shapes) > c.Max {
			t.Fatalf("%d shapes of at most %d", len(shapes), c.Max)
		}
		for _, sample := range append(samples, slices.Repeat([]int{c.Longest}, c.Texts)) {
			texts := make([][]int32, len(sample))
			for i, n := range sample {
				texts[i] = make([]int32, n)
			}
			if _, err := One(texts, shapes); err != nil {
				t.Fatal(err)
			}
		}
		again, _ := Choose(samples, c)
		if !slices.Equal(shapes, again) {
			t.Fatalf("%v, then %v", shapes, again)
		}
	})
}

// TestChainIsTheCheapest holds the dynamic programme to trying every set of candidates that is a chain.
func TestChainIsTheCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Choice{Texts: 5, Longest: 40, Max: rapid.IntRange(1, 4).Draw(t, "max")}
		samples := drawSamples(t, 6, c.Texts, c.Longest)
		shapes, err := Choose(samples, c)
		if err != nil {
			t.Fatal(err)
		}
		candidates, err := c.candidates(samples)
		if err != nil {
			t.Fatal(err)
		}
		all := []Shape{{Rows: c.Texts, Length: c.Longest, Texts: c.Texts}}
		for _, x := range candidates {
			all = append(all, x.shape)
		}
		if got, want := spend(shapes, samples), cheapest(all[1:], all[:1], samples, c.Max-1); math.Abs(got-want) > 1e-6*want {
			t.Fatalf("%v cost %g, the best chain costs %g", shapes, got, want)
		}
	})
}

// cheapest is the least cost of samples over all sets of chosen and at most n of candidates that are chains.
func cheapest(candidates, chosen []Shape, samples [][]int, n int) float64 {
	best := math.Inf(1)
	if nested(chosen, samples) {
		best = spend(chosen, samples)
	}
	if n == 0 {
		return best
	}
	for i := range candidates {
		best = min(best, cheapest(candidates[i+1:], append(slices.Clone(chosen), candidates[i]), samples, n-1))
	}
	return best
}

// nested tells whether of any two shapes one holds every sample that the other holds.
func nested(shapes []Shape, samples [][]int) bool {
	for _, a := range shapes {
		for _, b := range shapes {
			onlyA, onlyB := false, false
			for _, s := range samples {
				inA, inB := holds(a, s), holds(b, s)
				onlyA, onlyB = onlyA || inA && !inB, onlyB || inB && !inA
			}
			if onlyA && onlyB {
				return false
			}
		}
	}
	return true
}

func holds(shape Shape, sample []int) bool {
	texts := make([][]int32, len(sample))
	for i, n := range sample {
		texts[i] = make([]int32, n)
	}
	_, err := One(texts, []Shape{shape})
	return err == nil
}

// spend adds up the cheapest shape of each sample.
func spend(shapes []Shape, samples [][]int) (total float64) {
	for _, sample := range samples {
		least := math.Inf(1)
		for _, s := range shapes {
			if holds(s, sample) {
				least = min(least, s.Cost(Attention))
			}
		}
		total += least
	}
	return total
}

func TestChooseRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples [][]int
		choice  Choice
		says    string
	}{
		{"no slots", nil, Choice{Longest: 8}, "0 texts of at most 8 tokens"},
		{"nine shapes", nil, Choice{Texts: 1, Longest: 8, Max: 9}, "9 shapes: want 1 to 8"},
		{"a negative attention", nil, Choice{Texts: 1, Longest: 8, Attention: -1}, "attention length -1"},
		{"a long text", [][]int{{8}, {9}}, Choice{Texts: 2, Longest: 8}, "sample 1 has 1 texts, the longest of 9"},
		{"many texts", [][]int{{1, 1, 1}}, Choice{Texts: 2, Longest: 8}, "sample 0 has 3 texts"},
		{"no texts", [][]int{{}}, Choice{Texts: 2, Longest: 8}, "sample 0 has 0 texts"},
		{"a text without tokens", [][]int{{3, 0}}, Choice{Texts: 2, Longest: 8}, "text 1 has no tokens"},
	} {
		if _, err := Choose(c.samples, c.choice); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
}
