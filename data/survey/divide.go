package survey

import (
	"slices"

	"hives/internal/fault"
	"hives/ranking"
)

// Division says which questions a profile is made of, and which it is held to. Questions stand in it by their words:
// two that differ in their options alone are one question here.
type Division struct {
	Share   float64  `json:"share"` // of the questions that make the profile, on average
	Seed    uint64   `json:"seed"`
	Profile []string `json:"profile"` // Question.Words, sorted
	Test    []string `json:"test"`
}

// DefaultShare is the paper's.
const DefaultShare = .05

// Divide draws a number for each question from the seed and its words alone, so that a survey with more questions
// leaves each one where it is. All groups have the same questions on the same side.
func Divide(s *Survey, share float64, seed uint64) (Division, error) {
	d := Division{Share: share, Seed: seed, Profile: []string{}, Test: []string{}}
	if !(share > 0 && share < 1) {
		return d, fault.Usage(fault.New(fault.Invalid, "share %v: want more than 0 and less than 1 of the questions", share))
	}
	for _, q := range s.Questions {
		if ranking.Stream("profile questions", seed, q.Words).Float64() < share {
			d.Profile = append(d.Profile, q.Words)
		} else {
			d.Test = append(d.Test, q.Words)
		}
	}
	for _, side := range []*[]string{&d.Profile, &d.Test} {
		slices.Sort(*side)
		*side = slices.Compact(*side)
	}
	if len(d.Profile) == 0 || len(d.Test) == 0 {
		return d, fault.Usage(fault.New(fault.Invalid, "share %v, seed %d: of %d questions %d make the profile and %d test "+
			"it: give another share or seed", share, seed, len(s.Questions), len(d.Profile), len(d.Test)))
	}
	return d, nil
}

// Check refuses a division that has a question on both sides: a profile that was made of the answers it is held to
// proves nothing.
func (d Division) Check() error {
	test := slices.Sorted(slices.Values(d.Test))
	for _, words := range d.Profile {
		if _, both := slices.BinarySearch(test, words); both {
			return fault.New(fault.Corrupt, "survey: question %s makes the profile and tests it: build the profile again", words)
		}
	}
	return nil
}

// Made and Held tell on which side a question is; one that the division does not name is on neither.
func (d Division) Made(q Question) bool { return slices.Contains(d.Profile, q.Words) }

// Held is Made's other side.
func (d Division) Held(q Question) bool { return slices.Contains(d.Test, q.Words) }
