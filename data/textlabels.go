package data

import "slices"

// TextLabels are the labels that whole texts carry: those of all their rows, a value with two parents under
// each of its paths.
type TextLabels struct {
	rows  [][]textLabel // by row: its own label, one for each path, the row's first; nil without level 1
	texts [][]textLabel // by text: those of its rows, distinct
	text  []int32       // by row
}

// textLabel is one label of a text.
type textLabel struct {
	theory, direction int32
	path              [3]int32
}

// NewTextLabels gathers the labels of each text; alternatives are those of Labels.Alternatives, nil for none.
func NewTextLabels(l *Labels, alternatives [][][3]int32) *TextLabels {
	t := &TextLabels{rows: make([][]textLabel, l.Len()), text: l.Text}
	for i := range t.rows {
		if l.Levels[i][0] == Missing {
			continue
		}
		own := []textLabel{{l.Theory[i], l.Direction[i], l.Levels[i]}}
		if alternatives != nil {
			for _, path := range alternatives[i] {
				own = append(own, textLabel{l.Theory[i], l.Direction[i], path})
			}
		}
		t.rows[i] = own
		for len(t.texts) <= int(l.Text[i]) {
			t.texts = append(t.texts, nil)
		}
		for _, label := range own {
			if at := &t.texts[l.Text[i]]; !slices.Contains(*at, label) {
				*at = append(*at, label)
			}
		}
	}
	return t
}

// FalseNegative tells whether row j would be a false negative of row i: its label is another, but its text
// carries i's (theory, path, direction) in another of its rows. A text with the rows "care, supports" and
// "loyalty, supports" is in its second row a false negative of every other row "care, supports". A row whose
// value is i's by way of the other parent is one too: its path, which is all that a loss sees, is another.
func (t *TextLabels) FalseNegative(i, j int32) bool { return t.Unlike(i, j) && t.carries(j, i) }

// Unlike tells whether two rows, both with a value, differ in theory, path or direction as they are written.
func (t *TextLabels) Unlike(i, j int32) bool {
	a, b := t.rows[i], t.rows[j]
	return a != nil && b != nil && a[0] != b[0]
}

// carries tells whether the text of row j has the value and direction of row i in any row.
func (t *TextLabels) carries(j, i int32) bool {
	own := t.rows[i]
	return slices.ContainsFunc(t.texts[t.text[j]], func(label textLabel) bool { return slices.Contains(own, label) })
}

// closenesses are those of the ranking metric's bins, from the same path and direction to another level 1.
var closenesses = [5]float32{1, .75, .5, .25, 0}

// Closeness is how near the texts of two rows are by the nearest pair of their labels: 1 where they share a
// path and direction, ¾ a path, ½ levels 1 and 2, ¼ level 1, and 0 where not even that; a missing level
// equals a missing level.
func (t *TextLabels) Closeness(i, j int32) float32 {
	if t.rows[i] == nil || t.rows[j] == nil {
		return 0
	}
	best := len(closenesses) - 1
	for _, a := range t.texts[t.text[i]] {
		for _, b := range t.texts[t.text[j]] {
			best = min(best, a.bin(b))
		}
	}
	return closenesses[best]
}

// bin is the place of a pair of labels in closenesses.
func (a textLabel) bin(b textLabel) int {
	switch {
	case a.theory != b.theory || a.path[0] != b.path[0]:
		return 4
	case a.path[1] != b.path[1]:
		return 3
	case a.path[2] != b.path[2]:
		return 2
	case a.direction != b.direction:
		return 1
	}
	return 0
}
