package page

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	stdhtml "html"

	"golang.org/x/net/html"

	"hives/internal/fault"
)

// finisher copies a page and adds what it lacks. first is where its contents go: before the first heading of a
// section. One pass over the page's tokens does all of it. What it needs to remember is small: the heading whose
// text is still coming, the table or picture that is open, and the names that are taken.
type finisher struct {
	out      bytes.Buffer
	contents []heading
	first    int // −1 until it is known
	title    string
	names    map[string]int // how often a file name was used

	table   *grid  // nil outside a table
	begun   int    // of the picture in out; −1 outside one
	figures string // of the picture, as CSV
	heading *strings.Builder
	level   string
}

type heading struct{ id, text string }

// finish reads the page's tokens once.
//
// Invariant: every table and every picture with role="img" has its file beside it, every h2 stands in the contents,
// and no two places have one name (TestFinishedPage).
func finish(page []byte, a About) ([]byte, error) {
	f := &finisher{first: -1, begun: -1, names: map[string]int{}}
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				return nil, fault.New(fault.Invalid, "page: %w", z.Err())
			}
			return f.assemble(a), nil
		}
		// The tokenizer reuses its buffer, and Token consumes what Raw shows.
		raw := bytes.Clone(z.Raw())
		f.token(kind, raw, z.Token())
	}
}

// token copies one token, with what is due before and after it. raw is the token as the template wrote it, so what
// is not changed here is copied to the byte.
func (f *finisher) token(kind html.TokenType, raw []byte, t html.Token) {
	switch {
	case kind == html.StartTagToken && (t.Data == "h2" || t.Data == "h3"):
		f.heading, f.level = &strings.Builder{}, t.Data
		if t.Data == "h2" && f.first < 0 {
			f.first = f.out.Len()
		}
		return // written when its text is known
	case kind == html.EndTagToken && f.heading != nil && t.Data == f.level:
		f.endHeading()
		return
	// Within a heading everything is kept until its end: its text names the place.
	case f.heading != nil:
		f.heading.Write(raw)
		return
	case kind == html.StartTagToken && t.Data == "svg" && attribute(t, "role") == "img":
		f.begun, f.figures = f.out.Len(), attribute(t, "data-csv")
		raw = withoutFigures(raw)
	case kind == html.StartTagToken && t.Data == "table":
		f.table = &grid{}
	}
	f.out.Write(raw)
	if f.table != nil {
		f.table.take(kind, t)
	}
	switch {
	case kind == html.EndTagToken && t.Data == "svg" && f.begun >= 0:
		f.keep("SVG", "svg", "image/svg+xml", standalone(f.out.Bytes()[f.begun:]))
		if f.begun = -1; f.figures != "" {
			f.keep("CSV", "csv", "text/csv;charset=utf-8", []byte(f.figures))
		}
	case kind == html.EndTagToken && t.Data == "table" && f.table != nil:
		f.keep("CSV", "csv", "text/csv;charset=utf-8", f.table.csv())
		f.table = nil
	}
}

// endHeading writes a heading with an id, and notes those of sections. The text comes without its elements: <h2>Loss
// <em>by level</em></h2> is "Loss by level", and loss-by-level in addresses.
func (f *finisher) endHeading() {
	inner := f.heading.String()
	text := plain(inner)
	f.title, f.heading = text, nil
	id := f.unused(slug(text))
	fmt.Fprintf(&f.out, `<%s id="%s">%s</%s>`, f.level, id, inner, f.level)
	if f.level == "h2" {
		f.contents = append(f.contents, heading{id, text})
	}
}

// keep adds a link that holds a file. The file lies in the address itself (data:), so a page that is sent by mail
// keeps its figures.
func (f *finisher) keep(words, extension, kind string, content []byte) {
	name := f.unused(slug(f.title)+"-"+extension) + "." + extension
	fmt.Fprintf(&f.out, `<a class="keep" download="%s" href="data:%s,%s">%s</a>`, name, kind, encode(content), words)
}

// File is a link that holds a file, for a template of a page. Content is text, whatever is in it.
func File(words, name, kind, content string) template.HTML {
	return template.HTML(fmt.Sprintf(`<a class="keep" download="%s" href="data:%s,%s">%s</a>`, stdhtml.EscapeString(name),
		stdhtml.EscapeString(kind), encode([]byte(content)), stdhtml.EscapeString(words)))
}

// unused numbers a name that was used before.
func (f *finisher) unused(name string) string {
	f.names[name]++
	if n := f.names[name]; n > 1 {
		return fmt.Sprintf("%s-%d", name, n)
	}
	return name
}

