package stats

import (
	"cmp"
	"fmt"
	"slices"

	"hives/data"
	"hives/data/theories"
)

// TokenCounter counts the tokens of a text. It is how a tokenizer comes in without being imported. An error ends the
// whole: a mean over the texts that could be cut would pass for one over all.
type TokenCounter func(text string) (int, error)

// Count is a number of rows or texts under a name. A list of them is ordered by number, then name, never by a map.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Cell is the rows of one value by direction. Zero was judged neutral; unjudged rows have no direction. A row
// counts at its node and at every node above: one of "mft/care-harm/caring" in Rows of care/harm and of caring,
// in Ends of caring alone.
//
// Invariant: Rows = Supports + Opposes + Zero + Unjudged.
type Cell struct {
	ID       string `json:"id"` // the node's value id
	Level    int    `json:"level"`
	Rows     int    `json:"rows"` // of the node and all below it
	Ends     int    `json:"ends"` // of the node itself: the path ends here
	Supports int    `json:"supports"`
	Opposes  int    `json:"opposes"`
	Zero     int    `json:"zero"`
	Unjudged int    `json:"unjudged"`
}

// Cross is the rows of one corpus, theory and direction. Source tells a 0 that somebody judged from one that nobody
// did.
type Cross struct {
	Corpus    string `json:"corpus"`
	Theory    string `json:"theory"`
	Direction int32  `json:"direction"`
	Source    string `json:"direction_source"`
	Rows      int    `json:"rows"`
}

// Lengths describes whole numbers, such as tokens a text.
type Lengths struct {
	N         int     `json:"n"`
	Mean      float64 `json:"mean"`
	Median    int     `json:"median"`
	P95       int     `json:"p95"`
	Max       int     `json:"max"`
	Histogram []Count `json:"histogram"` // upper ends of the bins as names
}

// Stats describes rows.
type Stats struct {
	Rows          int      `json:"rows"`
	Texts         int      `json:"texts"`
	Groups        int      `json:"groups"`
	Components    int      `json:"components"`        // what a split cannot divide
	Largest       int      `json:"largest_component"` // rows of the largest
	ByCorpus      []Count  `json:"by_corpus"`
	ByTheory      []Count  `json:"by_theory"`
	ByDirection   []Cross  `json:"by_direction"`
	ByValue       []Cell   `json:"by_value"`
	LabelsPerText []Count  `json:"labels_per_text"`
	MeanLabels    float64  `json:"mean_labels_per_text"`
	Tokens        *Lengths `json:"tokens"` // null without a tokenizer
}

// Describe computes the statistics of rows, whose theories are known; count may be nil.
func Describe(rows []data.Row, known theories.Set, count TokenCounter) (*Stats, error) {
	return DescribeStream(known, count, func(emit func(*data.Row) error) error {
		for i := range rows {
			if err := emit(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// DescribeStream computes the statistics of the rows that each emits, such as data.Scan, without holding them:
// memory is some 50 bytes for each different text and group, and a number for each text where tokens are counted.
func DescribeStream(known theories.Set, count TokenCounter, each func(emit func(*data.Row) error) error) (*Stats,
	error) {
	t := newTally(known, count)
	if err := each(t.add); err != nil {
		return nil, err
	}
	return t.stats(), nil
}

// counts lists a map by falling number, equal ones by name: two pages of the same rows are the same page.
//
//	{"a": 2, "c": 5, "b": 2}     c 5, a 2, b 2
func counts(m map[string]int) []Count {
	out := make([]Count, 0, len(m))
	for name, n := range m {
		out = append(out, Count{name, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// add counts a row that ends at this node or below it.
func (c *Cell) add(r *data.Row, ends bool) {
	c.Rows++
	if ends {
		c.Ends++
	}
	switch {
	case r.Direction == data.Supports:
		c.Supports++
	case r.Direction == data.Opposes:
		c.Opposes++
	case r.DirectionSource == data.SourceNone:
		c.Unjudged++
	default:
		c.Zero++
	}
}

// describe takes quantiles as the smallest value with at least that share at or below it: of 10 lengths the
// median is the fifth, P95 the tenth. No value is made up between two lengths. It sorts n.
//
//	lengths 3, 4, 9, 20     median 4, P95 20, max 20; bins ≤ 4: 2, ≤ 8: 0, ≤ 16: 1, ≤ 32: 1
func describe(n []int) *Lengths {
	if len(n) == 0 {
		return &Lengths{}
	}
	slices.Sort(n)
	sum := 0
	for _, x := range n {
		sum += x
	}
	// Quantiles by rank: place ⌈share·N⌉, counted from 1.
	last := len(n) - 1
	l := &Lengths{
		N: len(n), Mean: float64(sum) / float64(len(n)),
		Median: n[last/2], P95: n[(95*len(n)+99)/100-1], Max: n[last],
	}
	// Bins double in width: texts are from a few tokens to thousands.
	at := 0
	for top := 4; at < len(n); top *= 2 {
		bin := Count{Name: fmt.Sprintf("≤ %d", top)}
		for ; at < len(n) && n[at] <= top; at++ {
			bin.N++
		}
		l.Histogram = append(l.Histogram, bin)
	}
	return l
}
