package report

import (
	"fmt"

	"hives/internal/evaluate"
	web "hives/internal/page"
	"hives/metrics"
)

// forest is the plot of paired differences with their intervals. A line right of zero is a gain that the interval
// bears out; one that crosses zero may be chance. All lengths are pixels.
//
//	                           −.05    0    .05    .10
//	direction, within corpus           |   ├─●─┤         +.061  [+.044, +.078]     after − before
//	                                   |     ├──●──┤     +.075  [+.049, +.101]     after − control
//	ranking, within corpus          ├──●──┤              +.004  [−.012, +.019]
type forest struct {
	Width, Height float64
	Zero, Middle  float64
	Top, Bottom   float64
	Ticks         []tick
	Rows          []forestRow
	Legend        []string
	CSV           string
}

// forestRow is a figure with a mark for each comparison that has an interval.
type forestRow struct {
	Label string
	Y     float64
	Marks []mark
}

// mark is one interval; Series chooses the colour. Low, High and At are pixels along the axis, Y down the page, Text
// the figures at the right edge. Marks of one series have one colour in all rows, which the legend names.
type mark struct {
	Low, High, At, Y float64
	Series           int
	Text             string
}

// contrast names a set of differences. d is nil where the one or the other was not measured; it then has no mark.
type contrast struct {
	label string
	d     *evaluate.Difference
}

// A row of figures takes 380 pixels for its label, 410 for the axis and 190 for the numbers.
const (
	forestLabel   = 380.0 // wide enough for 42 letters of any font
	forestWidth   = 980.0
	forestRowGap  = 48.0
	forestMarkGap = 14.0
	forestNumber  = 190.0 // room for the figures on the right
)

// drawForest shows each contrast on the named figures, which pick takes in their order; nil without any interval.
//
// A row is a figure, k-th from the top; its marks stand around the row's middle, one a contrast, forestMarkGap
// apart. Zero is always on the axis: low and high begin there.
//
// Invariant: pick gives as many estimates as there are names, in their order, of every contrast.
func drawForest(contrasts []contrast, names []string, pick func(*evaluate.Difference) []evaluate.Estimate) *forest {
	f := &forest{Width: forestWidth, Top: 10}
	low, high := 0.0, 0.0
	for _, c := range contrasts {
		f.Legend = append(f.Legend, c.label)
		for _, e := range pick(c.d) {
			if e.Interval.Known() {
				low, high = min(low, e.Interval.Low), max(high, e.Interval.High)
			}
		}
	}
	if low == high {
		return nil
	}
	// Rows are as high as their marks need, and one mark's room more, so that rows stand apart.
	gap := max(forestRowGap, forestMarkGap*float64(len(contrasts)+1))
	f.Bottom = f.Top + gap*float64(len(names))
	f.Height = f.Bottom + 40
	var a axis
	a, f.Ticks = newAxis(low, high, forestLabel, forestWidth-forestNumber, 6)
	f.Zero, f.Middle = a.at(0), (forestLabel+forestWidth-forestNumber)/2
	rows := [][]string{{"figure", "difference", "value", "low", "high"}}
	for k, name := range names {
		row := forestRow{Label: name, Y: f.Top + gap*(float64(k)+.5)}
		for series, c := range contrasts {
			e := pick(c.d)[k]
			if !e.Interval.Known() {
				continue
			}
			rows = append(rows, []string{name, c.label, fmt.Sprint(float64(e.Value)), fmt.Sprint(e.Interval.Low),
				fmt.Sprint(e.Interval.High)})
			// Marks are centred on the row: of three at −14, 0 and 14 pixels.
			offset := (float64(series) - float64(len(contrasts)-1)/2) * forestMarkGap
			row.Marks = append(row.Marks, mark{
				a.at(e.Interval.Low), a.at(e.Interval.High), a.at(float64(e.Value)), row.Y + offset, series,
				fmt.Sprintf("%s  [%s, %s]", signed(e.Value), evaluate.Signed(e.Interval.Low), evaluate.Signed(e.Interval.High)),
			})
		}
		f.Rows = append(f.Rows, row)
	}
	f.CSV = web.CSV(rows)
	return f
}

// claimForest draws the figures that claims of a demo or an evaluation rest on. All contrasts are of one bench, so
// the first tells which theories there are. It is nil where no interval is known, as with too few groups to draw
// from.
func claimForest(contrasts []contrast) *forest {
	names, pick := forestFigures(contrasts[0].d)
	return drawForest(contrasts, names, pick)
}

// forestFigures names the figures and how to take them from a difference. Both lists must have one order: drawForest
// matches them by place. All are within a corpus, since claims rest on these.
func forestFigures(d *evaluate.Difference) ([]string, func(*evaluate.Difference) []evaluate.Estimate) {
	names := []string{"direction accuracy, within corpus", "ranking accuracy, within corpus",
		"similarity correlation, mean over corpora"}
	theories := evaluate.TheoryOrder(d.TextLevel.ByTheory)
	for _, theory := range theories {
		names = append(names, "text-level ranking, "+theory+", within corpus")
	}
	return names, func(d *evaluate.Difference) []evaluate.Estimate {
		c := metrics.WithinCorpus
		out := []evaluate.Estimate{d.DirectionByScope.At(c), d.RankingAccuracy.At(c), d.CorrelationMean}
		for _, theory := range theories {
			out = append(out, d.TextLevel.ByTheory[theory].Ranking.At(c))
		}
		return out
	}
}

// barPanel shows one neighbour accuracy for all systems as horizontal bars.
type barPanel struct {
	Title string
	Bars  []bar
}

// bar is one system's: its length is the figure itself, so half the width is a share of one half.
type bar struct {
	Label string
	Text  string
	Width string // per cent of the panel
	Main  bool
}

// barPanels takes ten neighbours within a corpus, the scope that claims rest on. A system without the figure has no
// bar; a panel without a bar is left out. Ten neighbours are few enough to be near and enough for shares in tenths.
func barPanels(systems []shown) []barPanel {
	columns := []struct {
		title string
		of    func(evaluate.Accuracy) evaluate.Number
	}{
		{"Level 1", func(a evaluate.Accuracy) evaluate.Number { return a.Level1 }},
		{"Level 2", func(a evaluate.Accuracy) evaluate.Number { return a.Level2 }},
		{"Level 3", func(a evaluate.Accuracy) evaluate.Number { return a.Level3 }},
		{"Direction", func(a evaluate.Accuracy) evaluate.Number { return a.Direction }},
	}
	var out []barPanel
	for _, column := range columns {
		p := barPanel{Title: column.title}
		for _, s := range systems {
			n := column.of(s.system.Neighbours["k10"].WithinCorpus)
			if n.Known() {
				p.Bars = append(p.Bars, bar{s.label, three(n), fmt.Sprintf("%.1f", 100*float64(n)), s.main})
			}
		}
		if len(p.Bars) > 0 {
			out = append(out, p)
		}
	}
	return out
}
