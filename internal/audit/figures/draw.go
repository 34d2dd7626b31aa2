package figures

import (
	"fmt"
	"math"
	"strconv"

	"hives/internal/audit"
	web "hives/internal/page"
)

// Pictures are at most 340 pixels wide: that fits a screen of 400 without scrolling. Wider screens show several beside
// each other.
const (
	width    = 340.
	left     = 86. // room for labels
	right    = 328.
	rowGap   = 17.
	barSize  = 11.
	axisRoom = 26.
)

// plot is a picture of rows on a common axis: bars from 0, or dots, each with its interval.
type plot struct {
	Title, Note   string
	Height        float64
	Top, Bottom   float64
	Zero          float64
	Ticks         []tick
	Rows          []row
	CSV           string
	Label         string // for who cannot see it
	Width, Middle float64
}

type tick struct {
	At    float64
	Label string
}

// row is one mark. A point leads to its answers.
type row struct {
	Name      string
	Y         float64
	X, Size   float64 // of the bar
	At        float64 // of the mean
	Low, High float64
	Interval  bool
	Series    int
	Text      string
	Link      string
	Dot       bool
}

// scale turns scores into pixels.
type scale struct{ low, high float64 }

func (s scale) at(x float64) float64 {
	return left + (max(s.low, min(s.high, x))-s.low)/(s.high-s.low)*(right-left)
}

// ticks are five, from end to end.
func (s scale) ticks(form func(float64) string) (out []tick) {
	for k := range 5 {
		x := s.low + (s.high-s.low)*float64(k)/4
		out = append(out, tick{s.at(x), form(x)})
	}
	return out
}

// common is a scale for all gains of a page, round and alike on both sides: pictures beside each other can be compared.
//
//	the farthest end of an interval 3.1     −4 to 4
func (f *Figures) common() scale {
	most := 0.
	gains, _ := f.gains()
	for _, g := range gains {
		for _, x := range []Number{g.Mean, g.Low, g.High} {
			if x.Known() {
				most = max(most, math.Abs(float64(x)))
			}
		}
	}
	end := max(1, min(20, 2*math.Ceil(most/2)))
	return scale{-end, end}
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

func short(x float64) string {
	if x > 0 {
		return "+" + number(x)
	}
	if x < 0 {
		return "−" + number(-x)
	}
	return "0"
}

// frame ends a plot below its rows: its height follows from how many there are.
func (p *plot) frame(s scale, form func(float64) string) {
	p.Width, p.Middle = width, (left+right)/2
	p.Bottom = p.Top + rowGap*float64(len(p.Rows))
	p.Height = p.Bottom + axisRoom
	p.Zero, p.Ticks = s.at(0), s.ticks(form)
}

// bars draws the gains of a value: a row a target and regime. The series is the regime's.
//
//	+2  anchor            ├──▬▬▬▬▬▬▬┼──      +2.6*
//	+2  texts             ├─▬▬▬┼─            +1.1
//	−2  anchor    ──┼▬▬▬▬▬┤                  −3.1*
func bars(v *Standing, s scale) plot {
	p := plot{Title: v.Name, Note: "without: " + withError(v.Default.Mean, v.Default.SE), Top: 6,
		Label: "movement of " + v.Name + " by target"}
	table := [][]string{{"value", "regime", "target", "mean", "low", "high", "p_holm"}}
	for _, target := range []int{2, 1, -1, -2} {
		for series := range v.Regimes {
			r := &v.Regimes[series]
			for i := range r.Gains {
				g := &r.Gains[i]
				if g.Target != target {
					continue
				}
				one := row{Name: plus(target), Y: p.Top + rowGap*(float64(len(p.Rows))+.5), Series: series,
					Text: signed(g.Mean) + g.mark(), Link: anchor(v.ID, r.Name, target)}
				one.place(s, g.Mean, g.Low, g.High)
				p.Rows = append(p.Rows, one)
				table = append(table, []string{v.ID, r.Name, strconv.Itoa(target), exact(g.Mean), exact(g.Low), exact(g.High),
					exact(g.Holm)})
			}
		}
	}
	p.frame(s, short)
	p.CSV = web.CSV(table)
	return p
}

// place puts the mark of a mean with its interval; one that is undefined has none.
func (r *row) place(s scale, mean, low, high Number) {
	zero := s.at(max(s.low, min(0, s.high)))
	r.At, r.X = zero, zero
	if mean.Known() {
		r.At = s.at(float64(mean))
		r.X, r.Size = min(zero, r.At), math.Abs(r.At-zero)
	}
	if low.Known() && high.Known() {
		r.Interval, r.Low, r.High = true, s.at(float64(low)), s.at(float64(high))
	}
}

// levels draws where the model stands without steering, value by value of a theory.
func levels(theory string, values []*Standing) plot {
	s := scale{-10, 10}
	p := plot{Title: theory, Note: "score without steering", Top: 6, Label: "scores without steering, " + theory}
	table := [][]string{{"value", "n", "mean", "low", "high"}}
	for _, v := range values {
		d := v.Default
		one := row{Name: brief(v.Name), Y: p.Top + rowGap*(float64(len(p.Rows))+.5), Dot: true, Text: signed(d.Mean),
			Link: anchor(v.ID, audit.RegimeDefault, 0)}
		one.place(s, d.Mean, d.Low, d.High)
		p.Rows = append(p.Rows, one)
		table = append(table, []string{v.ID, strconv.Itoa(d.N), exact(d.Mean), exact(d.Low), exact(d.High)})
	}
	p.frame(s, short)
	p.CSV = web.CSV(table)
	return p
}

// brief fits a name beside an axis.
func brief(name string) string {
	const most = 14
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// rates draws refusals by regime and target.
func rates(all []RefusalsOf) plot {
	s := scale{0, 1}
	p := plot{Title: "share of answers that are refusals", Top: 6, Label: "refusal rates"}
	table := [][]string{{"regime", "target", "refused", "judged", "rate", "low", "high"}}
	for _, r := range all {
		name := r.Regime
		if r.Target != 0 {
			name = r.Regime + " " + plus(r.Target)
		}
		one := row{Name: brief(name), Y: p.Top + rowGap*(float64(len(p.Rows))+.5), Text: share(r.Rate.Rate)}
		one.place(s, r.Rate.Rate, r.Low, r.High)
		p.Rows = append(p.Rows, one)
		table = append(table, []string{r.Regime, strconv.Itoa(r.Target), strconv.Itoa(r.Refused), strconv.Itoa(r.Usable),
			exact(r.Rate.Rate), exact(r.Low), exact(r.High)})
	}
	p.frame(s, func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) })
	p.CSV = web.CSV(table)
	return p
}

