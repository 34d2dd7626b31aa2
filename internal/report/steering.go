package report

import (
	_ "embed"
	"fmt"
	"io"
	"math"

	"hives/internal/evaluate"
	web "hives/internal/page"
)

//go:embed steering.html
var steeringSource string

var steeringPage = parse("steering", steeringSource)

// Steering is a page of one steered value: what each push does, as intervals on one axis, and tables.
// Figures come as numbers and words from whoever measured; nothing is computed here but places in pixels.
type Steering struct {
	Title  string
	Lead   []string
	Rows   []SteeringRow
	Tables []RunsTable
	Forest *forest
}

// SteeringRow is a push with what it does to the log-odds. The main one has a colour of its own.
type SteeringRow struct {
	Name             string
	Value, Low, High float64
	Main             bool
}

// WriteSteering writes the page.
func WriteSteering(w io.Writer, s Steering, about web.About) error {
	s.Forest = steeringForest(s.Rows)
	return web.Write(w, steeringPage, s, about)
}

// steeringForest draws a row a push. Zero is always on the axis. One mark a row, in the order given, so that a reader
// runs down the controls and sees whether the first stands apart. Nil without an interval: an axis needs two ends.
func steeringForest(rows []SteeringRow) *forest {
	const rowGap = 22.
	low, high := 0., 0.
	for _, r := range rows {
		low, high = min(low, r.Low), max(high, r.High)
	}
	if low == high || math.IsNaN(low) || math.IsNaN(high) {
		return nil
	}
	f := &forest{Width: forestWidth, Top: 10, Legend: []string{"the value's vector", "controls"}}
	f.Bottom = f.Top + rowGap*float64(len(rows))
	f.Height = f.Bottom + 40
	var a axis
	a, f.Ticks = newAxis(low, high, forestLabel, forestWidth-forestNumber, 6)
	f.Zero, f.Middle = a.at(0), (forestLabel+forestWidth-forestNumber)/2
	csv := [][]string{{"push", "odd part", "low", "high"}}
	for n, r := range rows {
		series := 1
		if r.Main {
			series = 0
		}
		y := f.Top + rowGap*(float64(n)+.5)
		f.Rows = append(f.Rows, forestRow{Label: r.Name, Y: y, Marks: []mark{{
			a.at(r.Low), a.at(r.High), a.at(r.Value), y, series,
			fmt.Sprintf("%s  [%s, %s]", evaluate.Signed(r.Value), evaluate.Signed(r.Low), evaluate.Signed(r.High)),
		}}})
		csv = append(csv, []string{r.Name, fmt.Sprint(r.Value), fmt.Sprint(r.Low), fmt.Sprint(r.High)})
	}
	f.CSV = web.CSV(csv)
	return f
}
