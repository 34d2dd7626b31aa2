package panel

import (
	"slices"

	"hives/data"
	"hives/data/theories"
)

// Truth compares the panel with labels that the input carried. That is a comparison with people, not with the truth:
// corpora disagree with each other too. A text may have several; a path is right at a level if it agrees with one of
// them down to there, either parent of a value with two accepted.
type Truth struct {
	Texts     int // with a known label
	NoValue   int // of them, texts in which the panel found no value
	Open      int // of them, texts for a human
	Levels    []TruthLevel
	Direction TruthLevel // among texts whose path is right at level 1 and whose annotator judged a direction there
}

// TruthLevel is one level's comparison. It stands beside what a constant and a coin would get: a panel is worth its
// money by what it has beyond them.
type TruthLevel struct {
	Level    int
	Judged   int     // texts with a label there and a panel's path that deep
	Right    int     // of them
	Constant float64 // share of all texts with a label there that the commonest label would get right
	Chance   float64 // the same of a choice at random among the level's values
}

// compareTruth returns nil where no text has a known label. Texts without a value and open ones count apart: they are
// no errors at a level, but a panel that is right in the few texts that it dares to label is not a good one.
func compareTruth(p *Panel, in *input, results []Result) *Truth {
	t := &Truth{}
	for n := range p.tree.LevelNames {
		if l, ok := p.truthLevel(n+1, in, results); ok {
			t.Levels = append(t.Levels, l)
		}
	}
	for i, item := range in.items {
		truth := in.truth[item.ID]
		if len(truth) == 0 {
			continue
		}
		t.Texts++
		switch r := results[i]; r.Status {
		case NoValue:
			t.NoValue++
		case Open:
			t.Open++
		default:
			t.direction(r, truth)
		}
	}
	if t.Texts == 0 {
		return nil
	}
	return t
}

// truthLevel takes the commonest label and chance over all texts with a label, not over those that the panel
// labelled: the constant could have labelled them all. Its ok is false where no text has a label at the level: people
// often stop above it.
//
//	4 values; labels: text 1 {a}, text 2 {a, b}, text 3 {b}; the panel says a, b, nothing
//	Judged 2, Right 2
//	Constant  2/3                    a (or b) is a label of two of the three
//	Chance    (1/4 + 2/4 + 1/4)/3    one in three
func (p *Panel) truthLevel(level int, in *input, results []Result) (TruthLevel, bool) {
	t := TruthLevel{Level: level}
	often, texts, chance := map[string]int{}, 0, 0.0
	values := 0
	for _, node := range p.tree.Nodes() {
		if node.Len() == level {
			values++
		}
	}
	for i, item := range in.items {
		names := labelsAt(in.truth[item.ID], level)
		if len(names) == 0 {
			continue
		}
		texts++
		chance += float64(len(names)) / float64(values)
		for _, name := range names {
			often[name]++
		}
		if path := results[i].Path; results[i].Status == Labelled && len(path) >= level {
			t.Judged++
			if anyPrefix(in.known, in.truth[item.ID], path[:level]) {
				t.Right++
			}
		}
	}
	if common := shares(often); texts > 0 {
		t.Constant, t.Chance = float64(common[0].Count)/float64(texts), chance/float64(texts)
	}
	return t, texts > 0
}

// labelsAt are the distinct values of a text at a level: a label counts once, however many finer values below it the
// text has.
func labelsAt(truth []data.Row, level int) []string {
	var out []string
	for _, r := range truth {
		if name := r.Levels()[level-1]; name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// direction compares with the annotated directions of the labels that agree at level 1. Agreement with one of them is
// enough, as at levels: a text may uphold a value and violate another under the same node.
func (t *Truth) direction(r Result, truth []data.Row) {
	judged, right := false, false
	for _, row := range truth {
		if row.DirectionSource != data.SourceNone && row.Level1 == r.Path[0] {
			judged = true
			right = right || row.Direction == r.Direction
		}
	}
	if judged {
		t.Direction.Judged++
	}
	if right {
		t.Direction.Right++
	}
}

// anyPrefix tells whether a label agrees with a path as far as the path goes. It goes by names from the root down, so
// a value that hangs under two parents is right under either.
//
//	truth svt {openness to change, hedonism}, path {self-enhancement, hedonism}     true: its other parent
//	truth svt {openness to change, hedonism}, path {openness to change}             true: as far as it goes
func anyPrefix(known theories.Set, truth []data.Row, path []string) bool {
	for _, r := range truth {
		own := theories.Path(r.Levels())
		for _, accepted := range append([]theories.Path{own}, known.AltPaths(r.Theory, own)...) {
			if slices.Equal(accepted[:len(path)], path) {
				return true
			}
		}
	}
	return false
}
