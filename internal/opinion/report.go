package opinion

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"hives/data/survey"
	web "hives/internal/page"
)

//go:embed report.html
var reportSource string

var reportPage = template.Must(template.New("opinionqa").Funcs(template.FuncMap{
	"style": web.Style, "percent": percent, "interval": Share.interval,
}).Parse(reportSource))

// reportView is what the page of answers sees.
type reportView struct {
	*Result
	Categories   []string
	Table        []tableRow
	Ticks, Dots  []dot
	Height, Foot int
	CSV          string
}

type tableRow struct {
	Line
	Interval, Lost string
	Cells          []Share
}

// dot is a line's mean and interval in the picture, or a tick.
type dot struct {
	Name, Class  string
	X, Lo, Hi, Y float64
	TextY        float64
}

// The picture's measures: names stand left of 0 %.
const (
	zeroX, wholeX, lineHeight, headHeight = 160., 380., 26., 34.
)

// writePage draws a result.
func (r *Result) writePage(w io.Writer) error {
	v := reportView{Result: r, Categories: survey.Categories}
	place := func(n Number) float64 { return tenth(zeroX + (wholeX-zeroX)*float64(n)) }
	for _, share := range []Number{0, .25, .5, .75, 1} {
		v.Ticks = append(v.Ticks, dot{Name: fmt.Sprintf("%.0f %%", 100*float64(share)), X: place(share)})
	}
	rows := [][]string{{"answered by", "mean", "lo", "hi", "rows"}}
	for _, l := range r.Lines {
		row := tableRow{Line: l, Interval: l.All.interval(), Lost: "–"}
		if l.model {
			row.Lost = strconv.Itoa(l.Unparsed)
		}
		for _, category := range survey.Categories {
			cell, there := l.Categories[category]
			if !there {
				cell = nobody
			}
			row.Cells = append(row.Cells, cell)
		}
		v.Table = append(v.Table, row)
		rows = append(rows, []string{l.Name, exact(l.All.Mean), exact(l.All.Lo), exact(l.All.Hi), strconv.Itoa(l.All.Rows)})
		if !l.All.Mean.Known() {
			continue
		}
		d := dot{Name: l.Name, X: place(l.All.Mean), Lo: place(l.All.Mean), Hi: place(l.All.Mean), Class: "s1",
			Y: headHeight + lineHeight*float64(len(v.Dots))}
		if d.TextY = d.Y + 4; l.model {
			d.Class = "s0"
		}
		if l.All.Lo.Known() {
			d.Lo, d.Hi = place(l.All.Lo), place(l.All.Hi)
		}
		v.Dots = append(v.Dots, d)
	}
	v.Foot = int(headHeight + lineHeight*float64(len(v.Dots)-1) + 12)
	v.Height, v.CSV = v.Foot+6, web.CSV(rows)
	facts := []web.Fact{{Name: "run", Value: r.Run}}
	return web.Write(w, reportPage, v, web.About{Command: "hives opinionqa", Facts: facts})
}
