package page_test

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"
	"testing"

	"hives/internal/page"
	"hives/internal/rig/pagetest"
)

var sample = template.Must(template.New("sample").Funcs(template.FuncMap{"style": page.Style}).Parse(`<!doctype html>
<html lang="en"><head><meta name="viewport" content="width=device-width"><style>{{style}}</style></head><body><main>
<h1>Sample</h1><p>Lead.</p>
<h2>Figures of {{.}}</h2>
<table class="figures"><tr><th></th><th colspan="2">both</th></tr><tr><td>{{.}}</td><td>−.5<small>−.6 … ` +
	`−.4</small></td><td>a, "b"</td></tr></table>
<h2>Figures of {{.}}</h2>
<svg viewBox="0 0 9 9" role="img"><text x="1">{{.}}</text></svg><svg viewBox="0 0 2 2"></svg>
</main></body></html>`))

func TestFinishedPage(t *testing.T) {
	const hostile = `=1+<b>"&'`
	var out bytes.Buffer
	about := page.About{Command: "hives <x>", Facts: []page.Fact{{Name: "rows", Value: "abc"},
		{Name: "absent", Value: ""}}}
	if err := page.Write(&out, sample, hostile, about); err != nil {
		t.Fatal(err)
	}
	html := out.String()
	pagetest.Check(t, html)
	if strings.Contains(html, "<b>\"") || !strings.Contains(html, "hives &lt;x&gt;") || strings.Contains(html, "absent") {
		t.Error("hostile text, or a fact that is none")
	}
	if strings.Count(html, `class="keep"`) != 2 {
		t.Errorf("%d files to keep, want one table and one picture: an ornament is none", strings.Count(html, `class="keep"`))
	}
	if at := strings.Index(html, `class="contents"`); at < strings.Index(html, "Lead.") ||
		at > strings.Index(html, "<h2") {
		t.Error("the contents do not stand between lead and first section")
	}
	if strings.Count(html, `id="figures-of-1-b"`) != 1 || !strings.Contains(html, `id="figures-of-1-b-2"`) {
		t.Error("two headings of one name have one id")
	}
	link := regexp.MustCompile(`download="figures-of-1-b-csv.csv" href="([^"]+)"`).FindStringSubmatch(html)
	if link == nil {
		t.Fatal("no CSV under its heading's name")
	}
	want := ",both,both\n\"'=1+<b>\"\"&'\",-.5 -.6 … -.4,\"a, \"\"b\"\"\"\n"
	if got := string(pagetest.Kept(t, "csv", link[1])); got != want {
		t.Errorf("CSV %q, want %q", got, want)
	}
	var again bytes.Buffer
	if err := page.Write(&again, sample, hostile, about); err != nil || again.String() != html {
		t.Errorf("the same input gives another page (%v)", err)
	}
}
