package report

import (
	"fmt"
	"math"

	"hives/internal/evaluate"
	"hives/metrics"
)

// matrix is the table of bin pairs, of which the upper half is filled; figures made up:
//
//	       1      2      3      4       columns: the farther bin
//	0    .69    .71    .70    .66       P(a candidate of bin 0 is nearer than one of bin 1 …)
//	1           .48    .49    .51       below .5: texts of the same value and the other side stand too far away
//	2                  …
//
// Bin 0 is the closest relation to the anchor, bin 4 the farthest: see package metrics.
type matrix struct {
	Label string
	Cells [][]heatCell
}

// heatCell is a coloured cell: Heat runs from 0 to 1 to the hot side, or to the cold side if Cold. Title is what
// a pointer that rests on it shows.
type heatCell struct {
	Text  string
	Title string
	Heat  string
	Cold  bool
	Empty bool
	Loud  bool // coloured strongly enough to want light letters
}

// loud is the heat from which letters turn light. Dark letters on a stronger colour would be hard to read.
const loud = .62

// heat makes a cell; x runs from −1 (cold) to 1 (hot) and is cut off beyond. The number stands in the cell, so
// that colour is never the only way to read it.
//
//	heat(…, .4)     Heat ".40", hot
//	heat(…, −.8)    Heat ".80", cold, light letters
func heat(text, title string, x float64) heatCell {
	strength := min(math.Abs(x), 1)
	return heatCell{Text: text, Title: title, Cold: x < 0, Heat: fmt.Sprintf("%.2f", strength), Loud: strength > loud}
}

// binMatrix colours by the distance from .5, full at .5 ± .25: .5 is chance for a pair of bins, and hardly a figure
// lies farther off. Row p and column q hold P(p before q); the lower half would say the same again. .69 is (.69 −
// .5)/.25 = .76 hot; .48 is .08 cold, which is nearly white.
func binMatrix(s shown, scope metrics.Scope) matrix {
	m := matrix{Label: s.label}
	values, anchors := s.system.BinPairs.At(scope), s.system.BinPairAnchors.At(scope)
	for p := range metrics.Bins - 1 {
		var line []heatCell
		for q := 1; q < metrics.Bins; q++ {
			// Only pairs p < q exist: the nearer bin first.
			if q <= p || !values[p][q].Known() {
				line = append(line, heatCell{Empty: true})
				continue
			}
			title := fmt.Sprintf("bin %d before bin %d, %d anchors", p, q, anchors[p][q])
			line = append(line, heat(three(values[p][q]), title, (float64(values[p][q])-.5)/.25))
		}
		m.Cells = append(m.Cells, line)
	}
	return m
}

// mapRow is one picture for each of the main systems, side by side and on one scale. Low and High are the ends of
// their scale, for the legend.
type mapRow struct {
	Name      string
	Low, High string
	Maps      []heatMap
}

// heatMap is one of them: rows, columns and cells, with their names at the edges.
type heatMap struct {
	Label   string
	Columns []string
	Rows    []string
	Cells   [][]heatCell
}

// maxMapSide is the most rows or columns of a picture shown on the page; metrics.json has all.
const maxMapSide = 24

// mapRows leaves out pictures too large to read. The maps of one row share their scale: each on its own would show
// the same colours for spaces that differ tenfold. A map of a single cell is left out too: it has nothing to be
// compared with.
func mapRows(systems []shown) []mapRow {
	var out []mapRow
	for k, m := range systems[0].system.Maps {
		if len(m.Rows) > maxMapSide || len(m.Columns) > maxMapSide || len(m.Rows)*len(m.Columns) < 2 {
			continue
		}
		var all [][]evaluate.Number
		for _, s := range systems {
			all = append(all, s.system.Maps[k].Cells...)
		}
		// One scale for all maps of the row.
		low, high := extremes(all)
		row := mapRow{Name: m.Name, Low: three(evaluate.Number(low)), High: three(evaluate.Number(high))}
		for _, s := range systems {
			row.Maps = append(row.Maps, drawMap(s.label, s.system.Maps[k], low, high))
		}
		out = append(out, row)
	}
	return out
}

// drawMap colours from low to high, those of all pictures that it is compared with. A cell without a pair stays
// empty: no colour means "no rows", not "no similarity". The lowest cell of the row of maps is white, the highest
// full; cold is not used. With all cells alike nothing is divided by 0.
func drawMap(label string, m evaluate.HeatMap, low, high float64) heatMap {
	out := heatMap{Label: label, Columns: m.Columns, Rows: m.Rows}
	for r, line := range m.Cells {
		var cells []heatCell
		for c, x := range line {
			if !x.Known() {
				cells = append(cells, heatCell{Empty: true})
				continue
			}
			title := fmt.Sprintf("%s (%d rows) · %s (%d rows): %s", m.Rows[r], m.RowCount[r], m.Columns[c],
				m.ColCount[c], three(x))
			cells = append(cells, heat(trimZero(fmt.Sprintf("%.2f", float64(x)+0)), title, (float64(x)-low)/max(high-low, 1e-9)))
		}
		out.Cells = append(out.Cells, cells)
	}
	return out
}

// extremes are the least and greatest known cells, 0 and 0 if there is none. A row of maps without a known cell is
// drawn empty.
func extremes(cells [][]evaluate.Number) (low, high float64) {
	first := true
	for _, line := range cells {
		for _, x := range line {
			if !x.Known() {
				continue
			}
			if first {
				low, high, first = float64(x), float64(x), false
			}
			low, high = min(low, float64(x)), max(high, float64(x))
		}
	}
	return low, high
}
