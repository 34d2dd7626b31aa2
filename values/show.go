package values

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Listing is a set as one JSON object, without its vectors.
type Listing struct {
	Format int    `json:"format"` // 1
	SHA256 string `json:"sha256"` // of the file
	*Set
	Anchors map[string]int `json:"anchors"` // sentences by bank
}

// List describes the set.
func (s *Set) List() Listing {
	l := Listing{Format: 1, SHA256: s.SHA256, Set: s, Anchors: map[string]int{}}
	for i := range s.Anchors {
		l.Anchors[s.Anchors[i].Bank]++
	}
	return l
}

// WriteText prints what the vectors rest on and the values as a tree.
func (l Listing) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "model    %s, weights %.12s, tokenizer %.12s, %d dimensions\n", l.Model.Name, l.Model.WeightsSHA256, l.Model.TokenizerSHA256, l.Model.Dimension)
	fmt.Fprintf(w, "data     %s, SHA-256 %.12s, %d rows, %d texts\n", l.Source.File, l.Source.SHA256, l.Source.Rows, l.Source.Texts)
	fmt.Fprintf(w, "spread   %d resamples of groups, seed %d\n", l.Resamples, l.Seed)
	fmt.Fprintf(w, "anchors  %d individual, %d theory\n\n", l.Anchors["individual"], l.Anchors["theory"])
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "value\tkind\tsupports\topposes\tneither\tgroups\tcosine of redraws\tangle")
	for i := range l.Values {
		v := &l.Values[i]
		if i == 0 || l.Values[i-1].Theory != v.Theory {
			fmt.Fprintf(t, "%s\t\t\t\t\t\t\t\n", v.Theory)
		}
		cosine, angle := "–", "–"
		if v.Spread != nil {
			cosine, angle = fmt.Sprintf("%.3f", v.Spread.Cosine), fmt.Sprintf("±%.1f°", v.Spread.Degrees)
		}
		fmt.Fprintf(t, "%s%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", strings.Repeat("  ", v.Level), v.Path[len(v.Path)-1],
			v.Kind, v.Supports, v.Opposes, v.Neither, v.Groups, cosine, angle)
	}
	return t.Flush()
}
