package values

import (
	"fmt"
	"io"
	"strings"

	"hives/internal/columns"
)

// Listing is a set as one JSON object, without its vectors: what a program needs to know of a file before it asks
// it.
type Listing struct {
	Format int    `json:"format"` // 1
	SHA256 string `json:"sha256"` // of the file
	*Set
	Anchors map[string]int `json:"anchors"` // sentences by bank
}

// List describes the set. The set's own JSON leaves vectors and sentences out.
func (s *Set) List() Listing {
	l := Listing{Format: 1, SHA256: s.SHA256, Set: s, Anchors: map[string]int{}}
	for i := range s.Anchors {
		l.Anchors[s.Anchors[i].Bank]++
	}
	return l
}

// WriteText prints what the vectors rest on, what may be said with them, and the values as a tree. The columns
// from the vector's AUC on are on held-out rows; the legend below the table says what each asks.
func (l Listing) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "model      %s, weights %.12s, tokenizer %.12s, %d dimensions\n", l.Model.Name, l.Model.WeightsSHA256,
		l.Model.TokenizerSHA256, l.Model.Dimension)
	fmt.Fprintf(w, "data       %s, SHA-256 %.12s, %d rows, %d texts\n", l.Source.File, l.Source.SHA256, l.Source.Rows,
		l.Source.Texts)
	fmt.Fprintf(w, "held out   %s\n", l.heldOut())
	fmt.Fprintf(w, "sides      %s\n", l.sides())
	for _, t := range l.Theories {
		if t.Rows > 0 {
			fmt.Fprintf(w, "guard      of %s: %s\n", t.Theory, t.Guard)
		}
	}
	fmt.Fprintf(w, "spread     %d resamples of groups, seed %d\n", l.Resamples, l.Seed)
	fmt.Fprintf(w, "anchors    %d individual, %d theory\n\n", l.Anchors["individual"], l.Anchors["theory"])
	// A line a value, indented by its level, a line without figures before each theory. Values without rows are shown
	// too: that nothing is known of a value is what somebody may have come to ask.
	t := columns.NewTable(w)
	fmt.Fprintln(t, "value\tkind\tsupports\topposes\tneither\tgroups\tangle\tvector's AUC\tcorpora\tabout\tside\tanswers")
	for i := range l.Values {
		v := &l.Values[i]
		if i == 0 || l.Values[i-1].Theory != v.Theory {
			fmt.Fprintf(t, "%s%s\n", v.Theory, strings.Repeat("\t", 11))
		}
		angle := "–"
		if v.Spread != nil {
			angle = fmt.Sprintf("±%.1f°", v.Spread.Degrees)
		}
		vector, corpora := v.borneOut()
		fmt.Fprintf(t, "%s%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", strings.Repeat("  ", v.Level),
			v.Path[len(v.Path)-1], v.Kind, v.Supports, v.Opposes, v.Neither, v.Groups, angle, vector, corpora, v.About.brief(),
			v.Support.brief(), v.answers())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, legend)
	return err
}

// legend stands below the table: its columns are short words for exact figures.
const legend = `
vector's AUC  held-out rows within corpora: of a directional vector which side, of a prototype which texts are about it
corpora       AUC of telling two corpora's supporting rows apart by the vector; .5 is best
about, side   held-out AUC of what scores texts; where the interval reaches .5 the value is not answered for
–             too few rows
`

// heldOut says which rows the figures are from. There are three cases, and only in two of them is there any figure: a
// file of validation rows, a part of the data by group, nothing.
func (l Listing) heldOut() string {
	switch {
	case l.Held == nil:
		return "nothing: no vector was held to rows it was not made of, and every answer is \"unsure\""
	case l.OwnSplit:
		return fmt.Sprintf("%d rows, %d texts of the data's own, by group", l.Held.Rows, l.Held.Texts)
	}
	return fmt.Sprintf("%s, SHA-256 %.12s, %d rows, %d texts", l.Held.File, l.Held.SHA256, l.Held.Rows, l.Held.Texts)
}

// sides says where signed vectors are from, and warns of pooled ones. Pooled sides are the paper's way, and there the
// supporting rows of one corpus and the opposing rows of another make a vector that tells the corpora.
func (l Listing) sides() string {
	if l.Sides == Within {
		return fmt.Sprintf("within corpora that have %d rows on each", l.MinSide)
	}
	return "pooled over corpora: a signed vector may tell corpora apart rather than sides (hives vectors build " +
		"--sides within)"
}

// String says what the guard lets pass: "84 % of its held-out texts pass, 3 % of other theories', 2 % of 800
// made-up ones". The first is the price, the others what it buys.
func (g *Guard) String() string {
	if g == nil {
		return "none, so every answer is \"unsure\""
	}
	return fmt.Sprintf("%.0f %% of its held-out texts pass, %.0f %% of other theories', %.0f %% of %d made-up ones",
		100*g.Held, 100*g.OthersLet, 100*g.Let, g.Nonsense/2)
}

// borneOut are the figures of the value's vector: of a signed one how well it tells sides and how well (ill)
// corpora, of a prototype how well it tells what texts are about.
//
//	directional     sides, corpora     the second should be .5: the vector is made to tell sides, not corpora
//	prototype       about              no sign, so no sides, and no corpora to confuse
func (v *Value) borneOut() (vector, corpora string) {
	vector, corpora = "–", "–"
	if v.Evidence == nil {
		return vector, corpora
	}
	if f := v.Evidence.Sides; f != nil {
		vector = f.String()
	}
	if f := v.Evidence.Corpora; f != nil {
		corpora = fmt.Sprintf("%.2f", f.AUC)
	}
	if f := v.Evidence.About; f != nil && v.Kind != Directional {
		vector = f.String()
	}
	return vector, corpora
}

// brief is the head's AUC on held-out texts, a dash where there is no head: too few rows to fit one, which is another
// thing than a head that fails.
func (h *Head) brief() string {
	if h == nil {
		return "–"
	}
	return h.AUC.String()
}

// answers says what the value may be answered for. It is a matter of the held-out figures alone: a text's own
// probability is asked later.
func (v *Value) answers() string {
	switch {
	case v.CanTellSides():
		return "about, side"
	case v.CanTell():
		return "about"
	}
	return "unsure"
}
