package corpora

import (
	"slices"
	"strings"
)

// opinion is one annotator's reading of one comment.
type opinion struct{ text, annotator string }

// readAnnotators reads the authors' form, one row an annotator. The rows of a comment need not stand together, so
// the file is read twice: first the labels are counted by the text's id, then each comment is made rows of where
// it first appears. Memory holds ids and counts, no text.
//
//	text        annotator  annotation          votes of the comment after both rows
//	a comment   a1         Care,Loyalty        Care 1, Loyalty 1
//	a comment   a2         Care                Care 2, Loyalty 1: one row, care/harm
func (c *collector) readAnnotators(paths []string) error {
	columns := []string{"text", "annotator", "annotation"}
	votes := map[string][]int{}    // text id → annotators by place in mfrcLabels
	seen := map[opinion][]string{} // labels counted already: an annotator counts once a label
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		err := c.eachRow(path, quoted, columns, func(r record) error { return c.annotation(r, votes, seen) })
		if err != nil {
			return err
		}
	}
	c.note("comments", len(votes))
	clear(seen)
	// what was bad is reported already
	again := &collector{Options: Options{SkipBad: true}, place: c.place, sum: &Summary{}}
	for _, path := range paths {
		err := again.eachRow(path, quoted, columns, func(r record) error {
			t, err := newText(r.get("text"), "")
			if v, first := votes[t.id]; err == nil && first {
				delete(votes, t.id) // the comment is done; its other rows find nothing
				c.voiced(t, v)
			}
			return c.failed
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// annotation counts the labels of one annotator. They are separated by commas. A comment that stands twice for
// one annotator counts once, or one person could make the majority alone.
func (c *collector) annotation(r record, votes map[string][]int, seen map[opinion][]string) error {
	t, err := newText(r.get("text"), "")
	if err != nil {
		return err
	}
	// The text's id and not the row: the same comment under two links is one comment.
	who := opinion{t.id, r.get("annotator")}
	if votes[t.id] == nil {
		votes[t.id] = make([]int, len(mfrcLabels))
	}
	for _, name := range strings.Split(r.get("annotation"), ",") {
		name = strings.TrimSpace(name)
		at := slices.IndexFunc(mfrcLabels, func(l mfrcLabel) bool { return strings.EqualFold(l.column, name) })
		switch {
		case at < 0:
			c.miss(name)
		case !slices.Contains(seen[who], name):
			seen[who] = append(seen[who], name)
			votes[t.id][at]++
		}
	}
	return nil
}
