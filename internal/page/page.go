package page

import (
	"bytes"
	_ "embed"
	"html"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
)

//go:embed svg.css
var svgStyle string

//go:embed style.css
var pageStyle string

// Style is for pages of our own: no text of others is in it.
func Style() template.CSS { return template.CSS(svgStyle + pageStyle) }

// Palette has the colours, and what pictures need; for pages with a layout of their own.
func Palette() template.CSS { return template.CSS(svgStyle) }

// Fact is a line of what a page is from.
type Fact struct{ Name, Value string }

// Program is what writes pages: its main names release and commit. Packages of data write pages too, and must not reach
// the plumbing of our programs.
var Program struct{ Release, Commit string }

// About says where a page's figures are from. A page that must be the same for the same inputs has hashes and no
// date. A figure on a page is worth what can be said of its origin, so every page ends with it.
type About struct {
	Command string // as it may be given again; empty: that of this process
	Date    string // empty on a page that must be reproducible
	Facts   []Fact // digests of files and weights, seeds
}

// Command is the command line of this process, less the flags named. Flags that name a folder of this machine, or
// would open a browser, can be left out by their exact words.
func Command(without ...string) string {
	words := []string{filepath.Base(os.Args[0])}
	for _, arg := range os.Args[1:] {
		keep := true
		for _, flag := range without {
			keep = keep && arg != flag
		}
		if strings.ContainsAny(arg, " \t\n'\"$&|;<>*?()`\\") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		if keep {
			words = append(words, arg)
		}
	}
	return strings.Join(words, " ")
}

// Write executes the template and finishes what it wrote. The template's output is held in memory once, since
// contents stand before what they list.
func Write(w io.Writer, t *template.Template, data any, a About) error {
	var raw bytes.Buffer
	if err := t.Execute(&raw, data); err != nil {
		return err
	}
	done, err := finish(raw.Bytes(), a)
	if err != nil {
		return err
	}
	_, err = w.Write(done)
	return err
}

// lines are what stands at the page's end. A fact without a value is left out, so callers need not ask whether there
// is one.
func (a *About) lines() []Fact {
	if a.Command == "" {
		a.Command = Command()
	}
	out := []Fact{{"command", a.Command}, {"release", recorded(Program.Release)}, {"commit", recorded(Program.Commit)}}
	if a.Date != "" {
		out = append(out, Fact{"date", a.Date})
	}
	for _, f := range a.Facts {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

func recorded(s string) string {
	if s == "" {
		return "not recorded in this build"
	}
	return s
}

// footer writes the lines as HTML.
func (a *About) footer() string {
	var b strings.Builder
	b.WriteString(`<footer class="about"><h2 id="about">Where this page is from</h2><dl>`)
	for _, f := range a.lines() {
		b.WriteString("<dt>" + html.EscapeString(f.Name) + "</dt><dd>" + html.EscapeString(f.Value) + "</dd>")
	}
	b.WriteString("</dl></footer>")
	return b.String()
}
