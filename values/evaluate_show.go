package values

import (
	"fmt"
	"io"
	"math"

	"hives/internal/columns"
)

// enoughRows is how many rows a tenth needs before its distance from the diagonal is spoken of: with 50 rows a
// share of .5 has a standard error of .07.
const enoughRows = 50

// WriteText prints the evaluation for people: counts and shares, the two curves side by side, then a line a
// value. What is said of nonsense stands above all that is right: a set that answers anything is right by luck.
func (e *Evaluation) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "data       %s, SHA-256 %.12s, %d rows, %d texts\n", e.Data.File, e.Data.SHA256, e.Data.Rows,
		e.Data.Texts)
	fmt.Fprintf(w, "sense      %.1f %% of the texts pass the guard; of %d made-up ones %d pass, and %d are answered for "+
		"some value\n",
		100*e.Sense, e.Nonsense.Texts, e.Nonsense.Sense, e.Nonsense.Answered)
	fmt.Fprintf(w, "answers    for %s of a text and a value of its theory; of these it is about the value in %s\n",
		of(e.Answers.Answered, e.Answers.Pairs, "pairs"), e.Answers.About)
	fmt.Fprintf(w, "sides      for %s in corpora with both sides; right in %s\n", of(e.Sides.Answered, e.Sides.Pairs,
		"pairs"), e.Sides.Right)
	fmt.Fprintf(w, "           for %s if it is known that the text is about the value; right in %s\n\n",
		of(e.Sides.Given, e.Sides.Pairs, "pairs"), e.Sides.GivenOK)
	if err := e.writeCurves(w); err != nil {
		return err
	}
	return e.writeValues(w)
}

// of is "460 of 56836 pairs (0.8 %)". The share stands behind the counts, never in their place: 100 % of two pairs is
// no news.
func of(n, all int, what string) string {
	return fmt.Sprintf("%d of %d %s (%.1f %%)", n, all, what, 100*float64(n)/float64(max(1, all)))
}

// String is ".81 [.75, .86]"; without an interval the share alone, without a case a dash.
func (s Share) String() string {
	switch {
	case s.Share == nil:
		return "–"
	case s.Low == nil:
		return fmt.Sprintf("%.3f", *s.Share)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", *s.Share, *s.Low, *s.High)
}

// Worst is the largest distance of a tenth with enough rows from the diagonal; NaN where none has. A tenth of
// three rows can be far off by chance alone.
//
//	tenths of 60 rows: foretold .25, true .31     .06
//	of 3 rows: foretold .85, true .33             left out
func Worst(curve []Tenth) float64 {
	worst := math.NaN()
	for _, t := range curve {
		if gap := math.Abs(t.Mean - t.Share); t.Rows >= enoughRows && !(gap <= worst) {
			worst = gap
		}
	}
	return worst
}

// writeCurves sets what was foretold beside what came true, tenth by tenth.
//
//	probability  about: pairs  foretold  true
//	0.0–0.1      rows          mean p    share of rows that are about it
//	0.9–1.0      0             –         –
func (e *Evaluation) writeCurves(w io.Writer) error {
	t := columns.NewTable(w)
	fmt.Fprintln(t, "probability\tabout: pairs\tforetold\ttrue\tsupports: pairs\tforetold\ttrue")
	for k := range e.AboutCurve {
		fmt.Fprintf(t, "%.1f–%.1f", float64(k)/10, float64(k+1)/10)
		for _, x := range []Tenth{e.AboutCurve[k], e.SideCurve[k]} {
			if x.Rows == 0 {
				fmt.Fprint(t, "\t0\t–\t–")
				continue
			}
			fmt.Fprintf(t, "\t%d\t%.3f\t%.3f", x.Rows, x.Mean, x.Share)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "farthest from the diagonal, of tenths with %d pairs: about %.3f, supports %.3f\n\n",
		enoughRows, Worst(e.AboutCurve), Worst(e.SideCurve))
	return err
}

// writeValues prints the values of which something is said, and counts the others. A value without a vector may still
// be answered for by its heads; it is listed then.
func (e *Evaluation) writeValues(w io.Writer) error {
	t := columns.NewTable(w)
	fmt.Fprintln(t, "value\tkind\tvector's AUC\tcorpora\tanswered\tabout it\tsides\tright\tif about\tright")
	silent := 0
	for i := range e.Values {
		v := &e.Values[i]
		if v.Kind.vectorless() && v.Answers.Answered+v.Sides.Given == 0 {
			silent++
			continue
		}
		shown := Value{Kind: v.Kind, Evidence: &v.Evidence}
		vector, corpora := shown.borneOut()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d of %d\t%s\t%d of %d\t%s\t%d\t%s\n", v.ID, v.Kind, vector, corpora,
			v.Answers.Answered, v.Answers.Pairs, v.Answers.About, v.Sides.Answered, v.Sides.Pairs, v.Sides.Right, v.Sides.Given,
			v.Sides.GivenOK)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d other values with rows here have no vector, and nothing is said of them\n", silent)
	return err
}
