package panel

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	web "hives/internal/page"
)

//go:embed page.html
var pageSource string

// page is one file without script, font or picture from elsewhere. It holds no texts, only counts of them.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":  web.Style,
	"ratio":  ratio,
	"number": number,
	"bars":   bars,
	"leads":  leads,
	"money":  func(micro int64) string { return fmt.Sprintf("%.4f", float64(micro)/1e6) },
	"short":  func(d time.Duration) string { return d.Round(time.Millisecond).String() },
}).Parse(pageSource))

// WritePage draws a summary. The same summary gives the same bytes: the run's id stands on it, and no time.
func WritePage(w io.Writer, s *Summary) error {
	return web.Write(w, page, s, web.About{Facts: []web.Fact{{Name: "run", Value: fmt.Sprint(s.Run)}}})
}

// bar is one line of a bar chart; Width is in percent of the longest. It needs no script and no picture: its width is
// a style of a table's cell.
type bar struct {
	Label string
	Count int
	Width float64
	Share string
}

// bars draws how often each choice was voted for. It shows a panel that always says the same: κ is near 0 then,
// although all agree.
//
//	care 6, loyalty 3     care 67 %, width 100; loyalty 33 %, width 50
func bars(votes []Share) []bar {
	total, most := 0, 1
	for _, v := range votes {
		total += v.Count
		most = max(most, v.Count)
	}
	var out []bar
	for _, v := range votes {
		share := fmt.Sprintf("%.0f %%", percent(v.Count, total))
		out = append(out, bar{v.Name, v.Count, percent(v.Count, most), share})
	}
	return out
}

// leads draws how many votes the leading choice got: a panel that agrees has its weight at the bottom. texts[k] is
// how many texts gave the leading choice k votes, so its last index is the number of voters; none gave it 0.
//
//	texts 0 0 0 1 2     1 of 4: none, 2 of 4: none, 3 of 4: 1, 4 of 4: 2
func leads(texts []int) []bar {
	var by []Share
	for votes, n := range texts {
		if votes > 0 {
			by = append(by, Share{fmt.Sprintf("%d of %d", votes, len(texts)-1), n})
		}
	}
	return bars(by)
}

// percent of nothing is nothing: a page of an empty round has bars of no length.
func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}
