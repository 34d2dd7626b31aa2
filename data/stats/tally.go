package stats

import (
	"cmp"
	"fmt"
	"slices"

	"hives/data"
	"hives/data/theories"
)

// tally counts while rows stream by. It never holds a row: names are hashes, everything else is counted under a
// label of which there are few.
type tally struct {
	known      theories.Set
	count      TokenCounter
	rows       int
	corpus     map[string]int
	theory     map[string]int
	directions map[Cross]int
	cells      map[string]*Cell
	names      *names
	lengths    []int // [texts] in tokens; quantiles need them all
}

// newTally counts without tokens where count is nil. known orders the values; rows of a theory that it lacks are
// counted in every figure but those of values.
func newTally(known theories.Set, count TokenCounter) *tally {
	return &tally{
		known: known, count: count, corpus: map[string]int{}, theory: map[string]int{}, directions: map[Cross]int{},
		cells: map[string]*Cell{}, names: newNames(),
	}
}

// add counts one row and keeps nothing of it but hashes and numbers.
func (t *tally) add(r *data.Row) error {
	t.rows++
	t.corpus[r.Corpus]++
	t.theory[r.Theory]++
	t.directions[Cross{Corpus: r.Corpus, Theory: r.Theory, Direction: r.Direction, Source: r.DirectionSource}]++
	t.addValue(r)
	fresh := t.names.add(r.TextID, r.Group)
	if !fresh || t.count == nil {
		return nil
	}
	// Every text is measured once; the texts of one id may differ in spelling, the first is taken.
	n, err := t.count(r.Text)
	if err != nil {
		return fmt.Errorf("count tokens of row %d: %w", t.rows, err)
	}
	t.lengths = append(t.lengths, n)
	return nil
}

// addValue counts the row at its node and at every node above it. The path is the row's own, not the canonical one:
// stats tell what stands in the file, and a file with hedonism under both parents shows both.
//
//	mft/care-harm/caring, +1     mft/care-harm: Rows 1, Supports 1; mft/care-harm/caring: Rows 1, Ends 1, Supports 1
func (t *tally) addValue(r *data.Row) {
	var node theories.Path
	for k, name := range r.Levels() {
		if name == "" {
			break
		}
		node[k] = name
		id := theories.ValueID(r.Theory, node)
		if t.cells[id] == nil {
			t.cells[id] = &Cell{ID: id, Level: k + 1}
		}
		t.cells[id].add(r, node == r.Levels())
	}
}

// stats puts the counts into the fixed orders of the report: no map order reaches the reader. It may be asked
// once; the lengths are sorted where they lie.
func (t *tally) stats() *Stats {
	s := &Stats{Rows: t.rows, ByCorpus: counts(t.corpus), ByTheory: counts(t.theory)}
	s.Texts, s.Groups = t.names.texts, t.names.groups
	s.Components, s.Largest = t.names.components()
	s.LabelsPerText = t.names.labelsPerText()
	s.MeanLabels = float64(t.rows) / float64(max(1, s.Texts))
	s.ByDirection = t.byDirection()
	s.ByValue = t.byValue()
	if t.count != nil {
		s.Tokens = describe(t.lengths)
	}
	return s
}

// byDirection orders by corpus, theory, then supporting before opposing.
func (t *tally) byDirection() []Cross {
	out := make([]Cross, 0, len(t.directions))
	for c, rows := range t.directions {
		c.Rows = rows
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Cross) int {
		return cmp.Or(cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.Theory, b.Theory),
			cmp.Compare(b.Direction, a.Direction), cmp.Compare(a.Source, b.Source))
	})
	return out
}

// byValue lists every node that has rows, in the hierarchy's order. That is the order of every table of values here,
// so that two sets of rows can be laid side by side.
func (t *tally) byValue() []Cell {
	var out []Cell
	for _, theory := range t.known.Names() {
		tree, _ := t.known.Get(theory)
		for _, node := range tree.Nodes() {
			if c := t.cells[theories.ValueID(theory, node)]; c != nil {
				out = append(out, *c)
			}
		}
	}
	return out
}
