package opinion

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"hives/data/survey"
	web "hives/internal/page"
)

//go:embed profiles.html
var profilesSource string

var profilesPage = template.Must(template.New("profiles").Funcs(template.FuncMap{"style": web.Style}).
	Parse(profilesSource))

// profilesView is what the page of profiles sees.
type profilesView struct {
	*Profiles
	Effects, Figures int
	Theories         []theoryView
}

// theoryView is one theory's table and pictures.
type theoryView struct {
	Name   string
	Values []string
	Rows   []rowView
	Radars []radar
}

type rowView struct {
	Name  string
	Cells []cellView
}

// cellView is a figure in the table of colours.
type cellView struct {
	Text, Interval, Title, Heat string
	Effect, Cold, Loud          bool
}

// loud is the heat from which letters turn light.
const loud = .55

// writePage draws the profiles. Groups without an answer are left out.
func (p *Profiles) writePage(w io.Writer) error {
	v := profilesView{Profiles: p}
	var theories []string
	values := map[string][]int{}
	for at, value := range p.Values {
		if values[value.Theory] == nil {
			theories = append(theories, value.Theory)
		}
		values[value.Theory] = append(values[value.Theory], at)
	}
	for _, name := range theories {
		v.Theories = append(v.Theories, p.theory(name, values[name], &v))
	}
	facts := []web.Fact{{Name: "values", Value: p.VIDB}, {Name: "vectors", Value: p.Model.Name + " " +
		p.Model.WeightsSHA256}, {Name: "writer", Value: p.Runs[Writer]}, {Name: "seed", Value: fmt.Sprint(p.Seed)}}
	// The folder may be anywhere: a page of equal answers has equal bytes, so the command is named and not repeated.
	return web.Write(w, profilesPage, v, web.About{Command: "hives profile build", Facts: facts})
}

// theory makes one theory's part. Colours and radii share a scale, the largest difference of the theory.
func (p *Profiles) theory(name string, values []int, all *profilesView) theoryView {
	t := theoryView{Name: name}
	for _, v := range values {
		t.Values = append(t.Values, spoken(p.Values[v].Name))
	}
	most, far := 0., 0.
	for _, g := range p.Groups {
		for _, v := range values {
			if f := g.Values[v]; f.Apart.Known() {
				most = max(most, math.Abs(float64(f.Apart)))
				if far = max(far, math.Abs(float64(f.Apart))); f.ApartLo.Known() {
					far = max(far, math.Abs(float64(f.ApartLo)), math.Abs(float64(f.ApartHi)))
				}
			}
		}
	}
	for _, g := range p.Groups {
		if g.Questions == 0 {
			continue
		}
		row := rowView{Name: g.Category + " " + g.Label}
		for _, v := range values {
			f := g.Values[v]
			if f.Apart.Known() {
				all.Figures++
			}
			if f.Effect {
				all.Effects++
			}
			row.Cells = append(row.Cells, cellOf(f, most, row.Name+", "+p.Values[v].ID))
		}
		t.Rows = append(t.Rows, row)
	}
	const corners = 3 // a radar of two spokes is a line
	if len(values) >= corners && far > 0 {
		for _, category := range survey.Categories {
			if r, any := p.radar(category, values, far); any {
				t.Radars = append(t.Radars, r)
			}
		}
	}
	return t
}

// cellOf writes a figure; without one it says so.
func cellOf(f Figure, most float64, title string) cellView {
	if !f.Apart.Known() {
		return cellView{Text: "–", Title: title + ": no question says anything"}
	}
	c := cellView{Text: signed(f.Apart), Effect: f.Effect, Cold: f.Apart < 0, Interval: "no interval",
		Title: fmt.Sprintf("%s: strength %s of %d questions", title, signed(f.Strength), f.Questions)}
	if f.ApartLo.Known() {
		c.Interval = signed(f.ApartLo) + " to " + signed(f.ApartHi)
	}
	if heat := math.Abs(float64(f.Apart)) / most; f.Effect {
		c.Heat, c.Loud = fmt.Sprintf("%.2f", heat), heat > loud
	}
	return c
}

