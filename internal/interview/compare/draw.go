package compare

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"

	web "hives/internal/page"
)

// picture is one of the page, and a file. Its figures stand in it as CSV.
type picture struct {
	Slug, Title, Note string
	svg               string
	figures           table
}

// SVG is the picture for the page, its figures in data-csv.
func (p picture) SVG() template.HTML {
	rows := append([][]string{p.figures.Head}, p.figures.Rows...)
	return template.HTML(strings.Replace(p.svg, "<svg ", `<svg data-csv="`+html.EscapeString(web.CSV(rows))+`" `, 1))
}

func (p picture) file() []byte { return web.Picture(p.svg) }

// colours of models; more of them than that are told apart by the table alone.
const colours = 8

// canvas writes a picture: width and height in the units of its view.
type canvas struct {
	strings.Builder
	width, height float64
}

// begin opens a picture whose letters can be read on a screen of 400 pixels, which is its width; a wide screen shows it
// half as large again.
func begin(title string, width, height float64) *canvas {
	c := &canvas{width: width, height: height}
	fmt.Fprintf(c, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s" style="width:100%%;max-width:%.0fpx">`, width,
		height, html.EscapeString(title), 1.5*width)
	return c
}

func (c *canvas) end() string {
	c.WriteString("</svg>")
	return c.String()
}

func (c *canvas) text(x, y float64, anchor, class, words string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class,
		html.EscapeString(words))
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(c, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>`, x1, y1, x2, y2, class)
}

// mark is a dot, or another sign by the model's number: colour alone tells nothing to who cannot see it.
func (c *canvas) mark(x, y float64, model int) {
	switch model % 4 {
	case 0:
		fmt.Fprintf(c, `<circle cx="%.1f" cy="%.1f" r="4"/>`, x, y)
	case 1:
		fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="7" height="7" fill="var(--c)"/>`, x-3.5, y-3.5)
	case 2:
		fmt.Fprintf(c, `<path d="M%.1f %.1fl5 8h-10z" fill="var(--c)"/>`, x, y-5)
	default:
		fmt.Fprintf(c, `<path d="M%.1f %.1fl5 5l-5 5l-5 -5z" fill="var(--c)"/>`, x, y-5)
	}
}

// legend names models below a picture, one a line, from y on.
func (c *canvas) legend(y float64, names []string) {
	for i, name := range names {
		fmt.Fprintf(c, `<g class="r%d">`, i)
		c.mark(14, y+float64(i)*18-4, i)
		c.WriteString("</g>")
		c.text(26, y+float64(i)*18, "start", "", name)
	}
}

func (r *Result) names() (out []string) {
	for _, m := range r.Models[:min(colours, len(r.Models))] {
		out = append(out, m.Name)
	}
	return out
}

// pictures are those whose figures are there.
func (r *Result) pictures() (out []picture) {
	if slices.ContainsFunc(r.Models, func(m Model) bool { return m.Map != nil }) {
		out = append(out, r.maps())
	}
	out = append(out, r.radar())
	for i := range r.Curves {
		if i == slices.IndexFunc(r.Curves, func(c Curve) bool { return c.Value == r.Curves[i].Value }) {
			out = append(out, r.curve(r.Curves[i].Value, r.Curves[i].Name))
		}
	}
	if r.PCA != nil {
		out = append(out, r.PCA.picture())
	}
	return out
}

// maps are all models' values on one plane. Names stand at the first model that has a map.
func (r *Result) maps() picture {
	const size = 400
	names := r.names()
	c := begin("map of values", size, size+float64(len(names))*18+12)
	far, named := 0., false
	for _, m := range r.Models {
		for _, p := range m.Map {
			far = max(far, math.Abs(float64(p[0])), math.Abs(float64(p[1])))
		}
	}
	at := func(p [2]Number) (x, y float64) {
		return size/2 + 150*float64(p[0])/far, size/2 - 170*float64(p[1])/far
	}
	t := table{Head: []string{"model", "value", "x", "y"}}
	for i, m := range r.Models {
		if i < colours {
			fmt.Fprintf(c, `<g class="r%d">`, i)
		}
		for k, p := range m.Map {
			t.Rows = append(t.Rows, []string{m.Name, r.Names[k], cell(p[0]), cell(p[1])})
			if x, y := at(p); i < colours {
				c.mark(x, y, i)
				if !named {
					c.text(min(max(x, 50), size-50), y-9, "middle", "name", r.Names[k])
				}
			}
		}
		if i < colours {
			c.WriteString("</g>")
		}
		named = named || m.Map != nil
	}
	c.legend(size+14, names)
	return picture{"map", "Map of values",
		"Near values rise and fall together over personas. Each model's map is turned, mirrored " +
			"and scaled onto the base's. Stress above .2 keeps the distances poorly.", c.end(), t}
}

