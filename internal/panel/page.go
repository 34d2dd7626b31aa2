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

// bar needs no script and no picture: its width is a style of a table's cell. It is one line of a bar chart; Width is
// in percent of the longest.
type bar struct {
	Label string
	Count int
	Width float64
	Share string
}

// bars shows a panel that always says the same: κ is near 0 then, although all agree. It draws how often each choice
// was voted for.
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
func leads(texts []int) []bar {
	total, most := 0, 1
	for _, n := range texts {
		total += n
		most = max(most, n)
	}
	var out []bar
	for votes, n := range texts {
		if votes > 0 {
			name, share := fmt.Sprintf("%d of %d", votes, len(texts)-1), fmt.Sprintf("%.0f %%", percent(n, total))
			out = append(out, bar{name, n, percent(n, most), share})
		}
	}
	return out
}

// percent of nothing is nothing: a page of an empty round has bars of no length.
func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}
