package vidb

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"hives/intensity"
	web "hives/internal/page"
)

//go:embed page.html
var pageSource string

// page is one file without script, font or picture from elsewhere.
var page = template.Must(template.New("vidb").Funcs(template.FuncMap{
	"style": web.Style, "score": score, "cell": cell, "grade": grade,
}).Parse(pageSource))

// Sheet is what a page shows of one value.
type Sheet struct {
	Figures
	Bars   []histogramBar
	Sides  []sideCount
	Growth []GrowthPoint
	Line   string // points of the curve
	High   float64
	Most   float64 // its highest error, and the calls at its end
	Scale  []tick
	With   *Comparison
}

// histogramBar is one part of one bar, in the picture's units.
type histogramBar struct {
	X, Y, Width, Height float64
	Class               string
}

// sideCount is a direction with its colour and number.
type sideCount struct {
	Name, Class string
	Count       int
}

// tick is a number under or beside a picture.
type tick struct {
	X, Y float64
	Text string
}

// The histogram's picture: 20 bars of 26 units, 150 high.
const (
	barWidth, barHeight = 26., 150.
	scoreBins           = 2 * intensity.Limit
)

// sides are the directions in the order in which they are stacked. A text that no row of the value names is apart: its
// direction is towards another value.
var sides = []sideCount{{Name: "supporting", Class: "s2"}, {Name: "neither", Class: "s0"}, {Name: "opposing",
	Class: "s4"},
	{Name: "of other values", Class: "s3"}}

// sideOf is the place of a text in sides.
func sideOf(t Text) int {
	if !t.Target {
		return 3
	}
	return 1 - t.Direction
}

// histogram stacks the directions in bars of one unit.
func (s *Sheet) histogram(v *Value) {
	s.Sides = slices.Clone(sides)
	var counts [scoreBins][4]int // texts by bin and side
	most := 1
	for i, t := range v.Texts {
		if math.IsNaN(v.Scores[i].Final) {
			continue
		}
		bin := min(scoreBins-1, int(v.Scores[i].Final+intensity.Limit))
		side := sideOf(t)
		counts[bin][side]++
		s.Sides[side].Count++
		most = max(most, counts[bin][0]+counts[bin][1]+counts[bin][2]+counts[bin][3])
	}
	// Bars share the scale of the fullest one; parts are stacked from below, supporting first.
	for bin, count := range counts {
		y := barHeight
		for side, n := range count {
			height := barHeight * float64(n) / float64(most)
			y -= height
			if n > 0 {
				s.Bars = append(s.Bars, histogramBar{float64(bin) * barWidth, y, barWidth - 2, height, sides[side].Class})
			}
		}
	}
	for at := -intensity.Limit; at <= intensity.Limit; at += 5 {
		s.Scale = append(s.Scale, tick{float64(at+intensity.Limit) * barWidth, barHeight + 14, signed(at)})
	}
}

// signed has a plus where it is above 0: 0 has no side.
func signed(at int) string {
	if at == 0 {
		return "0"
	}
	return fmt.Sprintf("%+d", at)
}

// grade is people's mean grade, a dash where nobody was asked.
func grade(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%+.1f", *x)
}

// GrowthPoint is how sure scores were with the first repetitions alone.
type GrowthPoint struct {
	Calls    float64 `json:"calls"`    // a text
	MeanSE   float64 `json:"mean_se"`  // on the scale of scores
	Distance float64 `json:"distance"` // root mean square distance from the scores of all orders
}

// Growth fits the first eighth, quarter and half of the repetitions, and all: the error against the calls a text. Parts
// in which texts never met are left out.
//
//	m 30: the windows of the repetitions 0–2, 0–6, 0–14 and all, so 3, 7, 15 and 30 calls a text
//
// A judge that errs always the same way has a small error here too: standard errors know of chance alone.
func (v *Value) Growth(ctx context.Context) ([]GrowthPoint, error) {
	// Repetitions are the unit: the first of each text are what a smaller m would have drawn.
	rounds := 0
	for _, w := range v.Windows {
		rounds = max(rounds, w.Rep+1)
	}
	var out []GrowthPoint
	for _, share := range []int{8, 4, 2, 1} {
		part := &Value{About: v.About, Texts: v.Texts, Scores: slices.Clone(v.Scores), known: v.known}
		calls := 0
		for _, w := range v.Windows {
			if w.Rep < max(1, rounds/share) {
				part.Windows = append(part.Windows, w)
				if !w.Overlap {
					calls++
				}
			}
		}
		o, err := v.fitted()
		if err != nil {
			return nil, err
		}
		o.Bootstrap = 0 // four fits are drawn, none of them told
		orders := part.orders(o.Ties)
		if len(orders) == 0 {
			continue
		}
		f := newFitting(part, orders)
		if f.solve(ctx, o) != nil || f.calibrate(o) != nil {
			continue
		}
		p := GrowthPoint{Calls: float64(calls) / float64(len(v.Texts)), MeanSE: f.account.MeanSE}
		for _, text := range f.text {
			d := part.Scores[text].Score - v.Scores[text].Score
			p.Distance += d * d / float64(len(f.text))
		}
		p.Distance = math.Sqrt(p.Distance)
		out = append(out, p)
	}
	return out, nil
}

