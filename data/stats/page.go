package stats

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// page has its pictures and its style inside: it loads nothing.
var page = template.Must(template.New("stats").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rows</title>
<style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
svg{max-width:100%;height:auto}pre{overflow-x:auto;font-size:13px}</style></head><body>
<h1>{{.Title}}</h1>
{{range .Pictures}}<h2>{{.Title}}</h2>
{{.SVG}}
{{end}}<h2>The figures</h2>
<pre>{{.Table}}</pre>
</body></html>
`))

type picture struct {
	Title string
	SVG   template.HTML // drawn here from numbers; its labels are escaped by the SVG writer
}

// WritePage writes one self-contained HTML page of plots and tables.
func (s *Stats) WritePage(w io.Writer, title string) error {
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
		if len(c.bars) == 0 {
			continue
		}
		svg, err := drawBars(c.bars)
		if err != nil {
			return fmt.Errorf("draw %q: %w", c.title, err)
		}
		pictures = append(pictures, picture{c.title, svg})
	}
	var table bytes.Buffer
	if err := s.WriteTable(&table); err != nil {
		return err
	}
	return page.Execute(w, map[string]any{"Title": title, "Pictures": pictures, "Table": table.String()})
}

// directions adds the corpora up.
func (s *Stats) directions() []Count {
	n := map[string]int{}
	for _, c := range s.ByDirection {
		n[signed(c.Direction)+" "+c.Source] += c.Rows
	}
	return counts(n)
}

// level lists the values of one level.
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

func (s *Stats) tokenBins() []Count {
	if s.Tokens == nil {
		return nil
	}
	return s.Tokens.Histogram
}

// barColour reads on white and, being one colour, says nothing by itself.
var barColour = color.RGBA{R: 0x2f, G: 0x6d, B: 0xa4, A: 0xff}

// drawBars draws one horizontal bar a count, the first on top.
func drawBars(bars []Count) (template.HTML, error) {
	n := len(bars)
	values, names := make(plotter.Values, n), make([]string, n)
	for i, b := range bars {
		values[n-1-i], names[n-1-i] = float64(b.N), b.Name
	}
	chart, err := plotter.NewBarChart(values, vg.Points(12))
	if err != nil {
		return "", err
	}
	chart.Horizontal = true
	chart.Color = barColour
	chart.LineStyle.Width = 0
	p := plot.New()
	p.Add(chart)
	p.NominalY(names...)
	p.X.Min = 0
	canvas := vgsvg.New(18*vg.Centimeter, vg.Length(n)*18+60)
	p.Draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", err
	}
	_, svg, _ := strings.Cut(out.String(), "<svg") // without the XML header, which HTML has no place for
	return template.HTML("<svg" + svg), nil
}
