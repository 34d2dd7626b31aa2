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

// labelOf is what a row says something about: its text by id, its value by the canonical path.
func labelOf(r *Row, known theories.Set) label {
	return label{r.TextID, r.Theory, canonical(r, known)}
}

// opinions is what the rows of one label say.
type opinions struct {
	supports, opposes, judged bool
}

// claim is a label and the direction that a row gives it: what two rows must share to be one.
type claim struct {
	label
	direction int32
}

// deduper holds what the rows so far have said. rows go through it twice: survey first, for what only all rows
// together tell, then take, one by one.
type deduper struct {
	known    theories.Set // of the rows
	said     map[label]opinions
	first    map[claim]int     // place in out of the row that made the claim first
	spelling map[string]string // text id → the first spelling of the text
	groups   *components       // groups that share a merged row
	out      []Row
	from     []int // [len(out)] place of each in the rows given
	gone     []gone
	stats    DedupeStats
}

// gone is a row that was left out, by its place in the rows given.
type gone struct {
	at     int
	reason string
}

// Dedupe merges rows that say the same of the same text, in the order of their first appearance. Two texts are
// the same if their TextID is. A label with both directions is dropped altogether. Where nobody judged a
// direction, a row of the same label that somebody judged takes its place; a judged 0 beside a direction stays.
// Merged rows of different groups make these groups one, since a split must not part them.
//
//	text          value   direction  source        becomes
//	"Be kind!"    care       +1      annotated     kept
//	"be kind"     care       +1      annotated     merged into the first: a normalised duplicate
//	"be kind"     care        0      none          superseded: the first two were judged
//	"Be kind!"    duty       +1      annotated     dropped, with the next: they contradict each other
//	"Be kind!"    duty       −1      annotated     dropped
//
// Nothing is decided by majority: three rows against one are still a contradiction. known are the theories that the
// rows were read with: they say which paths are one value.
func Dedupe(rows []Row, known theories.Set) ([]Row, DedupeStats) {
	d := newDeduper(rows, known, newComponents())
	return d.settled(), d.stats
}

// settled gives the rows that are left the names of their components. It comes last: a later row may join groups.
func (d *deduper) settled() []Row {
	for i := range d.out {
		d.out[i].Group = d.groups.find(d.out[i].Group)
	}
	return d.out
}

// newDeduper goes through rows, which hold every row of their texts, and joins groups in the given components.
// Groups are not yet replaced by their component's name: later rows may join more.
func newDeduper(rows []Row, known theories.Set, groups *components) *deduper {
	d := &deduper{
		known: known, said: survey(rows, known), first: map[claim]int{}, spelling: map[string]string{},
		groups: groups, stats: DedupeStats{In: len(rows)},
	}
	for i := range rows {
		if reason := d.take(&rows[i]); reason != "" {
			d.gone = append(d.gone, gone{i, reason})
		}
		if len(d.out) > len(d.from) { // the row was kept
			d.from = append(d.from, i)
		}
	}
	d.stats.Out = len(d.out)
	return d
}

// add sums the accounts of parts that share no text; for those alone the sum is the account of the whole.
func (s *DedupeStats) add(t DedupeStats) {
	s.In += t.In
	s.Out += t.Out
	s.ExactDuplicates += t.ExactDuplicates
	s.NormalisedDuplicates += t.NormalisedDuplicates
	s.Superseded += t.Superseded
	s.Contradictions += t.Contradictions
	s.Respelled += t.Respelled
	s.JoinedGroups += t.JoinedGroups
}

// take drops, merges or keeps one row; a reason is given for one that is dropped.
func (d *deduper) take(r *Row) (reason string) {
	l := labelOf(r, d.known)
	switch o := d.said[l]; {
	case o.supports && o.opposes:
		// The annotators contradict each other; neither row is more right than the other, and a third that
		// found the text neutral does not settle it.
		d.stats.Contradictions++
		return Contradicted
	case o.judged && r.DirectionSource == SourceNone:
		d.stats.Superseded++
		return Superseded
	}
	text, known := d.spelling[r.TextID]
	if !known {
		text = r.Text
		d.spelling[r.TextID] = text
	}
	if at, twice := d.first[claim{l, r.Direction}]; twice {
		d.merge(&d.out[at], r, text)
		return ""
	}
	d.first[claim{l, r.Direction}] = len(d.out)
	kept := *r
	if kept.Text != text {
		kept.Text = text
		d.stats.Respelled++
	}
	d.out = append(d.out, kept)
	return ""
}

// merge counts a row that repeats an earlier one. Corpus, licence and anchors stay those of the earlier; grades of both
// are kept.
func (d *deduper) merge(kept, r *Row, text string) {
	gather(kept, r)
	if r.Text == text {
		d.stats.ExactDuplicates++
	} else {
		d.stats.NormalisedDuplicates++
	}
	if d.groups.find(kept.Group) != d.groups.find(r.Group) {
		d.stats.JoinedGroups++
		d.groups.join(kept.Group, r.Group)
	}
}

// survey gathers what all rows say of each label; it comes first, because a contradiction may stand in the last
// row.
func survey(rows []Row, known theories.Set) map[label]opinions {
	said := map[label]opinions{}
	for i := range rows {
		l := labelOf(&rows[i], known)
		o := said[l]
		o.supports = o.supports || rows[i].Direction == Supports
		o.opposes = o.opposes || rows[i].Direction == Opposes
		o.judged = o.judged || rows[i].DirectionSource != SourceNone
		said[l] = o
	}
	return said
}
