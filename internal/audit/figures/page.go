package figures

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"hives/internal/audit"
	"hives/internal/columns"
	web "hives/internal/page"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("audit").Funcs(template.FuncMap{
	"style": web.Style, "signed": signed, "two": two, "share": share, "plus": plus, "degrees": degrees, "error": withError,
	"known": Number.Known, "joined": func(x []string) string { return strings.Join(x, ", ") },
	"file": web.File, "span": columns.Span, "mark": Regime.mark,
}).Parse(pageSource))

// view is what the page sees.
type view struct {
	*Figures
	Stand, Else []claim // gains that stand, and how many do not
	Regimes     []string
	Levels      []plot
	Overview    []grid
	Theories    []theory
	Planes      []plane
	Profiles    []grid
	Rates       plot
	Relevance   []relevant
	Sources     []sourced
	Plain       []said
	Points      []point
	JSON        string
	Table       string
	Card        string
}

type theory struct {
	Name  string
	Plots []plot
}

// claim is a line of what stands.
type claim struct {
	Topic, Sentence, Class, Badge, Link string
	size                                float64
}

// grid is a table of coloured cells.
type grid struct {
	Title   string
	Columns []string
	Rows    []gridRow
}

type gridRow struct {
	Name  string
	Cells []cell
}

// cell is coloured by its number, which stands in it as well.
type cell struct {
	Text, Title, Link, Heat string
	Cold, Loud, Empty       bool
}

type relevant struct {
	Value string
	Relevance
}

type sourced struct {
	Value string
	Cells []SourceMean
}

// said is one answer without steering, with its place on the page.
type said struct {
	ID, Source, Query, Text string
	Refused, Cut            bool
}

// point is what stands behind one mark of a picture.
type point struct {
	ID, Title, Note string
	Items           []item
}

// item is an answer behind a point. Plain leads to the answer without steering.
type item struct {
	Query, Text, Plain string
	Moved, From, To    string
	Refused, Cut       bool
	delta              float64
}

// WritePage draws figures with the answers behind them. It holds texts that a model wrote: they are hostile, and
// escaped.
func WritePage(w io.Writer, r audit.Record, f *Figures, facts ...web.Fact) error {
	raw, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	var table, card strings.Builder
	if err := f.WriteCSV(&table); err != nil {
		return err
	}
	if err := f.WriteCard(&card); err != nil {
		return err
	}
	v := view{Figures: f, JSON: string(raw), Table: table.String(), Card: card.String(), Rates: rates(f.Refusals)}
	v.claims()
	v.pictures()
	v.answers(newMaterial(r, nil))
	return web.Write(w, page, v, web.About{Facts: facts})
}

// claims are the gains that stand, the largest first, and a line on the others.
func (v *view) claims() {
	counts, all := map[string]int{}, 0
	for i := range v.Values {
		one := &v.Values[i]
		for _, r := range one.Regimes {
			for _, g := range r.Gains {
				all++
				counts[g.Verdict]++
				if g.Verdict == Moved || g.Verdict == Against {
					v.Stand = append(v.Stand, v.claim(one, r.Name, g))
				}
			}
		}
	}
	slices.SortStableFunc(v.Stand, func(a, b claim) int { return cmp.Compare(b.size, a.size) })
	for _, verdict := range []string{NotShown, NoClaim} {
		if n := counts[verdict]; n > 0 {
			v.Else = append(v.Else, claim{Topic: fmt.Sprintf("%d of %d gains: %s", n, all, verdict), Badge: verdict})
		}
	}
}

// claim is one gain in words.
func (v *view) claim(s *Standing, regime string, g Gain) claim {
	c := claim{Topic: fmt.Sprintf("%s, %s at %s", s.Name, regime, plus(g.Target)), Class: "learned", Badge: g.Verdict,
		Link: anchor(s.ID, regime, g.Target), size: math.Abs(float64(g.Mean))}
	if g.Verdict == Against {
		c.Class = "worse"
	}
	c.Sentence = fmt.Sprintf("%s [%s, %s] over %d queries, p %.2g of %d", signed(g.Mean), signed(g.Low), signed(g.High),
		g.N, float64(g.Holm), v.Compared)
	return c
}

