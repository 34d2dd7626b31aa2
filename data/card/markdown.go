package card

import (
	"fmt"
	"io"
	"strings"

	"hives/data/corpora"
)

// WriteMarkdown prints the card for people: what is in the file, under which terms, what is not in it, and how to
// know it again. Names from the file pass through plain; texts do not occur.
func (c *Card) WriteMarkdown(w io.Writer) error {
	p := &page{}
	p.line("# Data card: %s", plain(c.File))
	p.line("\n%d rows of %d texts in %d groups, from %d corpora. %d bytes.", c.Rows, c.Texts, c.Groups, len(c.Corpora),
		c.Bytes)
	c.corporaTable(p)
	c.licenceTable(p)
	c.labelTables(p)
	c.importTables(p)
	c.citations(p)
	c.hashes(p)
	_, err := io.WriteString(w, p.String())
	return err
}

// page gathers lines:
//
//	# Data card: all.parquet
//	32590 rows of 16423 texts in … groups, from 4 corpora. … bytes.
//	## Corpora
//	## Licences           with what they ask for, by licence and for the file as a whole
//	## Theories, ## Directions
//	## Left out           what the importers' accounts say, if they were handed in
//	## Citations, ## Hashes
type page struct{ strings.Builder }

// line prints one line. Nothing is escaped here: whoever passes a name from a file wraps it in plain.
func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// row prints one row of a table; cells are strings and numbers.
func (p *page) row(cells ...any) {
	for _, cell := range cells {
		fmt.Fprintf(p, "| %s ", plain(fmt.Sprint(cell)))
	}
	p.line("|")
}

// head prints a table's header and rule.
//
//	| corpus | rows |
//	|---|---|
func (p *page) head(names ...any) {
	p.line("")
	p.row(names...)
	p.line("%s|", strings.Repeat("|---", len(names)))
}

// plain keeps a name from a file from breaking or marking up the page: a corpus may be called "a|b" or
// "<script>".
//
//	a|b           a\|b             else the table would gain a column
//	<script>      &lt;script>      else a viewer might run it
//	[x](y)        \[x](y)          else it would be a link
func plain(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "`", "'", "[", `\[`).Replace(s)
}

// corporaTable says openly where a name is not one of the project's own.
func (c *Card) corporaTable(p *page) {
	p.line("\n## Corpora")
	p.head("corpus", "title", "rows", "texts")
	for _, corpus := range c.Corpora {
		title := corpus.Title
		if !corpus.Known {
			title = "not made by an importer of this project"
		}
		p.row(corpus.Name, title, corpus.Rows, corpus.Texts)
	}
}

// licenceTable ends with what holds for the file as a whole, since it is shared as a whole.
func (c *Card) licenceTable(p *page) {
	p.line("\n## Licences")
	p.head("licence", "rows", "corpora", "asks for")
	for _, l := range c.Licences {
		p.row(l.Name, l.Rows, strings.Join(l.Corpora, ", "), join(l.Obligations))
	}
	p.line("\nFor the file as a whole: %s.", join(c.Obligations))
	for _, warning := range c.Warnings {
		p.line("\n**Note:** %s.", plain(warning))
	}
	p.line("\nThis is a reading of published terms, no legal advice; the publishers' texts decide.")
}

// join makes one cell of a list.
func join(list []Obligation) string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = string(o)
	}
	return strings.Join(out, ", ")
}

// labelTables counts what rows say, not whether it is so.
func (c *Card) labelTables(p *page) {
	p.line("\n## Theories")
	p.head("theory", "rows", "different values")
	for _, t := range c.Theories {
		p.row(t.Theory, t.Rows, t.Values)
	}
	p.line("\n## Directions")
	p.line("\nSource: annotated (somebody said which way the text points), judgement (the sign of a moral judgement), " +
		"none (nobody judged).")
	p.head("corpus", "theory", "direction", "source", "rows")
	for _, d := range c.Directions {
		sign := "0"
		if d.Direction != 0 {
			sign = fmt.Sprintf("%+d", d.Direction)
		}
		p.row(d.Corpus, d.Theory, sign, d.Source, d.Rows)
	}
}

// importTables shows what is not in the file, which the file itself cannot tell.
func (c *Card) importTables(p *page) {
	p.line("\n## Left out")
	if c.Bad > 0 {
		p.line("\n%d bad rows of this file were skipped while the card was made.", c.Bad)
	}
	if len(c.Imports) == 0 {
		p.line("\nA file of rows does not say what importers left out. Hand in what `hives import --json` printed with " +
			"`--imports`.")
		return
	}
	for _, s := range c.Imports {
		importTable(p, s)
	}
}

// importTable lists names of labels but no texts.
func importTable(p *page, s *corpora.Summary) {
	p.line("\n%s: %d records became %d rows.", plain(s.Corpus), s.Records, s.Rows)
	p.head("left out or changed", "number")
	for _, d := range s.Dropped {
		p.row(d.Reason, d.N)
	}
	for _, u := range s.Unknown {
		p.row("names no node: "+u.Reason, u.N)
	}
	p.row("exact duplicates merged", s.Merged.ExactDuplicates)
	p.row("normalised duplicates merged", s.Merged.NormalisedDuplicates)
	p.row("rows with both directions dropped", s.Merged.Contradictions)
	p.row("unjudged beside judged rows dropped", s.Merged.Superseded)
	p.row("bad records skipped", len(s.Bad))
}

// citations are asked for by nearly every licence above. A corpus that the project does not know has none here: what
// to cite is for whoever brought it.
func (c *Card) citations(p *page) {
	p.line("\n## Citations")
	for _, corpus := range c.Corpora {
		if !corpus.Known {
			continue
		}
		p.line("\n- **%s** (%s). %s. Published at: %s. %s", plain(corpus.Title), plain(corpus.Name), plain(corpus.Citation),
			plain(corpus.Where), plain(corpus.Note))
	}
}

// hashes tell a copy of the file, or of one corpus in another file, from a changed one. The SHA-256 tells the file
// byte by byte; the digest tells its rows, also when somebody has written them anew as CSV.
func (c *Card) hashes(p *page) {
	p.line("\n## Hashes")
	p.line("\nFile, SHA-256: `%s`", c.SHA256)
	p.line("\nA digest is the same for the same rows in any order and format.")
	p.head("rows of", "digest")
	p.row("the file", c.Digest)
	for _, corpus := range c.Corpora {
		p.row(corpus.Name, corpus.Digest)
	}
}
