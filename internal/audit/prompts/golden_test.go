package prompts

import (
	"slices"
	"testing"

	"hives/internal/rig/goldentest"
)

// Bins, shifts and the agreement of people with the fit are those of the reference set.
func TestGoldenBins(t *testing.T) {
	var set struct {
		Bins []struct {
			Score                     float64
			Main, Appendix, Symmetric int
		}
		Five  [][]int `json:"five_value_sets"`
		Agree []struct {
			PL, Human float64
			Agree     bool
		} `json:"user_text_agreement"`
	}
	goldentest.ReadJSON(t, &set, "g_valueflow", "steering.json")
	for _, b := range set.Bins {
		for bins, want := range map[string]int{BinsMain: b.Main, BinsAppendix: b.Appendix, BinsSymmetric: b.Symmetric} {
			if got := Bin(bins, b.Score); got != want {
				t.Errorf("%s: %v is in %d, want %d", bins, b.Score, got, want)
			}
		}
	}
	if !slices.EqualFunc(Shifts(), set.Five, slices.Equal[[]int]) {
		t.Errorf("shifts %v, want %v", Shifts(), set.Five)
	}
	for _, a := range set.Agree {
		if got := Agree(a.PL, a.Human); got != a.Agree {
			t.Errorf("%v and %v: %v, want %v", a.PL, a.Human, got, a.Agree)
		}
	}
	if len(set.Bins) == 0 || len(set.Agree) == 0 {
		t.Error("the set holds no bins or no ratings")
	}
}