// pictures draws all of them. Values stand by theory in the order of their ids, everywhere on the page alike.
func (v *view) pictures() {
	s := v.common()
	var theories []string
	by := map[string][]*Standing{}
	for i := range v.Values {
		one := &v.Values[i]
		name := theoryOf(one.ID)
		if by[name] == nil {
			theories = append(theories, name)
		}
		by[name] = append(by[name], one)
		for _, r := range one.Regimes {
			if !slices.Contains(v.Regimes, r.Name) {
				v.Regimes = append(v.Regimes, r.Name)
			}
		}
		for _, r := range one.Relevance {
			v.Relevance = append(v.Relevance, relevant{one.Name, r})
		}
		if len(one.Sources) > 0 {
			v.Sources = append(v.Sources, sourced{one.Name, one.Sources})
		}
	}
	for _, name := range theories {
		v.Levels = append(v.Levels, levels(name, by[name]))
		t := theory{Name: name}
		for _, one := range by[name] {
			if len(one.Regimes) > 0 {
				t.Plots = append(t.Plots, bars(one, s))
			}
		}
		v.Theories = append(v.Theories, t)
	}
	for _, r := range v.Regimes {
		v.Overview = append(v.Overview, v.overview(r, s.high))
	}
	v.several()
}

// overview is all gains of a regime at a glance.
func (v *view) overview(regime string, most float64) grid {
	g := grid{Title: regime}
	for _, t := range targets {
		g.Columns = append(g.Columns, plus(t))
	}
	for i := range v.Values {
		one := &v.Values[i]
		for k := range one.Regimes {
			if one.Regimes[k].Name != regime {
				continue
			}
			line := gridRow{Name: one.Name}
			for _, t := range targets {
				line.Cells = append(line.Cells, gainCell(one, &one.Regimes[k], t, most))
			}
			g.Rows = append(g.Rows, line)
		}
	}
	return g
}

func gainCell(v *Standing, r *Regime, target int, most float64) cell {
	for i := range r.Gains {
		if g := &r.Gains[i]; g.Target == target && g.Mean.Known() {
			c := heat(signed(g.Mean)+g.mark(), float64(g.Mean)/most)
			c.Title = fmt.Sprintf("%s, %s at %s: %s, %d queries, %s", v.Name, r.Name, plus(target), withError(g.Mean, g.SE), g.N,
				g.Verdict)
			c.Link = anchor(v.ID, r.Name, target)
			return c
		}
	}
	return cell{Empty: true}
}

// heat colours from −1 to 1; beyond it stays as strong.
func heat(text string, x float64) cell {
	strength := min(1, math.Abs(x))
	return cell{Text: text, Heat: fmt.Sprintf("%.2f", strength), Cold: x < 0, Loud: strength > .62}
}

// several draws prompts of two values as arrows, and those of more as a map.
func (v *view) several() {
	pairs, sets := map[string][]Composed{}, map[string][]Composed{}
	var order []string
	for _, c := range v.Composed {
		key := strings.Join(c.Values, " ")
		if pairs[key] == nil && sets[key] == nil {
			order = append(order, key)
		}
		if len(c.Values) == 2 {
			pairs[key] = append(pairs[key], c)
		} else {
			sets[key] = append(sets[key], c)
		}
	}
	most := 1.
	for _, c := range v.Composed {
		for _, g := range c.Gains {
			if g.Mean.Known() {
				most = max(most, math.Abs(float64(g.Mean)))
			}
		}
	}
	for _, key := range order {
		if all := pairs[key]; all != nil {
			v.Planes = append(v.Planes, planeOf(all))
			continue
		}
		g := grid{Title: strings.Join(sets[key][0].Names, ", "), Columns: append(slices.Clone(sets[key][0].Names), "angle")}
		for _, c := range sets[key] {
			line := gridRow{Name: join(c.Asked, plus)}
			for at, m := range c.Gains {
				one := heat(signed(m.Mean), float64(m.Mean)/most)
				one.Title = fmt.Sprintf("%s, asked %s: %s", c.Names[at], plus(c.Asked[at]), withError(m.Mean, m.SE))
				one.Empty, one.Link = !m.Mean.Known(), composedAnchor(c)
				line.Cells = append(line.Cells, one)
			}
			g.Rows = append(g.Rows, gridRow{line.Name, append(line.Cells, cell{Text: degrees(c.Angle), Heat: "0"})})
		}
		v.Profiles = append(v.Profiles, g)
	}
}

