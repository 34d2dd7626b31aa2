package answers

import (
	_ "embed"
	"html/template"
	"io"

	"hives/internal/columns"
	"hives/internal/fsutil"
	web "hives/internal/page"
)

//go:embed page.html
var source string

var page = template.Must(template.New("vcai").Funcs(template.FuncMap{
	"style":  web.Style,
	"number": two,
	"span":   columns.Span,
	"share":  func(part, whole int) string { return percent(float64(part) / float64(whole)) },
	"rate":   func(n Number) string { return percent(float64(n)) },
	"chance": four,
	"level":  func(l Level) string { return l.String() + ", " + l.Name() },
}).Parse(source))

// pageView is what the page sees; Quality is nil until somebody has measured it.
type pageView struct {
	*Stats
	Quality *Quality
}

// writePage draws a run. It holds no answers: they are in their own file.
func writePage(out string, s *Stats, q *Quality) error {
	return fsutil.WriteFile(PageOf(out), func(w io.Writer) error {
		return web.Write(w, page, pageView{s, q}, web.About{})
	})
}
