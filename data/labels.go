package data

import "hives/data/theories"

// Missing marks an absent level in Labels.
const Missing int32 = -1

// Labels are the annotations of N rows as small integers, equal where the names are equal. A value with two
// parents has one path, its canonical one, whichever of them a row writes: so hedonism is one value in every loss
// and figure, and its level 1 is "openness to change". Ids are given in order of first appearance, so they are a
// function of the rows' order.
//
// Three rows: svt "openness to change / hedonism", +1; the same text, mft "care/harm", 0 by nobody; another text,
// svt "self-enhancement / power", −1:
//
//	Theory      0 1 0                   Text        0 0 1
//	Levels      0 0 –, 1 – –, 2 1 –     Direction   1 0 −1
//	LevelNames  openness to change, care/harm, self-enhancement | hedonism, power     Judged   yes no yes
type Labels struct {
	Theory    []int32    // [N]
	Levels    [][3]int32 // [N], Missing where the path has ended; ids are unique across theories
	Direction []int32    // [N] +1, −1, 0
	Judged    []bool     // [N] somebody judged the direction: its source is not "none"
	Text      []int32    // [N] equal for rows of one text
	Group     []int32    // [N]
	Corpus    []int32    // [N]

	TheoryNames []string
	LevelNames  [3][]string // by level and id
	CorpusNames []string

	// Theories are those that say which paths are one value; the zero Set is the built-in four.
	Theories theories.Set
}

// Len is the number of rows.
func (l *Labels) Len() int { return len(l.Theory) }

// NewLabels numbers the annotations of rows. A level's number stands for (theory, name): two theories may use one
// word for unlike things, and a loss that compares numbers alone must not take these for one. known are the theories
// that the rows were read with: they say which rows are of one value.
func NewLabels(rows []Row, known theories.Set) *Labels {
	n := len(rows)
	l := &Labels{
		Theory: make([]int32, n), Levels: make([][3]int32, n), Direction: make([]int32, n),
		Judged: make([]bool, n), Text: make([]int32, n), Group: make([]int32, n), Corpus: make([]int32, n),
		Theories: known,
	}
	// One numbering for each kind of name; levels are numbered apart, so an id of level 1 and one of level 2 have
	// nothing in common.
	var theory, corpus, text, group interner
	var levels [3]interner
	for i := range rows {
		r := &rows[i]
		l.Theory[i] = theory.id(r.Theory)
		for k, name := range canonical(r, known) {
			l.Levels[i][k] = Missing
			if name != "" {
				before := len(levels[k].names)
				l.Levels[i][k] = levels[k].id(r.Theory + "\x00" + name)
				if len(levels[k].names) > before {
					l.LevelNames[k] = append(l.LevelNames[k], name)
				}
			}
		}
		l.Direction[i] = r.Direction
		l.Judged[i] = r.DirectionSource != SourceNone
		l.Text[i], l.Group[i], l.Corpus[i] = text.id(r.TextID), group.id(r.Group), corpus.id(r.Corpus)
	}
	l.TheoryNames, l.CorpusNames = theory.names, corpus.names
	return l
}

// canonical is the path by which a row's value is numbered and compared. The row itself keeps the spelling of its
// file's parent, so that a file that is read and written comes back as it was.
func canonical(r *Row, known theories.Set) theories.Path {
	return known.Canonical(r.Theory, r.Levels())
}

// interner numbers strings in order of first appearance.
type interner struct {
	ids   map[string]int32
	names []string
}

// id is the name's number; the zero interner is empty and ready.
func (in *interner) id(name string) int32 {
	if in.ids == nil {
		in.ids = map[string]int32{}
	}
	id, ok := in.ids[name]
	if !ok {
		id = int32(len(in.names))
		in.ids[name] = id
		in.names = append(in.names, name)
	}
	return id
}