// answers puts what the model said behind every point. An answer without steering stands once on the page, whatever the
// number of values that it was scored on: the points of all values lead to it.
func (v *view) answers(m *material) {
	for _, a := range m.plain {
		if a != nil {
			q := m.Queries[a.query]
			v.Plain = append(v.Plain, said{plainAnchor(a.query), q.Source, q.Text, a.Text, a.Refusal == audit.Refused, a.cut()})
		}
	}
	for i := range v.Values {
		one := &v.Values[i]
		d := point{ID: anchor(one.ID, audit.RegimeDefault, 0), Title: one.Name + " without steering",
			Note: withError(one.Default.Mean, one.Default.SE)}
		for _, a := range m.plain {
			if a != nil {
				d.Items = append(d.Items, item{Query: m.Queries[a.query].Text, Plain: plainAnchor(a.query),
					To: signed(Number(a.score(one.ID))), delta: a.score(one.ID)})
			}
		}
		v.Points = append(v.Points, d.sorted())
		for _, r := range one.Regimes {
			for _, g := range r.Gains {
				p := point{ID: anchor(one.ID, r.Name, g.Target), Note: withError(g.Mean, g.SE),
					Title: fmt.Sprintf("%s, %s at %s", one.Name, r.Name, plus(g.Target))}
				v.Points = append(v.Points, p.of(m, m.single[single{r.Name, one.ID, g.Target}], one.ID).sorted())
			}
		}
	}
	for at, c := range v.Composed {
		p := point{ID: composedAnchor(c), Title: fmt.Sprintf("%s at %s", strings.Join(c.Names, ", "), join(c.Asked, plus)),
			Note: "movements are of the first value"}
		v.Points = append(v.Points, p.of(m, m.under[at], c.Values[0]).sorted())
	}
}

// of adds the answers of a condition, with how far each moved a value.
func (p point) of(m *material, answers []*answer, value string) point {
	plain := m.levels(m.plain, value)
	for _, a := range answers {
		if a == nil {
			continue
		}
		s := a.score(value)
		p.Items = append(p.Items, item{Query: m.Queries[a.query].Text, Text: a.Text, Plain: plainAnchor(a.query),
			Moved: signed(Number(s - plain[a.query])), From: signed(Number(plain[a.query])), To: signed(Number(s)),
			Refused: a.Refusal == audit.Refused, Cut: a.cut(), delta: s - plain[a.query]})
	}
	return p
}

// sorted puts the farthest upwards first, and what has no number last.
func (p point) sorted() point {
	slices.SortStableFunc(p.Items, func(a, b item) int {
		x, y := a.delta, b.delta
		switch {
		case math.IsNaN(x) && math.IsNaN(y), x == y:
			return 0
		case math.IsNaN(y), x > y:
			return -1
		}
		return 1
	})
	return p
}

// anchor names the place of a point's answers.
//
//	mft/care-harm, anchor, 2     p-mft-care-harm-anchor-for-2
func anchor(value, regime string, target int) string {
	return "p-" + place.Replace(value+"-"+regime+plus(target))
}

// place makes a name of an address: a plus sign would be another letter there.
var place = strings.NewReplacer("/", "-", ":", "-", " ", "-", "+", "-for-", "−", "-against-")

func composedAnchor(c Composed) string {
	return "c-" + place.Replace(strings.ReplaceAll(c.Condition, ":-", "−"))
}

func plainAnchor(query int) string { return fmt.Sprintf("q-%d", query+1) }
