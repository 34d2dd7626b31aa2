package samplers

import "math/rand/v2"

// drawing is a batch being filled. texts holds the texts of its rows and, in Stage 2, those that the anchor parts
// have taken already: a row whose text is there is not taken again.
type drawing struct {
	s     *IntraTheory
	rng   *rand.Rand
	class int32 // the anchor's
	rows  []int32
	texts map[int32]struct{} // those of rows
}

// take adds a row of a text unless the text is there already.
func (d *drawing) take(row, text int32) bool {
	if _, there := d.texts[text]; there {
		return false
	}
	d.texts[text] = struct{}{}
	d.rows = append(d.rows, row)
	return true
}

// positives takes rows from the list, uniformly and without replacement, until there are size or none is left. A row
// that may not stand in the batch is passed over, which leaves the draw uniform among those that may.
func (d *drawing) positives(from []int32, size int) {
	deck := newDeck(d.rng, len(from), size)
	for len(d.rows) < size {
		card, ok := deck.next()
		if !ok {
			return
		}
		d.take(from[card], d.s.x.labels.Text[from[card]])
	}
}

// negatives takes rows of the pool in the same way.
//
// The pool is never filtered first: a theory has tens of thousands of rows and a batch takes 60 of them.
func (d *drawing) negatives(from []pooled, size int) {
	deck, own := newDeck(d.rng, len(from), size+size/4), keySetOf(d.s.x.classKeys[d.class])
	for len(d.rows) < size {
		card, ok := deck.next()
		if !ok {
			return
		}
		if p := &from[card]; p.keys&own == 0 || d.negative(p) {
			d.take(p.row, p.text)
		}
	}
}

// negative tells whether a row of the pool may be the anchor's negative. Kept false negatives are told by the
// row's label alone; otherwise by everything its text carries.
func (d *drawing) negative(p *pooled) bool {
	if d.s.cfg.FalseNegatives == Keep {
		return !d.s.x.matches(p.row, d.class)
	}
	return !d.s.x.carries(p.text, d.class)
}