// radar has a ray for each scale, from 0, the least option, in the middle.
func (r *Result) radar() picture {
	const size, long = 400, 150
	names := r.names()
	c := begin("radar of scales", size, size+float64(len(names))*18+12)
	ray := func(k int, share float64) (x, y float64) {
		turn := 2 * math.Pi * float64(k) / float64(len(r.Scales))
		return size/2 + long*share*math.Sin(turn), size/2 - long*share*math.Cos(turn)
	}
	for _, share := range []float64{.25, .5, .75, 1} {
		fmt.Fprintf(c, `<circle cx="%d" cy="%d" r="%.1f" class="grid" fill="none"/>`, size/2, size/2, long*share)
	}
	t := table{Head: []string{"scale", "model", "share"}}
	for k, s := range r.Scales {
		x, y := ray(k, 1)
		c.line(size/2, size/2, x, y, "grid")
		x, y = ray(k, 1.1)
		anchor := "middle"
		if d := x - size/2; d > 20 {
			anchor = "start"
		} else if d < -20 {
			anchor = "end"
		}
		c.text(x, y+4, anchor, "", s.Code)
		for _, m := range s.Models {
			t.Rows = append(t.Rows, []string{s.Code, m.Model, cell(m.Share)})
		}
	}
	for i := range names {
		var points []string
		fmt.Fprintf(c, `<g class="r%d">`, i)
		for k := range r.Scales {
			share := r.Scales[k].Models[i].Share
			if !share.Known() {
				continue // a gap: the line goes on at the next scale
			}
			x, y := ray(k, float64(share))
			points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
			c.mark(x, y, i)
		}
		if len(points) == len(r.Scales) {
			points = append(points, points[0])
		}
		fmt.Fprintf(c, `<polyline points="%s"/></g>`, strings.Join(points, " "))
	}
	c.legend(size+14, names)
	return picture{"radar", "All scales",
		"Each scale's mean, from 0 for the least option in the middle to 1 for the largest. Not " +
			"centred: a model that says yes to everything is large all round.", c.end(), t}
}

// curve is degree against score of one value, a line a strategy.
func (r *Result) curve(value, name string) picture {
	const width, height, left, bottom = 400, 280, 52, 40
	var some []Curve
	low, high := 0., 0.
	for _, c := range r.Curves {
		if c.Value == value && len(some) < colours {
			some = append(some, c)
			for _, l := range c.Levels {
				if l.Mean.Known() {
					low, high = min(low, float64(l.Mean)), max(high, float64(l.Mean))
				}
			}
		}
	}
	low, high = low-.1, high+.1
	x := func(level float64) float64 { return left + (level+2)/4*(width-left-16) }
	y := func(score float64) float64 { return 12 + (high-score)/(high-low)*(height-bottom-12) }
	c := begin("degree and score of "+name, width, height+float64(len(some))*18+8)
	for level := -2.; level <= 2; level++ {
		c.line(x(level), 12, x(level), height-bottom, "grid")
		c.text(x(level), height-bottom+16, "middle", "", fmt.Sprintf("%+.0f", level))
	}
	c.line(left, y(0), width-16, y(0), "zero")
	for _, score := range []float64{low, 0, high} {
		c.text(left-6, y(score)+4, "end", "", fmt.Sprintf("%+.1f", score))
	}
	c.text((left+width)/2, height-bottom+32, "middle", "", "degree that was trained")
	t := table{Head: []string{"value", "strategy", "level", "run", "centred", "n"}}
	var legend []string
	for i, one := range some {
		var points []string
		fmt.Fprintf(c, `<g class="r%d">`, i)
		for _, l := range one.Levels {
			t.Rows = append(t.Rows, []string{one.Name, one.Strategy, fmt.Sprint(l.Level), l.Run, cell(l.Mean), fmt.Sprint(l.N)})
			if l.Mean.Known() {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(l.Level), y(float64(l.Mean))))
				c.mark(x(l.Level), y(float64(l.Mean)), i)
			}
		}
		fmt.Fprintf(c, `<polyline points="%s"/></g>`, strings.Join(points, " "))
		tau := "–"
		if one.Tau.Known() {
			tau = cell(one.Tau)
		}
		legend = append(legend, fmt.Sprintf("%s, τ %s", one.Strategy, tau))
	}
	c.legend(height+10, legend)
	slug := strings.ReplaceAll(value, "/", "-")
	return picture{"curve-" + slug, "Degree and score: " + name, "Centred score of " + name +
		" against the degree on which a model was trained.",
		c.end(), t}
}

// picture draws the questions by set.
func (p *PCA) picture() picture {
	const size = 400
	var sets []string
	far := 0.
	for _, q := range p.Points {
		if !slices.Contains(sets, q.Set) {
			sets = append(sets, q.Set)
		}
		far = max(far, math.Abs(q.X), math.Abs(q.Y))
	}
	shown := sets[:min(colours, len(sets))]
	c := begin("questions by their vectors", size, size+float64(len(shown))*18+12)
	c.line(size/2, 10, size/2, size-10, "grid")
	c.line(10, size/2, size-10, size/2, "grid")
	t := table{Head: []string{"set", "question", "x", "y"}}
	for i, set := range shown {
		fmt.Fprintf(c, `<g class="r%d">`, i)
		for _, q := range p.Points {
			if q.Set == set {
				c.mark(size/2+180*q.X/far, size/2-180*q.Y/far, i)
			}
		}
		c.WriteString("</g>")
	}
	for _, q := range p.Points {
		t.Rows = append(t.Rows, []string{q.Set, q.Text, cell(Number(q.X)), cell(Number(q.Y))})
	}
	c.legend(size+14, shown)
	return picture{"questions", "Questions of data and questionnaire",
		fmt.Sprintf("Their vectors at the first two principal "+
			"components, which explain %.0f %% and %.0f %% of the variance. Sets that lie apart ask of different things.",
			100*p.Share[0], 100*p.Share[1]), c.end(), t}
}
