package profiles

import (
	"fmt"
	"io"
	"strings"

	"hives/internal/columns"
	"hives/internal/figure"
)

// Notice stands under every profile that people see. docs/PROFILES.md has the reasons.
const Notice = "What a profile is not: not a person, not a test of one, and no ground to decide about anyone. It " +
	"says what these texts say, judged as people judged other texts. Intervals hold as much as was measured on texts of " +
	"the model's own corpora; of texts of another kind they hold less."

// WriteProfile prints one profile. Values that say nothing stand below, with the reason.
func WriteProfile(out io.Writer, p TextProfile) error {
	name := ""
	if p.Author != "" {
		name = p.Author + ": "
	}
	fmt.Fprintf(out, "%s%s\n", name, p.counts())
	w := columns.NewTable(out)
	fmt.Fprintln(w, "value\tscore\t95 %\tneutral\tside\tcount\teffective\tunsure\tnot about it\tevidence")
	for _, v := range p.Values {
		score, interval := v.Why, ""
		if v.Score.Known() {
			score, interval = signed(v.Score), fmt.Sprintf("%s – %s", signed(v.Lo), signed(v.Hi))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%.1f\t%d\t%d\t%s\n", v.ValueID, score, interval, signed(v.Neutral),
			v.Side, v.N, v.Effective, v.Unsure, v.Beside,
			v.evidence())
	}
	return w.Flush()
}

// counts says what the profile is made of.
func (p *TextProfile) counts() string {
	out := fmt.Sprintf("%d texts", p.Texts)
	if p.Duplicates > 0 {
		out += fmt.Sprintf(", %d of them duplicates", p.Duplicates)
	}
	if p.Wordless > 0 {
		out += fmt.Sprintf(", %d without words", p.Wordless)
	}
	return out
}

// evidence names the texts of most weight: row 7 with a third of it.
func (v *ValueProfile) evidence() string {
	var out []string
	for _, e := range v.Evidence {
		word := fmt.Sprintf("row %d (%.0f %%)", e.Row, 100*e.Share)
		if e.Text != "" {
			word += " " + columns.Cut(e.Text, 80)
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// WriteSummary prints what came of many profiles.
func (s *Summary) WriteSummary(out io.Writer) error {
	fmt.Fprintf(out, "%d authors, %d texts\n", s.Authors, s.Texts)
	w := columns.NewTable(out)
	fmt.Fprintln(w, "value\tauthors scored\ttexts answered\tunsure\tnot about it\t")
	for _, v := range s.Values {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\n", v.ValueID, v.Scored, v.Answered, v.Unsure, v.Beside, v.Why)
	}
	return w.Flush()
}

// signed writes a score.
func signed(x figure.Number) string {
	if !x.Known() {
		return "–"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", float64(x)), "-", "−", 1)
}