// curve places the growth's points: calls to the right, error upwards, both from 0. A curve that has flattened says
// that more calls of the same judges buy nothing.
func (s *Sheet) curve() {
	for _, p := range s.Growth {
		s.Most, s.High = max(s.Most, p.Calls), max(s.High, p.MeanSE)
	}
	var points []string
	for _, p := range s.Growth {
		points = append(points, fmt.Sprintf("%.1f,%.1f", 400*p.Calls/s.Most, barHeight*(1-p.MeanSE/s.High)))
	}
	s.Line = strings.Join(points, " ")
}

// Comparison is two databases on the texts of a value that both score.
type Comparison struct {
	Name     string   `json:"name"`
	Texts    int      `json:"texts"`
	Spearman float64  `json:"spearman"`
	Distance float64  `json:"distance"` // mean difference of final scores, without sign
	Signs    float64  `json:"signs"`    // share of texts on the same side, of those off 0 in both
	Apart    []Apart  `json:"apart"`    // that differ most
	Dots     []dotted `json:"-"`
}

// Apart is a text on which two databases differ.
type Apart struct {
	Text  string  `json:"text"`
	Here  float64 `json:"here"`
	There float64 `json:"there"`
}

// dotted is a text in the picture of both.
type dotted struct{ X, Y float64 }

// mostDots are drawn of a comparison; more would only be black.
const mostDots = 2000

// Compare takes the final scores of texts that both values have. Nil where they share fewer than three. The scales need
// not be one: each is calibrated by its own farthest text, so the ranks are compared first, and the difference in units
// only says how far apart the numbers stand.
func (v *Value) Compare(other *Value, name string, top int) *Comparison {
	place := map[string]int{}
	for i, t := range other.Texts {
		place[t.ID] = i
	}
	c := &Comparison{Name: name}
	var here, there []float64
	same, sided := 0, 0
	for i, t := range v.Texts {
		j, both := place[t.ID]
		if !both || math.IsNaN(v.Scores[i].Final+other.Scores[j].Final) {
			continue
		}
		x, y := v.Scores[i].Final, other.Scores[j].Final
		here, there = append(here, x), append(there, y)
		c.Distance += math.Abs(x - y)
		if x*y != 0 {
			sided++
			if x*y > 0 {
				same++
			}
		}
		c.Apart = append(c.Apart, Apart{Text: t.Text, Here: x, There: y})
	}
	if c.Texts = len(here); c.Texts < 3 {
		return nil
	}
	c.Distance /= float64(c.Texts)
	c.Signs = float64(same) / float64(max(1, sided))
	if c.Spearman = intensity.Spearman(here, there); math.IsNaN(c.Spearman) {
		c.Spearman = 0 // one of them scores all texts alike
	}
	step := max(1, c.Texts/mostDots) // by id, which is a hash: every so-many-th is as good as a draw
	for i := 0; i < c.Texts; i += step {
		c.Dots = append(c.Dots, dotted{100 + 10*here[i], 100 - 10*there[i]})
	}
	slices.SortStableFunc(c.Apart, func(a, b Apart) int {
		return cmp.Compare(math.Abs(b.Here-b.There), math.Abs(a.Here-a.There))
	})
	c.Apart = c.Apart[:min(top, len(c.Apart))]
	return c
}

// WritePage draws values. The same values give the same bytes: hashes stand on it, and no time.
func WritePage(w io.Writer, sheets []Sheet, facts ...web.Fact) error {
	return web.Write(w, page, sheets, web.About{Facts: facts})
}

// NewSheet needs the windows (File.Full). other may be nil.
func NewSheet(ctx context.Context, v, other *Value, name string, top int) (Sheet, error) {
	s := Sheet{Figures: v.Summarise(top)}
	s.histogram(v)
	var err error
	if s.Growth, err = v.Growth(ctx); err != nil {
		return s, err
	}
	if len(s.Growth) > 1 {
		s.curve()
	}
	if other != nil {
		s.With = v.Compare(other, name, top)
	}
	return s, nil
}
