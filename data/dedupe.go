package data

import "hives/data/theories"

// DedupeStats counts what Dedupe changed. Every figure is a number of rows except JoinedGroups.
type DedupeStats struct {
	In                   int `json:"in"`
	Out                  int `json:"out"`
	ExactDuplicates      int `json:"exact_duplicates"`      // same text to the byte, value and direction: merged
	NormalisedDuplicates int `json:"normalised_duplicates"` // same after NormaliseText: merged
	Superseded           int `json:"superseded"`            // nobody judged, but another row of text and value was judged
	Contradictions       int `json:"contradictions"`        // both directions for one text and value: all dropped
	Respelled            int `json:"respelled"`             // kept rows that took the first spelling of their text
	JoinedGroups         int `json:"joined_groups"`         // groups that a merged row had in common with another
}

// label is what one text says about one value.
type label struct {
	text, theory string
	path         theories.Path // canonical, so that hedonism under either parent is one value
}

func labelOf(r *Row) label {
	return label{r.TextID, r.Theory, theories.Canonical(r.Theory, r.Levels())}
}

// opinions is what the rows of one label say.
type opinions struct {
	supports, opposes, judged bool
}

// Dedupe merges rows that say the same of the same text, in the order of their first appearance. Two texts
// are the same if their TextID is. A label with both directions is dropped altogether. Where nobody judged
// a direction, a row of the same label that somebody judged takes its place; a judged 0 beside a direction
// stays. Merged rows of different groups make these groups one.
func Dedupe(rows []Row) ([]Row, DedupeStats) {
	stats := DedupeStats{In: len(rows)}
	said := survey(rows)
	type claim struct {
		label
		direction int32
	}
	first := map[claim]int{}        // place in out
	spelling := map[string]string{} // text id → text
	groups := newComponents()
	var out []Row
	for i := range rows {
		r := &rows[i]
		l := labelOf(r)
		if o := said[l]; o.supports && o.opposes {
			stats.Contradictions++
			continue
		} else if o.judged && r.DirectionSource == SourceNone {
			stats.Superseded++
			continue
		}
		text, known := spelling[r.TextID]
		if !known {
			text = r.Text
			spelling[r.TextID] = text
		}
		if at, twice := first[claim{l, r.Direction}]; twice {
			if r.Text == text {
				stats.ExactDuplicates++
			} else {
				stats.NormalisedDuplicates++
			}
			if groups.find(out[at].Group) != groups.find(r.Group) {
				stats.JoinedGroups++
				groups.join(out[at].Group, r.Group)
			}
			continue
		}
		first[claim{l, r.Direction}] = len(out)
		kept := *r
		if kept.Text != text {
			kept.Text = text
			stats.Respelled++
		}
		out = append(out, kept)
	}
	for i := range out {
		out[i].Group = groups.find(out[i].Group)
	}
	stats.Out = len(out)
	return out, stats
}

// survey gathers what all rows say of each label.
func survey(rows []Row) map[label]opinions {
	said := map[label]opinions{}
	for i := range rows {
		l := labelOf(&rows[i])
		o := said[l]
		o.supports = o.supports || rows[i].Direction == Supports
		o.opposes = o.opposes || rows[i].Direction == Opposes
		o.judged = o.judged || rows[i].DirectionSource != SourceNone
		said[l] = o
	}
	return said
}
