package metrics

import (
	"context"
	"math"

	"hives/data"
)

// Corpus is the rows of one corpus alone.
type Corpus struct {
	Name  string
	rows  []int // of the whole
	pairs *RowPairs
}

// Corpora takes the rows apart by their corpus, in the order of the corpora's numbers.
func Corpora(labels *data.Labels) []Corpus {
	out := make([]Corpus, len(labels.CorpusNames))
	for i, id := range labels.Corpus {
		out[id].rows = append(out[id].rows, i)
	}
	for id := range out {
		out[id].Name = labels.CorpusNames[id]
		out[id].pairs = NewRowPairs(Subset(labels, out[id].rows))
	}
	return out
}

// View is the corpus as one of several things that MeasureViews looks at; its correlation is that of All.
func (c *Corpus) View() View {
	return View{Pairs: c.pairs, Rows: c.rows, Options: Options{CorrelationOnly: true}}
}

// Correlate takes the vectors of all rows, and correlates the pairs of this corpus.
func (c *Corpus) Correlate(ctx context.Context, v *Vectors) (Correlation, error) {
	found, err := MeasureViews(ctx, v, []View{c.View()})
	if err != nil {
		return Correlation{}, err
	}
	return found[0].Correlation[All], nil
}

// MeanCorrelation is the plain mean over corpora of the correlation in each, with its influence over so many
// groups. A corpus whose labels are all alike, or that has no pair, cannot define the figure for any model and is
// left out; one in which the vectors are all alike makes the mean undefined, or a space that collapses would gain
// by it.
//
// It is the mean and not the pooled correlation because pooled pairs also follow how corpora differ: the truth
// itself scores only .15 there on the demo's rows (docs/METRICS.md). A mean's influence is the mean of the
// parts'.
func MeanCorrelation(each []Correlation, groups int) Correlation {
	out := Correlation{Pearson: math.NaN(), Spearman: math.NaN(), Influence: make([]float64, groups)}
	n := 0.0
	for i := range each {
		if each[i].Labelled {
			n++
		}
	}
	if n == 0 {
		return out
	}
	out.Pearson, out.Labelled = 0, true
	for i := range each {
		if !each[i].Labelled {
			continue
		}
		out.Pearson += each[i].Pearson / n
		out.Pairs += each[i].Pairs
		if groups > 0 { // else nobody asks for an interval
			addTo(out.Influence, each[i].Influence, 1/n)
		}
	}
	return out
}
