package data

import "fmt"

// Shared counts what rows to measure on have in common with rows that a model was trained on. Figures of such rows
// flatter: the model has seen them, or their neighbours.
type Shared struct {
	Texts   int `json:"texts"`    // distinct texts that stand in both
	Groups  int `json:"groups"`   // distinct groups that have rows in both
	OfTexts int `json:"of_texts"` // distinct texts to measure on
}

// SharedWith compares by text and by group. Groups count beside texts: what is of one group is so much alike that
// it must not cross a split either.
func SharedWith(trained, measured []Row) Shared {
	texts, groups := map[string]bool{}, map[string]bool{}
	for _, r := range trained {
		texts[r.TextID], groups[r.Group] = true, true
	}
	// A text or a group counts once, however many rows it has.
	seen, seenGroups := map[string]bool{}, map[string]bool{}
	var s Shared
	for _, r := range measured {
		if !seen[r.TextID] && texts[r.TextID] {
			s.Texts++
		}
		if r.Group != "" && !seenGroups[r.Group] && groups[r.Group] {
			s.Groups++
		}
		seen[r.TextID], seenGroups[r.Group] = true, true
	}
	s.OfTexts = len(seen)
	return s
}

// Any tells whether anything is shared.
func (s Shared) Any() bool { return s.Texts > 0 || s.Groups > 0 }

// String says in words how much is shared, and what that does to figures.
func (s Shared) String() string {
	return fmt.Sprintf("%d of %d texts, and rows of %d groups, were trained on: figures of them flatter", s.Texts,
		s.OfTexts, s.Groups)
}
