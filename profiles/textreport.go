package profiles

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"

	"hives/internal/columns"
	"hives/internal/figure"
)

// WriteReport prints what a model is good for: each value on texts of groups that its fit had not seen, beside controls
// that must not do as well.
func (m *TextModel) WriteReport(out io.Writer) error {
	w := columns.NewTable(out)
	fmt.Fprintln(w, "value\ttexts\tsystem\tR²\tcovered\tanswered\tof these covered\tunsure\tnot about it\tmean error\t"+
		"half width")
	for i := range m.Values {
		v := &m.Values[i]
		name, texts := v.ID, fmt.Sprint(v.Texts)
		for _, s := range []struct {
			name string
			f    TextFigures
		}{{"model", v.Held.Model}, {"shuffled vectors", v.Held.Shuffled}, {"constant mean", v.Held.Mean}} {
			f := s.f
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, texts, s.name, digits(f.R2, 3),
				digits(f.Coverage, 3), digits(f.Answered, 3), digits(f.Of, 3), digits(f.Unsure, 3), digits(f.Beside, 3),
				digits(f.Error, 2), digits(f.Half, 2))
			name, texts = "", ""
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nIntervals promise to cover %.0f %%. A text is answered if its interval is no wider than ±%v and "+
		"its relevance at least %v.\n", 100*(1-m.Rules.Alpha), m.Rules.HalfWidth, m.Rules.Relevance)
	for i := range m.Values {
		if said := m.Values[i].broken(m.Rules); said != "" {
			fmt.Fprintf(out, "%s: %s\n", m.Values[i].ID, said)
		}
	}
	fmt.Fprintln(out)
	if err := m.writeMany(out); err != nil {
		return err
	}
	w = columns.NewTable(out)
	fmt.Fprintln(w, "value\trows\tabout it\trelevant, of those about it\tabout it, of the relevant\tverdict")
	for i := range m.Values {
		v := &m.Values[i]
		verdict := "supported"
		if v.Why != "" {
			verdict = "unsupported: " + v.Why
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\n", v.ID, v.Held.Rows, v.Held.About, digits(v.Held.Kept, 3),
			digits(v.Held.Precision, 3), verdict)
	}
	return w.Flush()
}

// broken says where intervals of the texts that answer hold fewer than was promised of all. The difference must be more
// than chance would make: two standard errors.
//
//	promised .9, held .789 of 490     said: two standard errors are .037
//	promised .9, held .89 of 1,900    not said
func (v *TextValue) broken(r TextRules) string {
	of, n := float64(v.Held.Model.Of), float64(v.Held.Model.Answered)*float64(v.Texts)
	if !v.Held.Model.Of.Known() || of+2*math.Sqrt(of*(1-of)/n) >= 1-r.Alpha {
		return ""
	}
	return fmt.Sprintf("of the texts that answer, intervals hold %.0f %%, not the %.0f %% that hold for all texts: who "+
		"answers only where intervals are narrow picks those that are too narrow", 100*of, 100*(1-r.Alpha))
}

// writeMany prints what scores of many texts were worth on sets whose true mean is known. The rule that counts in this
// model stands first.
func (m *TextModel) writeMany(out io.Writer) error {
	w := columns.NewTable(out)
	fmt.Fprintln(w, "value\trule\tsets\tscored\tcovered\tworst kind\torder\tside told\tside right\thalf width")
	for i := range m.Values {
		name := m.Values[i].ID
		for _, h := range m.Values[i].Held.Many {
			f := h.Kinds[0]
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, h.Rule, f.Sets,
				digits(f.Answered, 3), digits(f.Coverage, 3), digits(h.Worst(), 3), digits(f.Order, 2), digits(f.Sided, 3),
				digits(f.Right, 3), digits(f.Half, 2))
			name = ""
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nSets are %d to %d texts of unseen groups: %s. Their intervals promise to hold the true "+
		"mean of 95 %%. Order is the rank correlation of scores and true means. all: every text about the value counts. "+
		"sure: those whose own interval is narrow. This model counts: %s.\n\n", leastMeasured, mostMeasured,
		strings.Join(setKinds, ", "), cmp.Or(m.Rules.Counted, CountSure))
	return err
}

// Worst is the coverage of the kind of sets that has the least.
func (h ManyHeld) Worst() figure.Number {
	least := figure.Number(math.NaN())
	for _, k := range h.Kinds[1:] {
		if k.Coverage.Known() && !(k.Coverage >= least) {
			least = k.Coverage
		}
	}
	return least
}

// digits writes a figure, a dash where there is none.
func digits(x figure.Number, n int) string {
	if !x.Known() {
		return "–"
	}
	return fmt.Sprintf("%.*f", n, float64(x))
}
