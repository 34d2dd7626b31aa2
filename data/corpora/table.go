package corpora

import (
	"fmt"
	"io"

	"hives/internal/columns"
)

// WriteTable prints the account for people, here for ValueEval's public part:
//
//	valueeval
//	records                             …
//	  dropped: argument without a label   1
//	  exact duplicates merged             156
//	  normalised duplicates merged        4
//	  …
//	rows                                  18210
//	texts                                 5301
//	groups                                318
func (s *Summary) WriteTable(w io.Writer) error {
	// Records at the top, rows at the bottom, and between them what became of the difference.
	t := columns.NewTable(w)
	fmt.Fprintf(t, "%s\nrecords\t%d\n", s.Corpus, s.Records)
	for _, c := range s.Dropped {
		fmt.Fprintf(t, "  dropped: %s\t%d\n", c.Reason, c.N)
	}
	for _, c := range s.Unknown {
		fmt.Fprintf(t, "    names no node: %s\t%d\n", c.Reason, c.N)
	}
	for _, c := range s.Notes {
		fmt.Fprintf(t, "  %s\t%d\n", c.Reason, c.N)
	}
	m := s.Merged
	for _, c := range []Count{
		{"exact duplicates merged", m.ExactDuplicates},
		{"normalised duplicates merged", m.NormalisedDuplicates},
		{"rows with both directions dropped", m.Contradictions},
		{"unjudged beside judged rows dropped", m.Superseded},
		{"bad records skipped", len(s.Bad)},
	} {
		fmt.Fprintf(t, "  %s\t%d\n", c.Reason, c.N)
	}
	for _, l := range s.Examples {
		fmt.Fprintf(t, "    %s\n", l)
	}
	fmt.Fprintf(t, "rows\t%d\ntexts\t%d\ngroups\t%d\n", s.Rows, s.Texts, s.Groups)
	return t.Flush()
}
