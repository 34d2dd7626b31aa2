package profiles

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"hives/intensity"
	web "hives/internal/page"
)

//go:embed textpage.html
var pageSource string

// page is one file without script, font or picture from elsewhere.
var page = template.Must(template.New("profile").Funcs(template.FuncMap{
	"style": web.Style, "digits": digits, "signed": signed, "slashed": slashed,
}).Parse(pageSource))

// slashed lets a narrow screen break a value's name behind its slash: authority/ subversion.
func slashed(name string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "/", "/<wbr>"))
}

// sheet is what a page shows: one profile, or two beside each other.
type sheet struct {
	Profiles []shown
	Theories []theoryPart
	Two      bool
	Notice   string
	Rules    TextRules
	All      bool // CountAll
	Promised float64
	Broken   []string // promises
}

// shown is a profile's name and counts.
type shown struct {
	Name, Class, Counts string
	Of                  *TextProfile
}

// theoryPart are the values of one theory.
type theoryPart struct {
	Name, CSV string
	Rows      []valueRow
	Height    int
	Foot      int // of the scale's words
}

// valueRow is one value with a line for each profile.
type valueRow struct {
	ValueID, Name string
	Lines         []line
	Y             int // of its name in the picture
	Apart         string
	Tried         []ManyHeld // what CountAll did; none in old files
}

// line is a profile's score of a value in the picture's units; without a score there is a reason instead.
type line struct {
	Class          string
	Known          bool
	X, Left, Right float64
	Neutral        float64 // place of the neutral point; 0: there is none
	Y, Top, Bottom int     // of the bar, and of the neutral tick
	Score, Range   string
	Why            string
	Held           TextFigures
	Profile        ValueProfile
}

// A row of the picture has the value's name above its lines. The scale is 300 units wide, and 0 stands in its middle.
const (
	scaleLeft, scaleWidth = 10., 300.
	nameHeight, lineStep  = 20, 16
)

// place is where a score stands.
func place(score float64) float64 { return scaleLeft + scaleWidth*(score/intensity.Limit+1)/2 }

// WritePage draws one profile, or two beside each other.
func (m *TextModel) WritePage(w io.Writer, facts []web.Fact, profiles ...TextProfile) error {
	s := sheet{Two: len(profiles) == 2, Notice: Notice, Rules: m.Rules, All: m.Rules.Counted == CountAll,
		Promised: 100 * (1 - m.Rules.Alpha)}
	for i := range profiles {
		name := profiles[i].Author
		if name == "" {
			name = "these texts"
		}
		s.Profiles = append(s.Profiles, shown{name, fmt.Sprint("s", i), profiles[i].counts(), &profiles[i]})
	}
	for i := range m.Values {
		if said := m.Values[i].broken(m.Rules); said != "" {
			s.Broken = append(s.Broken, m.Values[i].Name+": "+said)
		}
		theory, _, _ := strings.Cut(m.Values[i].ID, "/")
		if n := len(s.Theories); n == 0 || s.Theories[n-1].Name != theory {
			s.Theories = append(s.Theories, theoryPart{Name: theory})
		}
		s.Theories[len(s.Theories)-1].add(&m.Values[i], i, s.Profiles)
	}
	for i := range s.Theories {
		s.Theories[i].figures(s.Profiles)
	}
	facts = append(facts, web.Fact{Name: "profile model", Value: m.SHA256}, web.Fact{Name: "weights",
		Value: m.Model.WeightsSHA256}, web.Fact{Name: "intensities", Value: m.VIDB.SHA256})
	return web.Write(w, page, s, web.About{Facts: facts, Command: "hives profile text"})
}

// add puts a value below those before it.
func (t *theoryPart) add(v *TextValue, at int, profiles []shown) {
	row := valueRow{ValueID: v.ID, Name: v.Name, Y: t.Height + 14}
	if len(v.Held.Many) > 0 {
		row.Tried = v.Held.Many[:1]
	}
	t.Height += nameHeight
	for _, p := range profiles {
		of := p.Of.Values[at]
		l := line{Class: p.Class, Known: of.Score.Known(), Y: t.Height, Top: t.Height - 7, Bottom: t.Height + 7,
			Why: of.Why, Held: v.Held.Model, Profile: of}
		if l.Known {
			lo, hi := float64(of.Lo), float64(of.Hi)
			l.X, l.Left, l.Right = place(float64(of.Score)), place(lo), place(hi)
			l.Score, l.Range = signed(of.Score), signed(of.Lo)+" – "+signed(of.Hi)
		}
		if of.Neutral.Known() {
			l.Neutral = place(float64(of.Neutral))
		}
		row.Lines = append(row.Lines, l)
		t.Height += lineStep
	}
	if len(row.Lines) == 2 {
		row.Apart = apart(&row.Lines[0].Profile, &row.Lines[1].Profile)
	}
	t.Rows = append(t.Rows, row)
	t.Height += 8
}

// apart compares two scores. Intervals that do not touch are apart; that asks for more than a test of the difference
// would, and so does not say too much.
func apart(a, b *ValueProfile) string {
	switch {
	case !a.Score.Known() || !b.Score.Known():
		return "cannot be compared"
	case a.Lo > b.Hi || b.Lo > a.Hi:
		return "apart: their intervals do not touch"
	}
	return "not told apart: their intervals overlap"
}

// figures close the picture with the scale's words, and are its numbers as a file.
func (t *theoryPart) figures(profiles []shown) {
	t.Height += nameHeight
	t.Foot = t.Height - 6
	rows := [][]string{{"value_id", "profile", "score", "lo", "hi", "neutral"}}
	for _, r := range t.Rows {
		for i, l := range r.Lines {
			rows = append(rows, []string{r.ValueID, profiles[i].Name, signed(l.Profile.Score), signed(l.Profile.Lo),
				signed(l.Profile.Hi), signed(l.Profile.Neutral)})
		}
	}
	t.CSV = web.CSV(rows)
}
