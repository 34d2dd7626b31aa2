package report

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"

	web "hives/internal/page"
)

//go:embed runs.html
var runsSource string

var runsPage = parse("runs", runsSource)

// Runs is a page of training runs: tables with a column a run, and curves of several runs in one plot each. The
// k-th run has the k-th colour on all of the page.
type Runs struct {
	Title  string
	Names  []string // of the runs, in the order of their colours
	Tables []RunsTable
	Plots  []runsPlot
}

// RunsTable has a name and a column a run. It is also any other table that a page or a text has: a head, rows of as
// many cells, everything already written out.
type RunsTable struct {
	Title string
	Head  []string
	Rows  [][]string
}

// runsPlot is several lines over one pair of axes. plot.Line and plot.Dots stay empty; Lines has a line a run, some
// without points. Title, axes and CSV are the embedded plot's.
type runsPlot struct {
	plot
	Lines []runsLine
}

// runsLine is a run's line; Run chooses the colour.
type runsLine struct {
	Run          int
	Line, Smooth string
	Dots         []dot
}

// Add draws a figure of the runs, nothing where no run has two points. Series stand in the order of Names. All lines
// share their axes; a figure with a number that is not finite is left out, since it would have none. A run without
// the figure keeps its place with an empty line, or the next would have its colour.
func (r *Runs) Add(title string, runs []Series) {
	var steps, values []float64
	drawn := false
	for _, s := range runs {
		drawn = drawn || len(s.Y) > 1
		steps, values = append(steps, s.Step...), append(values, s.Y...)
	}
	if !drawn || slices.ContainsFunc(values, func(y float64) bool { return math.IsNaN(y) || math.IsInf(y, 0) }) {
		return
	}
	p := runsPlot{plot: plot{
		Title: title, Width: plotWidth, Height: plotHeight,
		Left: marginLeft, Right: plotWidth - marginRight, Top: marginTop, Bottom: plotHeight - marginBottom,
	}}
	var ax, ay axis
	ax, p.X = wholeAxis(slices.Min(steps), slices.Max(steps), p.Left, p.Right, 6)
	ay, p.Y = newAxis(slices.Min(values), slices.Max(values), p.Bottom, p.Top, 4)
	for k, s := range runs {
		line := runsLine{Run: k, Line: points(ax, ay, s.Step, s.Y)}
		if len(s.Y) > fewPoints {
			line.Smooth = points(ax, ay, s.Step, movingMean(s.Y, len(s.Y)/20))
		} else {
			for i := range s.Y {
				line.Dots = append(line.Dots, dot{ax.at(s.Step[i]), ay.at(s.Y[i])})
			}
		}
		p.Lines = append(p.Lines, line)
	}
	// The CSV names each line by its run; the series themselves are all called by the figure.
	named := slices.Clone(runs)
	for k := range named {
		named[k].Name = r.name(k)
	}
	p.CSV = curveCSV(named)
	r.Plots = append(r.Plots, p)
}

// name is that of a run, or its number where the page has no names yet. So a plot can be added before the names are
// known.
func (r *Runs) name(k int) string {
	if k < len(r.Names) {
		return r.Names[k]
	}
	return fmt.Sprint(k + 1)
}

// WriteRuns writes the page.
func WriteRuns(w io.Writer, r Runs, about web.About) error { return web.Write(w, runsPage, r, about) }
