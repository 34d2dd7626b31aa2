package stats

import (
	"fmt"
	"io"

	"hives/internal/columns"
)

// WriteTable prints the statistics for people:
//
//	rows           32590
//	texts          16423
//	components     10750   (the largest has 423 rows)
//	…
//	corpus   theory   direction   source       rows
//	mfrc     mft      0           none         3194
//	value            rows   ends here   supports   opposes   judged 0   unjudged
//	mft/care-harm    6548   …
func (s *Stats) WriteTable(w io.Writer) error {
	t := columns.NewTable(w)
	fmt.Fprintf(t, "rows\t%d\ntexts\t%d\ngroups\t%d\n", s.Rows, s.Texts, s.Groups)
	fmt.Fprintf(t, "components\t%d\t(the largest has %d rows)\n", s.Components, s.Largest)
	fmt.Fprintf(t, "labels a text\t%.2f\n", s.MeanLabels)
	if l := s.Tokens; l != nil {
		fmt.Fprintf(t, "tokens a text\t%.1f\t(median %d, 95 %% have at most %d, longest %d)\n", l.Mean, l.Median,
			l.P95, l.Max)
	}
	fmt.Fprint(t, "\ncorpus\ttheory\tdirection\tsource\trows\n")
	for _, c := range s.ByDirection {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\n", c.Corpus, c.Theory, signed(c.Direction), c.Source, c.Rows)
	}
	fmt.Fprint(t, "\nvalue\trows\tends here\tsupports\topposes\tjudged 0\tunjudged\n")
	for _, c := range s.ByValue {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", c.ID, c.Rows, c.Ends, c.Supports, c.Opposes, c.Zero, c.Unjudged)
	}
	fmt.Fprint(t, "\nlabels\ttexts\n")
	for _, c := range s.LabelsPerText {
		fmt.Fprintf(t, "%s\t%d\n", c.Name, c.N)
	}
	return t.Flush()
}

// signed writes a direction: +1, 0, -1.
func signed(direction int32) string {
	if direction == 0 {
		return "0"
	}
	return fmt.Sprintf("%+d", direction)
}
