package stats

import (
	"cmp"
	"fmt"
	"slices"

	"hives/data"
	"hives/data/theories"
)

// TokenCounter counts the tokens of a text. It is how a tokenizer comes in without being imported.
type TokenCounter func(text string) (int, error)

// Count is a number of rows or texts under a name.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Cell is the rows of one value by direction. Zero was judged neutral; unjudged rows have no direction.
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

// Cross is the rows of one corpus, theory and direction.
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

// Describe computes the statistics of rows; count may be nil.
func Describe(rows []data.Row, count TokenCounter) (*Stats, error) {
	s := &Stats{Rows: len(rows)}
	corpus, theory, group := map[string]int{}, map[string]int{}, map[string]int{}
	perText := map[string]int{}
	for i := range rows {
		r := &rows[i]
		corpus[r.Corpus]++
		theory[r.Theory]++
		group[r.Group]++
		perText[r.TextID]++
	}
	s.Texts, s.Groups = len(perText), len(group)
	s.ByCorpus, s.ByTheory = counts(corpus), counts(theory)
	s.ByDirection, s.ByValue = byDirection(rows), byValue(rows)
	s.LabelsPerText, s.MeanLabels = labelsPerText(perText, len(rows))
	for _, n := range data.ComponentSizes(rows) {
		s.Components++
		s.Largest = max(s.Largest, n)
	}
	if count == nil {
		return s, nil
	}
	var err error
	s.Tokens, err = tokens(rows, count)
	return s, err
}

// counts lists a map by falling number, equal ones by name.
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

func byDirection(rows []data.Row) []Cross {
	n := map[Cross]int{}
	for i := range rows {
		r := &rows[i]
		n[Cross{Corpus: r.Corpus, Theory: r.Theory, Direction: r.Direction, Source: r.DirectionSource}]++
	}
	out := make([]Cross, 0, len(n))
	for c, rows := range n {
		c.Rows = rows
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Cross) int {
		return cmp.Or(cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.Theory, b.Theory),
			cmp.Compare(b.Direction, a.Direction), cmp.Compare(a.Source, b.Source))
	})
	return out
}

// byValue counts every node that has rows, in the hierarchy's order.
func byValue(rows []data.Row) []Cell {
	cells := map[string]*Cell{}
	for i := range rows {
		r := &rows[i]
		var node theories.Path
		for k, name := range r.Levels() {
			if name == "" {
				break
			}
			node[k] = name
			id := theories.ValueID(r.Theory, node)
			if cells[id] == nil {
				cells[id] = &Cell{ID: id, Level: k + 1}
			}
			cells[id].add(r, node == r.Levels())
		}
	}
	var out []Cell
	for _, theory := range theories.Names() {
		tree, _ := theories.Get(theory)
		for _, node := range tree.Nodes() {
			if c := cells[theories.ValueID(theory, node)]; c != nil {
				out = append(out, *c)
			}
		}
	}
	return out
}

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

// labelsPerText counts the texts by their number of rows.
func labelsPerText(perText map[string]int, rows int) ([]Count, float64) {
	var n []int
	for _, labels := range perText {
		n = append(n, labels)
	}
	slices.Sort(n)
	var out []Count
	for _, labels := range n {
		name := fmt.Sprint(labels)
		if len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, Count{Name: name})
		}
		out[len(out)-1].N++
	}
	return out, float64(rows) / float64(max(1, len(n)))
}

// tokens measures every text once; the texts of one id may differ in spelling, the first is taken.
func tokens(rows []data.Row, count TokenCounter) (*Lengths, error) {
	var lengths []int
	seen := map[string]bool{}
	for i := range rows {
		if seen[rows[i].TextID] {
			continue
		}
		seen[rows[i].TextID] = true
		n, err := count(rows[i].Text)
		if err != nil {
			return nil, fmt.Errorf("count tokens of row %d: %w", i+1, err)
		}
		lengths = append(lengths, n)
	}
	return describe(lengths), nil
}

// describe takes quantiles as the smallest value with at least that share at or below it.
func describe(n []int) *Lengths {
	if len(n) == 0 {
		return &Lengths{}
	}
	slices.Sort(n)
	sum := 0
	for _, x := range n {
		sum += x
	}
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
