package profiles

import (
	"fmt"
	"io"

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
		"its relevance at least %v.\n\n", 100*(1-m.Rules.Alpha), m.Rules.HalfWidth, m.Rules.Relevance)
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

// digits writes a figure, a dash where there is none.
func digits(x figure.Number, n int) string {
	if !x.Known() {
		return "–"
	}
	return fmt.Sprintf("%.*f", n, float64(x))
}
