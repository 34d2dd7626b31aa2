package vidb

import (
	"slices"

	"hives/internal/fault"
	"hives/ranking"
)

// Annotations is the name of the judge that is no model: what people said of the texts.
const Annotations = "annotations"

// BuildAnnotated answers every window by people's own grades. Of each text one person's grade is drawn, so that where
// people differ, texts win and lose as their grades do; where the two agree it is a tie. Nothing is asked and nothing
// costs. Texts on which nobody said anything leave their windows without an answer.
//
//	"helping a friend" 1 2, "resting" 0       first wins, whoever is drawn
//	"helping a friend" 1 2, "sharing" 2       second wins, or a tie
//
// The order of a window does not matter to the draw: people were not shown it.
func BuildAnnotated(v *Value, o DesignOptions) error {
	if o.K != 2 {
		return invalid("--judge %s with windows of %d: grades tie too often for more than pairs", Annotations, o.K)
	}
	if o.Pairing == PairActive {
		return invalid("--judge %s with --pairing active: grades cost nothing, so there is no call to save", Annotations)
	}
	if err := v.oneQuestion(); err != nil {
		return err
	}
	// The overlap pays for figures that tell judges apart and a judge from itself. There is one judge, and no order
	// sways it.
	o.Overlap = 0
	jurors := []Juror{{Name: Annotations}}
	shown, err := v.fixed(o, len(jurors))
	if err != nil {
		return err
	}
	v.Windows = v.spread(shown, o, jurors)
	for at := range v.Windows {
		v.Windows[at].Answer = v.said(&v.Windows[at], o.Seed)
	}
	v.built(o, jurors, FormatBinary, "")
	v.Run = runOf(v)
	return nil
}

// said is people's answer to a pair. Texts are drawn for in the order of their ids. Each window has random numbers of
// its own.
func (v *Value) said(w *Window, seed uint64) *Answer {
	pair := slices.Sorted(slices.Values(w.Shown))
	a, b := v.Texts[pair[0]].People, v.Texts[pair[1]].People
	if !sameQuestion(a.Measure, b.Measure) {
		return &Answer{Error: "nobody graded one of the texts"}
	}
	random := ranking.Stream(v.purpose("people"), seed, v.Texts[w.Focal].ID, w.ID)
	switch compare(a.Measure, b.Measure, a.drawn(random), b.drawn(random)) {
	case 1:
		return &Answer{Ranking: pair}
	case -1:
		return &Answer{Ranking: []int{pair[1], pair[0]}}
	}
	return &Answer{Tie: true}
}

// oneQuestion refuses a pool in which people were asked two things that cannot be compared. Its windows would fall
// apart into those of one question and those of the other, and the fit would refuse the parts later, with less to say.
//
//	5,320 texts judged good or bad, 1,210 counted as voicing care     refused: which of a 2 and a 3 is more?
func (v *Value) oneQuestion() error {
	var voiced, sided int
	for _, t := range v.Texts {
		switch t.People.Measure {
		case Voiced:
			voiced++
		case Judged, Side:
			sided++
		}
	}
	switch {
	case voiced+sided == 0:
		return fault.New(fault.Invalid, "vidb: %s: people graded no text of the pool: import social-chem, moral-stories "+
			"or mfrc again with this program, and draw the pool from their rows", v.ValueID)
	case voiced > 0 && sided > 0:
		return fault.New(fault.Invalid, "vidb: %s: of the pool's texts people judged %d and counted %d as voicing the "+
			"value: the two cannot be compared; draw a pool from each", v.ValueID, sided, voiced)
	}
	return nil
}
