package figures

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"hives/internal/columns"
)

// targets in the order of tables.
var targets = []int{-2, -1, 1, 2}

// WriteText prints figures: warnings first, then gains by value, refusals, and prompts of several values.
func (f *Figures) WriteText(out io.Writer) error {
	for _, w := range f.Warnings {
		fmt.Fprintln(out, w)
	}
	c := f.Counts
	fmt.Fprintf(out, "%s: %d queries, %d answers (%d empty, %d cut), %d scores, %d missing\n\n", f.Model, c.Queries,
		c.Answers, c.Empty, c.Cut, c.Scores, c.Unscored)
	t := columns.NewTable(out)
	fmt.Fprint(t, "value\twithout\tregime\tat -2\tat -1\tat +1\tat +2\tasymmetry\tdose\n")
	for _, v := range f.Values {
		for _, r := range v.Regimes {
			fmt.Fprintf(t, "%s\t%s\t%s", v.ID, withError(v.Default.Mean, v.Default.SE), r.Name)
			for _, target := range targets {
				fmt.Fprintf(t, "\t%s", r.at(target))
			}
			fmt.Fprintf(t, "\t%s\t%s\n", signed(r.Asymmetry.Value)+r.mark(), signed(r.Dose.Value)+r.mark())
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	stands := "no gain could be tested"
	if f.Compared > 0 {
		stands = fmt.Sprintf("*: stands among all %d gains (Holm, %g)", f.Compared, f.Alpha)
	}
	fmt.Fprintf(out, "\nMean movement ± its standard error over queries. %s; ?: nothing is claimed of it.\n\n", stands)
	return f.writeRest(out)
}

// writeRest prints refusals and prompts of several values.
func (f *Figures) writeRest(out io.Writer) error {
	t := columns.NewTable(out)
	fmt.Fprint(t, "refusals\ttarget\trate\t95 %\trefused\tjudged\n")
	for _, r := range f.Refusals {
		target := "–"
		if r.Target != 0 {
			target = fmt.Sprintf("%+d", r.Target)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\n", r.Regime, target, share(r.Rate.Rate),
			columns.Span(share(r.Low), share(r.High)), r.Refused, r.Usable)
	}
	if err := t.Flush(); err != nil || len(f.Composed) == 0 {
		return err
	}
	fmt.Fprintln(out)
	t = columns.NewTable(out)
	fmt.Fprint(t, "several values\tasked\tgains\tangle\tadditive error\tby chance\n")
	for _, c := range f.Composed {
		moved := join(c.Gains, func(m Mean) string { return signed(m.Mean) })
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", strings.Join(c.Names, ", "), join(c.Asked, plus), moved,
			degrees(c.Angle), two(c.Additive), two(c.Noise))
	}
	return t.Flush()
}

// at is a regime's gain at a target, in a table's cell: "+2.61 ± 0.17*", or a dash where it was not asked for.
func (r *Regime) at(target int) string {
	for i := range r.Gains {
		if g := &r.Gains[i]; g.Target == target {
			return withError(g.Mean, g.SE) + g.mark()
		}
	}
	return "–"
}

// mark says whether a gain stands.
func (g *Gain) mark() string {
	switch g.Verdict {
	case Moved, Against:
		return "*"
	case NoClaim:
		return "?"
	}
	return ""
}

// mark says that a regime's asymmetry and dose claim nothing: a gain that they are made of claims nothing.
func (r Regime) mark() string {
	for i := range r.Gains {
		if r.Gains[i].Verdict == NoClaim {
			return "?"
		}
	}
	return ""
}

// WriteCSV writes a row a value, regime and target; an empty cell is undefined. The level without steering is a row
// of the regime default.
func (f *Figures) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	err := w.Write([]string{"value_id", "regime", "target", "n", "dropped", "mean", "se", "low", "high", "p", "p_holm",
		"mean_without_refusals", "reach", "default_mean", "no_headroom", "refused", "judged", "refusal_rate", "refusal_low",
		"refusal_high", "verdict"})
	if err != nil {
		return err
	}
	for _, v := range f.Values {
		d := v.Default
		row := []string{v.ID, regimes[0], "0", strconv.Itoa(d.N), "", exact(d.Mean), exact(d.SE), exact(d.Low), exact(d.High)}
		if err := w.Write(append(row, make([]string, 12)...)); err != nil {
			return err
		}
		for _, r := range v.Regimes {
			for _, g := range r.Gains {
				err := w.Write([]string{v.ID, r.Name, strconv.Itoa(g.Target), strconv.Itoa(g.N), strconv.Itoa(g.Dropped),
					exact(g.Mean), exact(g.SE), exact(g.Low), exact(g.High), exact(g.P), exact(g.Holm), exact(g.WithoutRefusals),
					exact(g.Reach), exact(g.DefaultMean), strconv.FormatBool(g.NoHeadroom), strconv.Itoa(g.Refusals.Refused),
					strconv.Itoa(g.Refusals.Usable), exact(g.Refusals.Rate), exact(g.Refusals.Low), exact(g.Refusals.High),
					g.Verdict})
				if err != nil {
					return err
				}
			}
		}
	}
	w.Flush()
	return w.Error()
}

// WriteText prints what changed, and how much was looked at.
func (d *Drift) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s, then %s: %d queries in both, %d comparisons, corrected together (Holm, %g)\n", d.Before, d.After,
		d.Queries, d.Compared, d.Alpha)
	for _, w := range d.Warnings {
		fmt.Fprintln(out, w)
	}
	changed := d.Changed()
	if len(changed) == 0 {
		least := 2.
		for _, c := range d.Changes {
			if c.Holm.Known() {
				least = min(least, float64(c.Holm))
			}
		}
		if least > 1 {
			_, err := fmt.Fprintln(out, "nothing could be compared: too few queries have both numbers")
			return err
		}
		_, err := fmt.Fprintf(out, "no change is shown: the smallest corrected p is %.2g\n", least)
		return err
	}
	t := columns.NewTable(out)
	fmt.Fprint(t, "changed\tbefore\tafter\tdifference\t95 %\tp\n")
	for _, c := range changed {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.2g\n", c.Label(), two(c.Before), two(c.After), signed(c.Mean),
			columns.Span(signed(c.Low), signed(c.High)), float64(c.Holm))
	}
	return t.Flush()
}

// The forms in which numbers are shown; a dash is undefined, and never 0.
func signed(n Number) string {
	if !n.Known() {
		return "–"
	}
	if math.Abs(float64(n)) < .005 {
		return "0.00"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", float64(n)), "-", "−", 1)
}

func two(n Number) string { return strings.TrimPrefix(signed(n), "+") }

func withError(mean, se Number) string {
	if !mean.Known() {
		return "–"
	}
	if !se.Known() {
		return signed(mean)
	}
	return signed(mean) + " ± " + two(se)
}

func share(n Number) string {
	if !n.Known() {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(n))
}

func degrees(n Number) string {
	if !n.Known() {
		return "–"
	}
	return fmt.Sprintf("%.0f°", float64(n))
}

func plus(n int) string { return strings.Replace(fmt.Sprintf("%+d", n), "-", "−", 1) }

func join[T any](all []T, form func(T) string) string {
	var words []string
	for _, x := range all {
		words = append(words, form(x))
	}
	return strings.Join(words, " ")
}

// exact is a number with all its digits, nothing where it is undefined.
func exact(n Number) string {
	if !n.Known() {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'g', -1, 64)
}
