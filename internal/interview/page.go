package interview

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"

	"hives/internal/columns"
	web "hives/internal/page"
)

//go:embed page.html
var source string

var page = template.Must(template.New("questionnaire").Funcs(template.FuncMap{
	"style":  web.Style,
	"number": show,
	"span":   columns.Span,
	"shade":  shade,
	"dots":   dots,
	"share":  func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
	"plus":   func(i int) int { return i + 1 },
}).Parse(source))

// view is what the page sees.
type view struct {
	*Result
	Labels []string
}

// writePage draws a result. It holds no answers: they are in their own file.
func writePage(w io.Writer, t *interviewer, r *Result) error {
	about := web.About{Facts: []web.Fact{{Name: "run", Value: r.Run}}}
	return web.Write(w, page, view{r, t.inventory.Options}, about)
}

// show is a number for people.
func show(n Number) string {
	if math.IsNaN(float64(n)) {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(n))
}

// shade is the strength of a cell's colour, 0 to 1 by |r|, and its hue by the sign. The number stands in the cell as
// well: colour alone tells nothing to who cannot see it.
func shade(n Number) template.CSS {
	r := float64(n)
	if math.IsNaN(r) {
		return "opacity: .2"
	}
	hue := "var(--up, #2a6f97)"
	if r < 0 {
		hue = "var(--down, #b5532f)"
	}
	strength := 100 * math.Min(1, math.Abs(r))
	return template.CSS(fmt.Sprintf("background: color-mix(in srgb, %s %.0f%%, transparent)", hue, strength))
}

// dot is a value on the map, in percent of the drawing.
type dot struct {
	X, Y float64
	Name string
}

// dots fits a map into a square of 100 with room for names.
func dots(s *Structure) (out []dot) {
	far := 0.
	for _, at := range s.Map {
		far = max(far, math.Abs(float64(at[0])), math.Abs(float64(at[1])))
	}
	for i, at := range s.Map {
		out = append(out, dot{50 + 40*float64(at[0])/far, 50 - 40*float64(at[1])/far, s.Names[i]})
	}
	return out
}
