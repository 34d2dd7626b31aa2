package figures

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"hives/internal/columns"
)

// cardGains are how many gains a card names.
const cardGains = 10

// WriteCard writes a section for a model card, in Markdown. Values and judges are named by ids of ours; the model's
// name may be a path, and is put as code.
func (f *Figures) WriteCard(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Human values: where it stands, how far prompts move it\n\n")
	fmt.Fprintf(&b, "Audited: `%s`, %d queries, %d answers. ", code(f.Model), f.Counts.Queries, f.Counts.Answers)
	var judges []string
	for _, j := range f.About.Judges {
		judges = append(judges, "`"+code(j.Model)+"`")
	}
	fmt.Fprintf(&b, "Scores from −10 (against) to 10 (for) by %s, among texts of known score.\n\n",
		strings.Join(judges, ", "))
	for _, w := range f.Warnings {
		fmt.Fprintf(&b, "> %s.\n", w)
	}
	fmt.Fprint(&b, "\n| value | without steering | 95 % |\n|---|---|---|\n")
	for _, v := range f.Values {
		note := ""
		if v.NoClaim != "" {
			note = " (no claim)"
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", v.ID, note, signed(v.Default.Mean),
			columns.Span(signed(v.Default.Low), signed(v.Default.High)))
	}
	f.cardGains(&b)
	fmt.Fprint(&b, "\n| refusals | rate | 95 % |\n|---|---|---|\n")
	for _, r := range f.Refusals {
		name := r.Regime
		if r.Target != 0 {
			name += " at " + plus(r.Target)
		}
		fmt.Fprintf(&b, "| %s | %s of %d | %s |\n", name, share(r.Rate.Rate), r.Usable,
			columns.Span(share(r.Low), share(r.High)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cardGains lists the largest gains that stand. A card that names none says so, with how many were looked at: silence
// would read as if nobody had looked.
func (f *Figures) cardGains(b *strings.Builder) {
	type line struct {
		size float64
		text string
	}
	var lines []line
	for _, v := range f.Values {
		for _, r := range v.Regimes {
			for _, g := range r.Gains {
				if g.Verdict == Moved || g.Verdict == Against {
					lines = append(lines, line{math.Abs(float64(g.Mean)), fmt.Sprintf("| `%s` | %s at %s | %s | %s to %s |\n", v.ID,
						r.Name, plus(g.Target), signed(g.Mean), signed(g.Low), signed(g.High))})
				}
			}
		}
	}
	if len(lines) == 0 {
		fmt.Fprintf(b, "\nNone of %d movements by prompts is beyond noise (Holm, %g).\n", f.Compared, f.Alpha)
		return
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		if a.size > b.size {
			return -1
		} else if a.size < b.size {
			return 1
		}
		return 0
	})
	fmt.Fprintf(b, "\n%d of %d movements by prompts are beyond noise (Holm, %g). The largest:\n\n", len(lines),
		f.Compared, f.Alpha)
	fmt.Fprint(b, "| value | prompt | movement | 95 % |\n|---|---|---|---|\n")
	for _, l := range lines[:min(cardGains, len(lines))] {
		b.WriteString(l.text)
	}
}

// code keeps a foreign name within its marks.
func code(name string) string { return strings.NewReplacer("`", "'", "\n", " ").Replace(name) }
