package data

import "slices"

// TextLabels are the labels that whole texts carry: those of all their rows.
type TextLabels struct {
	rows   []textLabel   // by row
	texts  [][]textLabel // by text: those of its rows that name a value, distinct
	textOf []int32       // by row
}

// textLabel is one label of a text: what samplers call a key.
type textLabel struct {
	theory, direction int32
	path              [3]int32
}

// NewTextLabels gathers the labels of each text. The numbers of l must be dense (NewLabels), since they index
// slices.
func NewTextLabels(l *Labels) *TextLabels {
	t := &TextLabels{rows: make([]textLabel, l.Len()), textOf: l.Text}
	for i, text := range l.Text {
		t.rows[i] = textLabel{l.Theory[i], l.Direction[i], l.Levels[i]}
		for len(t.texts) <= int(text) {
			t.texts = append(t.texts, nil)
		}
		if has := &t.texts[text]; t.rows[i].named() && !slices.Contains(*has, t.rows[i]) {
			*has = append(*has, t.rows[i])
		}
	}
	return t
}

// named tells whether there is a value at all.
func (l textLabel) named() bool { return l.path[0] != Missing }

// FalseNegative tells whether row j would be a false negative of row i: its label is another, but its text
// carries i's (theory, path, direction) in another of its rows. A text with the rows "care, supports" and
// "loyalty, supports" is in its second row a false negative of every other row "care, supports".
func (t *TextLabels) FalseNegative(i, j int32) bool {
	return t.Unlike(i, j) && slices.Contains(t.texts[t.textOf[j]], t.rows[i])
}

// Unlike tells whether two rows, both with a value, differ in theory, path or direction.
func (t *TextLabels) Unlike(i, j int32) bool {
	a, b := t.rows[i], t.rows[j]
	return a.named() && b.named() && a != b
}