// plane is the picture of a pair of values: arrows from where the model stands to where a prompt of both moves it, and
// in the same colour a dashed line in the direction that was asked for.
type plane struct {
	Title, X, Y    string
	Width, Height  float64
	Left, Right    float64
	Top, Bottom    float64
	ZeroX, ZeroY   float64
	Across, Upward []tick
	Arrows         []arrow
	CSV            string
}

type arrow struct {
	X1, Y1, X2, Y2 float64
	AskX, AskY     float64 // end of the dashed line
	Head           string  // points of the tip
	Text           string
	TextX, TextY   float64
	Series         int
	Link           string
	Note           string
}

// planeOf draws all prompts of one pair of values. All of its arrows begin where the model stands without steering, so
// that a reader sees by their length what was easy and by their direction what was mixed up.
func planeOf(all []Composed) plane {
	first := all[0]
	p := plane{Title: first.Names[0] + " and " + first.Names[1], X: first.Names[0], Y: first.Names[1], Width: width,
		Height: width, Left: 34, Right: width - 10, Top: 10, Bottom: width - 34}
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range all {
		for at, b := range c.Before {
			for _, x := range []float64{float64(b), float64(b + c.Gains[at].Mean)} {
				if !math.IsNaN(x) {
					low, high = min(low, x), max(high, x)
				}
			}
		}
	}
	if low > high {
		low, high = -10, 10
	}
	// Both axes have one scale, else an angle would not be seen as it is.
	low, high = math.Floor(low)-1, math.Ceil(high)+1
	high = low + 4*math.Ceil((high-low)/4) // five ticks at whole numbers
	x := func(v Number) float64 { return p.Left + (float64(v)-low)/(high-low)*(p.Right-p.Left) }
	y := func(v Number) float64 { return p.Bottom - (float64(v)-low)/(high-low)*(p.Bottom-p.Top) }
	for k := range 5 {
		v := low + (high-low)*float64(k)/4
		p.Across = append(p.Across, tick{x(Number(v)), short(v)})
		p.Upward = append(p.Upward, tick{y(Number(v)), short(v)})
	}
	inside := func(at, from, to float64) float64 { return max(min(from, to), min(max(from, to), at)) }
	p.ZeroX, p.ZeroY = inside(x(0), p.Left, p.Right), inside(y(0), p.Top, p.Bottom)
	table := [][]string{{"x", "y", "asked_x", "asked_y", "default_x", "default_y", "gain_x", "gain_y", "angle",
		"additive_error"}}
	for series, c := range all {
		g := c.Gains
		table = append(table, []string{c.Values[0], c.Values[1], strconv.Itoa(c.Asked[0]), strconv.Itoa(c.Asked[1]),
			exact(c.Before[0]), exact(c.Before[1]), exact(g[0].Mean), exact(g[1].Mean), exact(c.Angle), exact(c.Additive)})
		if !(c.Before[0] + c.Before[1] + g[0].Mean + g[1].Mean).Known() {
			continue
		}
		a := arrow{X1: x(c.Before[0]), Y1: y(c.Before[1]), X2: x(c.Before[0] + g[0].Mean), Y2: y(c.Before[1] + g[1].Mean),
			Series: series % 6, Link: composedAnchor(c), Text: plus(c.Asked[0]) + " " + plus(c.Asked[1])}
		long := math.Hypot(float64(c.Asked[0]), float64(c.Asked[1]))
		a.AskX, a.AskY = a.X1+46*float64(c.Asked[0])/long, a.Y1-46*float64(c.Asked[1])/long
		a.Head = tip(a.X1, a.Y1, a.X2, a.Y2)
		a.TextX, a.TextY = inside(a.X2+7, p.Left, p.Right-34), inside(a.Y2-6+float64(12*series), p.Top+8, p.Bottom-4)
		a.Note = fmt.Sprintf("asked %s: moved %s %s, angle %s", a.Text, signed(g[0].Mean), signed(g[1].Mean),
			degrees(c.Angle))
		p.Arrows = append(p.Arrows, a)
	}
	p.CSV = web.CSV(table)
	return p
}

// tip is the triangle at an arrow's end.
func tip(x1, y1, x2, y2 float64) string {
	long := math.Hypot(x2-x1, y2-y1)
	if long < 1e-9 {
		return ""
	}
	ux, uy := (x2-x1)/long, (y2-y1)/long
	const size, half = 8., 3.5
	return fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", x2, y2, x2-size*ux+half*uy, y2-size*uy-half*ux, x2-size*ux-half*uy,
		y2-size*uy+half*ux)
}
