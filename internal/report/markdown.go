package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"hives/internal/evaluate"
)

// WriteExperimentText writes the same tables as Markdown, for a repository or a mail. Everything comes from the same
// functions as the page's tables. Pictures are left out. The verdicts are ours and stand as they are; what was named
// by users is escaped.
func WriteExperimentText(w io.Writer, e *evaluate.Experiment, x Experiment) error {
	base, runs := x.systems(e)
	m := &markdown{}
	m.line("# " + x.Title)
	m.line(fmt.Sprintf("%d rows, %d texts, %d groups; 95 %% intervals over %d draws of groups, seed %d.",
		e.N.Rows, e.N.Texts, e.N.Groups, e.Settings.Resamples, e.Settings.Seed))
	m.table("What was trained", x.Facts)
	if len(e.Findings) > 0 {
		m.line("## What was learned, and what was not", experimentRule)
	}
	for _, f := range e.Findings {
		m.item("**" + escaped(f.Topic) + "**: " + f.Verdict + ". " + escaped(f.Sentence))
	}
	m.line("")
	m.table("The figures that conclusions rest on", claimTable(slices.Concat(base, runs, controlsShown(e.Controls))))
	for i := range x.Finalists {
		f := &x.Finalists[i]
		m.table("Paired differences of "+f.Name, differenceTable(e, f, evaluate.Claims(e.Runs[f.Name])))
	}
	m.table("Over seeds", seedTable(e))
	m.table("Choosing the settings, on validation rows", x.Screening)
	m.line(escaped(x.Choice))
	m.table("Every figure in every scope", everyFigure(slices.Concat(base, runs)))
	_, err := io.WriteString(w, m.String())
	return err
}

// claimTable has a row a system and a column a claim, each with its interval.
func claimTable(systems []shown) RunsTable {
	claims := evaluate.Claims(systems[0].system)
	t := RunsTable{Head: []string{"vectors"}}
	for i := range claims {
		t.Head = append(t.Head, claims[i].Title())
	}
	for _, s := range systems {
		row := []string{s.label}
		for i := range claims {
			row = append(row, withBounds(three, claims[i].Of(s.system)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// markdown gathers lines. Every cell passes through escaped: names of runs and corpora are a user's.
type markdown struct{ strings.Builder }

// line writes paragraphs; empty ones are left out.
func (m *markdown) line(paragraphs ...string) {
	for _, p := range paragraphs {
		if p != "" {
			m.WriteString(p + "\n\n")
		}
	}
}

// item writes one line of a list; the caller ends the list with an empty line of its own.
func (m *markdown) item(text string) { m.WriteString("- " + text + "\n") }

// table writes a table under its heading, nothing where it has no rows. Columns are as wide as their cells are:
// Markdown is read by programs that align it.
//
//	## What was trained
//
//	| run | steps |
//	|---|---|
//	| hierarchical | 1500 |
func (m *markdown) table(title string, t RunsTable) {
	if len(t.Rows) == 0 {
		return
	}
	m.line("## " + title)
	row := func(cells []string) {
		m.WriteString("|")
		for _, c := range cells {
			m.WriteString(" " + escaped(c) + " |")
		}
		m.WriteString("\n")
	}
	row(t.Head)
	m.WriteString("|" + strings.Repeat("---|", len(t.Head)) + "\n")
	for _, r := range t.Rows {
		row(r)
	}
	m.WriteString("\n")
}

// escaped keeps names of corpora and folders from being read as marks.
var escaper = strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "`", "'", "\n", " ", "\r", " ")

func escaped(s string) string { return escaper.Replace(s) }
