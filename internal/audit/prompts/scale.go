package prompts

import (
	"math"
	"slices"

	"hives/internal/fault"
	"hives/vidb"
)

// Targets are all that there are, strongest first.
var Targets = []int{2, 1, -1, -2}

// Bins: which scores are texts of a target.
const (
	BinsMain      = "main"      // [−10, −7]  (−7, −3]  (3, 7]  (7, 10]
	BinsAppendix  = "appendix"  // [−10, −7]  (−7, −3]  [3, 7)  (7, 10]: a score of 7 is in none
	BinsSymmetric = "symmetric" // [−10, −7]  (−7, −3]  [3, 7)  [7, 10]
)

// AllBins are all of them.
var AllBins = []string{BinsMain, BinsAppendix, BinsSymmetric}

// Bin is the target whose texts have this score; 0 where none has.
//
//	score    main  appendix  symmetric
//	−7       −2    −2        −2
//	3        0     1         1
//	7        1     0         2
func Bin(bins string, score float64) int {
	far, near := score > 7, score > 3 // of the positive side, as main has it
	switch bins {
	case BinsAppendix:
		near = score >= 3 && score != 7
	case BinsSymmetric:
		far, near = score >= 7, score >= 3
	}
	switch {
	case !(math.Abs(score) <= 10): // NaN too
		return 0
	case score <= -7:
		return -2
	case score <= -3:
		return -1
	case far:
		return 2
	case near:
		return 1
	}
	return 0
}

// Agree tells whether people and the fit are at one about a text: one sign, and at most 2 apart. A score of 0 has no
// sign.
func Agree(fitted, human float64) bool {
	return fitted*human > 0 && math.Abs(fitted-human) <= 2
}

// eligible are the texts of a value that may speak for a target, in the order of their ids. Where people rated, they
// must agree with the fit; else no voter may have doubted the score.
func eligible(v *vidb.Value, bins string, target int) (out []vidb.Text) {
	for at, s := range v.Scores {
		fit := s.Status == vidb.Accepted && s.Zeros == 0
		if s.Humans > 0 {
			fit = (s.Status == vidb.Accepted || s.Status == vidb.Blended) && Agree(s.Score, s.HumanMean)
		}
		if fit && Bin(bins, s.Final) == target {
			out = append(out, v.Texts[at])
		}
	}
	return out
}

// Shifts are the targets of five values: the cyclic shifts of 2, 1, 1, −1, −2, each one place further right.
func Shifts() (out [][]int) {
	first := []int{2, 1, 1, -1, -2}
	for s := range first {
		out = append(out, slices.Concat(first[len(first)-s:], first[:len(first)-s]))
	}
	return out
}

// checkTargets refuses what is no target. 0 is refused too: "a person who neither values nor rejects" steers, and the
// prompt without steering is the default.
func checkTargets(targets []int) error {
	for i, t := range targets {
		if slices.Contains(targets[:i], t) {
			return fault.Usage(fault.New(fault.Invalid, "target %d stands twice: name it once", t))
		}
		if !slices.Contains(Targets, t) {
			return fault.Usage(fault.New(fault.Invalid, "target %d: want 2, 1, -1 or -2; without steering is the default, "+
				"which every run asks", t))
		}
	}
	return nil
}