// signed is a number for people.
func signed(n Number) string {
	if !n.Known() {
		return "–"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", float64(n)), "-", "−", 1)
}

// spoken is a value's name for people: social_rights is two words.
func spoken(name string) string { return strings.ReplaceAll(name, "_", " ") }

// radar is the picture of a category: its groups around one theory's values.
type radar struct {
	Topic, Most string
	TopY        float64
	Rings       []ring
	Spokes      []spoke
	Groups      []shape
	CSV         string
}

type ring struct {
	R    float64
	Zero bool
}

type spoke struct {
	Lines          []string // of its name
	X, Y, LX, LY   float64
	Anchor         string
	across, upward float64 // of the unit circle
}

// shape is one group's.
type shape struct {
	Name, Class     string
	Lines, Whiskers []segment
}

type segment struct{ X1, Y1, X2, Y2 float64 }

// Middle and size of a radar in its own units.
const (
	middleX, middleY, radius = 190., 150., 92.
	apartBars                = 2.5 // between the bars of two groups on a spoke
)

// radar draws from −far in the middle to far at the rim, so that 0 is a ring and an interval has two sides.
func (p *Profiles) radar(category string, values []int, far float64) (r radar, any bool) {
	r = radar{Most: fmt.Sprintf("+%.2f", far), TopY: tenth(middleY - .78*radius)}
	r.Rings = []ring{{radius / 2, true}, {radius, false}}
	for i, v := range values {
		angle := 2 * math.Pi * float64(i) / float64(len(values))
		s := spoke{Lines: halves(spoken(p.Values[v].Name)), across: math.Sin(angle), upward: math.Cos(angle),
			Anchor: "middle"}
		s.X, s.Y = tenth(middleX+radius*s.across), tenth(middleY-radius*s.upward)
		s.LX, s.LY = tenth(middleX+(radius+9)*s.across), tenth(middleY-(radius+20)*s.upward-2)
		if s.across > .2 {
			s.Anchor = "start"
		} else if s.across < -.2 {
			s.Anchor = "end"
		}
		r.Spokes = append(r.Spokes, s)
	}
	rows := [][]string{{"group", "value_id", "apart", "lo", "hi"}}
	for _, g := range p.Groups {
		if g.Category != category || g.Questions == 0 {
			continue
		}
		r.Topic = g.Topic()
		if r.Topic == "" {
			r.Topic = category
		}
		s := shape{Name: g.Label, Class: fmt.Sprintf("s%d", len(r.Groups))}
		r.outline(&s, g, values, far)
		r.Groups = append(r.Groups, s)
		for _, v := range values {
			f := g.Values[v]
			rows = append(rows, []string{g.Slug, p.Values[v].ID, exact(f.Apart), exact(f.ApartLo), exact(f.ApartHi)})
		}
	}
	r.CSV = web.CSV(rows)
	return r, len(r.Groups) > 0
}

// halves breaks a name near its middle, so that it fits beside a radar on a narrow screen.
//
//	authority/subversion     authority/ and subversion
//	care                     care
func halves(name string) []string {
	best := -1
	for at, c := range name {
		middle := len(name) / 2
		if (c == '/' || c == ' ') && (best < 0 || max(at-middle, middle-at) < max(best-middle, middle-best)) {
			best = at
		}
	}
	if best < 0 {
		return []string{name}
	}
	return []string{name[:best+1], name[best+1:]}
}

// outline joins neighbouring values that both have a figure, and adds the intervals, each group's a little beside the
// spoke so that none hides another.
func (r *radar) outline(s *shape, g Profile, values []int, far float64) {
	at := func(i int, x, beside float64) (float64, float64) {
		away := radius * (1 + x/far) / 2
		sp := r.Spokes[i]
		return tenth(middleX + away*sp.across + beside*sp.upward), tenth(middleY - away*sp.upward + beside*sp.across)
	}
	beside := apartBars * (float64(len(r.Groups)) - 2)
	for i, v := range values {
		next := (i + 1) % len(values)
		a, b := g.Values[v], g.Values[values[next]]
		if a.Apart.Known() && b.Apart.Known() {
			x1, y1 := at(i, float64(a.Apart), 0)
			x2, y2 := at(next, float64(b.Apart), 0)
			s.Lines = append(s.Lines, segment{x1, y1, x2, y2})
		}
		if a.ApartLo.Known() {
			x1, y1 := at(i, float64(a.ApartLo), beside)
			x2, y2 := at(i, float64(a.ApartHi), beside)
			s.Whiskers = append(s.Whiskers, segment{x1, y1, x2, y2})
		}
	}
}

// tenth is enough for a picture, and the same on every machine.
func tenth(x float64) float64 { return math.Round(10*x) / 10 }

// exact is a number for a table, empty where there is none.
func exact(n Number) string {
	if !n.Known() {
		return ""
	}
	return fmt.Sprint(float64(n))
}
