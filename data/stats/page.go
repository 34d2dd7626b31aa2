package stats

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	web "hives/internal/page"
)

// page has its pictures and its style inside: it loads nothing.
var page = template.Must(template.New("stats").Funcs(template.FuncMap{"style": web.Style}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rows</title><style>{{style}}</style></head><body><main>
<h1>{{.Title}}</h1>
<ul class="facts"><li><b>{{.Stats.Rows}}</b> rows</li><li><b>{{.Stats.Texts}}</b> ` +
	`texts</li><li><b>{{.Stats.Groups}}</b> groups</li></ul>
{{range .Pictures}}<h2>{{.Title}}</h2>
<section><svg viewBox="0 0 {{.Width}} {{.Height}}" width="{{.Width}}" role="img" aria-label="{{.Title}}">
{{$p := .}}{{range .Ticks}}<line class="grid" x1="{{.At}}" x2="{{.At}}" y1="0" y2="{{$p.Bottom}}"/><text x="{{.At}}" ` +
	`y="{{$p.Bottom}}" dy="14" text-anchor="middle">{{.Label}}</text>{{end}}
{{range .Bars}}<text class="name" x="{{$p.Left}}" dx="-8" y="{{.Y}}" dy="4" text-anchor="end">{{.Label}}</text><rect ` +
	`class="bar" x="{{$p.Left}}" y="{{.Top}}" width="{{.Width}}" height="14"/><text x="{{.End}}" dx="5" y="{{.Y}}" ` +
	`dy="4">{{.N}}</text>
{{end}}<text x="{{.Right}}" y="{{.Height}}" dy="-4" text-anchor="end">{{.Unit}}</text></svg></section>
<details><summary>the figures</summary><section><table ` +
	`class="figures"><thead><tr><th></th><th>{{.Unit}}</th></tr></thead><tbody>{{range ` +
	`.Bars}}<tr><td>{{.Name}}</td><td>{{.N}}</td></tr>{{end}}</tbody></table></section></details>
{{end}}</main></body></html>
`))

// picture is a bar chart, in pixels: names on the left, bars from an axis at 0, their numbers behind them.
type picture struct {
	Title, Unit           string
	Width, Height, Bottom int
	Left, Right           int
	Bars                  []bar
	Ticks                 []tick
}

// bar is one line of a chart: the name as it is drawn (Label) and whole (Name), lengths in pixels. The picture is made
// of whole pixels so that the page has the same bytes on every machine.
type bar struct {
	Name, Label        string
	N                  int
	Y, Top, Width, End int
}

// tick is a labelled place on the axis, in pixels.
type tick struct {
	At    int
	Label string
}

// Fact is a line of a page's foot: where its figures are from.
type Fact = web.Fact

// WritePage writes one self-contained HTML page of plots and tables; facts say what the rows are from. Charts
// without a bar are left out, such as level 3 of a theory that has two.
func (s *Stats) WritePage(w io.Writer, title string, facts ...Fact) error {
	// From the coarse to the fine: sources first, then values by level, then the texts themselves.
	charts := []struct {
		title string
		bars  []Count
	}{
		{"Rows by corpus", s.ByCorpus},
		{"Rows by theory", s.ByTheory},
		{"Rows by direction", s.directions()},
		{"Rows by level-1 value", s.level(1)},
		{"Rows by level-2 value", s.level(2)},
		{"Rows by level-3 value", s.level(3)},
		{"Texts by number of labels", s.LabelsPerText},
		{"Texts by length in tokens", s.tokenBins()},
	}
	var pictures []picture
	for _, c := range charts {
		if len(c.bars) > 0 {
			pictures = append(pictures, drawBars(c.title, c.bars))
		}
	}
	return web.Write(w, page, map[string]any{"Title": title, "Pictures": pictures, "Stats": s}, web.About{Facts: facts})
}

// directions adds the corpora up.
//
//	+1 annotated 900, 0 none 3194
func (s *Stats) directions() []Count {
	n := map[string]int{}
	for _, c := range s.ByDirection {
		n[signed(c.Direction)+" "+c.Source] += c.Rows
	}
	return counts(n)
}

// level lists the values of one level.
//
//	mft/care-harm/caring     at level 2 "mft caring"
func (s *Stats) level(level int) []Count {
	var out []Count
	for _, c := range s.ByValue {
		if c.Level == level {
			theory, _, _ := strings.Cut(c.ID, "/")
			out = append(out, Count{theory + " " + c.ID[strings.LastIndex(c.ID, "/")+1:], c.Rows})
		}
	}
	return out
}

// tokenBins are the histogram, none without a tokenizer. Its bins double in width, so the last may hold one text and
// the first thousands; the chart shows counts, not densities.
func (s *Stats) tokenBins() []Count {
	if s.Tokens == nil {
		return nil
	}
	return s.Tokens.Histogram
}

// Sizes of a bar chart in pixels. A letter of the names has room in any common font.
const (
	letter     = 9
	mostLabel  = 34 // letters of a name that are drawn; the table has all
	barSpan    = 300
	numberRoom = 80
	barGap     = 22
)

// drawBars draws one horizontal bar a count, the first on top, over an axis from 0. Lengths are whole pixels:
// barSpan for the longest bar, n/most of it for the others.
//
//	counts 3000, 1500, 4     bars of 300, 150 and 0 pixels: the number behind it tells of the last
func drawBars(title string, bars []Count) picture {
	// The widest name sets the left margin, the largest count the scale.
	longest, most := 0, 1
	for _, b := range bars {
		longest, most = max(longest, min(mostLabel, len([]rune(b.Name)))), max(most, b.N)
	}
	unit, _, _ := strings.Cut(strings.ToLower(title), " ")
	p := picture{Title: title, Unit: unit, Left: longest*letter + 12, Bottom: len(bars)*barGap + 4}
	p.Right, p.Height = p.Left+barSpan, p.Bottom+36
	p.Width = p.Right + numberRoom
	// Of one row at most, half of it is 0 again, and one tick would be drawn upon another.
	for _, n := range slices.Compact([]int{0, most / 2, most}) {
		p.Ticks = append(p.Ticks, tick{p.Left + barSpan*n/most, fmt.Sprint(n)})
	}
	for i, b := range bars {
		wide := barSpan * b.N / most
		p.Bars = append(p.Bars, bar{
			Name: b.Name, Label: clip(b.Name), N: b.N, Y: i*barGap + 11, Top: i*barGap + 4, Width: wide, End: p.Left + wide,
		})
	}
	return p
}

// clip cuts a name to what has room, by letters and not by bytes. The whole name stands in the table below the chart
// and in the bar's title, so nothing is lost.
func clip(name string) string {
	if r := []rune(name); len(r) > mostLabel {
		return string(r[:mostLabel-1]) + "…"
	}
	return name
}