// assemble puts contents and footer in their places. A page without sections gets its contents before the end, where
// the footer is.
func (f *finisher) assemble(a About) []byte {
	page := f.out.Bytes()
	at, end := f.first, bytes.LastIndex(page, []byte("</main>"))
	if end < 0 {
		end = len(page)
	}
	if at < 0 {
		at = end
	}
	var out bytes.Buffer
	out.Write(page[:at])
	out.WriteString(`<nav class="contents" aria-label="contents">`)
	for _, h := range append(f.contents, heading{"about", "Where this page is from"}) {
		fmt.Fprintf(&out, `<a href="#%s">%s</a>`, h.id, stdhtml.EscapeString(h.text))
	}
	out.WriteString("</nav>\n")
	out.Write(page[at:end])
	out.WriteString(a.footer())
	out.Write(page[end:])
	return out.Bytes()
}

// figuresMark is where a picture carries its figures until they are a file beside it.
const figuresMark = ` data-csv="`

// withoutFigures takes the attribute off the picture: as a file beside it the figures need not stand in the page
// twice.
func withoutFigures(tag []byte) []byte {
	before, rest, found := bytes.Cut(tag, []byte(figuresMark))
	if !found {
		return tag
	}
	_, after, _ := bytes.Cut(rest, []byte(`"`))
	return append(bytes.Clone(before), after...)
}

// CSV writes rows for the attribute data-csv of a picture, which takes its figures to the reader as a file.
func CSV(rows [][]string) string {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.WriteAll(rows) //nolint:errcheck // into memory
	return out.String()
}

// standalone makes a picture of a page a file of its own: it names its language and brings its style. Outside a page
// nobody tells a viewer what language <svg> is, and the page's style sheet is not there.
func standalone(svg []byte) []byte {
	at := bytes.IndexByte(svg, '>')
	var out bytes.Buffer
	out.Write(svg[:at])
	out.WriteString(` xmlns="http://www.w3.org/2000/svg"><style>` + svgStyle + "</style>")
	out.Write(svg[at+1:])
	return out.Bytes()
}

// Picture makes a picture of a page a file of its own, as the link beside it does.
func Picture(svg string) []byte { return standalone(withoutFigures([]byte(svg))) }

// encode writes a file into an address. More is escaped than must be, the first letter of the name of SVG's language
// too, so that who searches the page for addresses of elsewhere finds none.
func encode(content []byte) string {
	var b strings.Builder
	for i, c := range content {
		switch {
		case bytes.HasPrefix(content[i:], []byte("http")), bytes.HasPrefix(content[i:], []byte("src")), c >= 0x80:
			fmt.Fprintf(&b, "%%%02X", c)
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// grid is a table's cells as text.
type grid struct {
	rows [][]string
	cell *strings.Builder // nil outside a cell
	span int
}

// take follows one token within a table. A cell over several columns is written into each of them, so that the
// columns below stay where they are.
func (g *grid) take(kind html.TokenType, t html.Token) {
	switch {
	case kind == html.StartTagToken && t.Data == "tr":
		g.rows = append(g.rows, nil)
	case kind == html.StartTagToken && (t.Data == "td" || t.Data == "th"):
		g.cell, g.span = &strings.Builder{}, 1
		fmt.Sscan(attribute(t, "colspan"), &g.span)
	case kind == html.EndTagToken && (t.Data == "td" || t.Data == "th") && g.cell != nil && len(g.rows) > 0:
		at := len(g.rows) - 1
		for range g.span {
			g.rows[at] = append(g.rows[at], strings.Join(strings.Fields(g.cell.String()), " "))
		}
		g.cell = nil
	case g.cell == nil:
	case kind == html.TextToken:
		g.cell.WriteString(t.Data)
	default:
		g.cell.WriteByte(' ') // an element within a cell sets its words apart
	}
}

// csv writes the rows as they stand on the page, headings included.
func (g *grid) csv() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, row := range g.rows {
		for i, cell := range row {
			row[i] = spreadsheet(cell)
		}
		w.Write(row) //nolint:errcheck // into memory
	}
	w.Flush()
	return out.Bytes()
}

// spreadsheet writes figures with an ASCII minus, and keeps words from being read as formulas. A spreadsheet runs a
// cell that begins with "=" when the file is opened: a corpus's name could be one. "+.5" and "-3" are figures and
// stay.
func spreadsheet(cell string) string {
	if strings.HasPrefix(cell, "−") || strings.Contains(cell, " −") {
		cell = strings.ReplaceAll(cell, "−", "-")
	}
	if cell != "" &&
		(strings.IndexByte("=@", cell[0]) >= 0 || strings.IndexByte("+-", cell[0]) >= 0 &&
			!strings.ContainsAny(cell[1:min(3, len(cell))], "0123456789.")) {
		return "'" + cell
	}
	return cell
}

// attribute is the value of one attribute, empty where there is none.
func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// plain is the text of a piece of HTML.
func plain(inner string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(inner))
	for z.Next() != html.ErrorToken {
		if t := z.Token(); t.Type == html.TextToken {
			b.WriteString(t.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// slug makes a name for files and places: letters and digits, the others a dash. Sixty letters are enough to be told
// apart, and file names have an end.
func slug(text string) string {
	var words []string
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r >= unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		words = append(words, word)
	}
	name := strings.Join(words, "-")
	if name == "" {
		return "part"
	}
	return name[:min(len(name), 60)]
}
