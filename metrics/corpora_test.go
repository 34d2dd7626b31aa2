package metrics

import (
	"math"
	"testing"
)

// TestCorporaAlone holds each corpus and the mean to nested loops over the pairs of one corpus at a time.
func TestCorporaAlone(t *testing.T) {
	v, l := world(21, 80)
	for range countIDs(l.Corpus) {
		l.CorpusNames = append(l.CorpusNames, "corpus")
	}
	var each []Correlation
	var want float64
	corpora := Corpora(l)
	for id, c := range corpora {
		got, err := c.Correlate(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		each = append(each, got)
		alone := naiveCorrelation(v.n, func(i, j int) bool {
			return naiveInScope(l, All, i, j) && l.Corpus[i] == int32(id) && l.Corpus[j] == int32(id)
		}, func(i, j int) float64 { return naiveCosine(v, i, j) }, func(i, j int) float64 {
			return naiveAffinity(l, i, j)
		}, one)
		same(t, c.Name, got.Pearson, &alone, 1e-11)
		want += alone / float64(len(corpora))
	}
	if len(corpora) < 2 {
		t.Fatal("one corpus shows no mean")
	}
	groups := NewRowPairs(l).Groups()
	mean := MeanCorrelation(each, groups)
	same(t, "mean", mean.Pearson, &want, 1e-11)
	pooled := mustMeasure(t, v, NewRowPairs(l), Options{}).Correlation[WithinCorpus].Pearson
	if math.Abs(pooled-mean.Pearson) < 1e-6 {
		t.Error("the pooled figure is the mean over corpora, so they were not told apart")
	}
}

// TestMeanLeavesOutWhatNoModelCanDefine: labels that are all alike define nothing; vectors that are all alike are the
// model's doing.
func TestMeanLeavesOutWhatNoModelCanDefine(t *testing.T) {
	known := Correlation{Pearson: .5, Labelled: true, Influence: []float64{1, -1}}
	unlabelled := Correlation{Pearson: math.NaN(), Influence: []float64{0}}
	if got := MeanCorrelation([]Correlation{known, unlabelled}, 2); got.Pearson != .5 || got.Influence[1] != -1 {
		t.Errorf("with a corpus of one label: %+v", got)
	}
	collapsed := Correlation{Pearson: math.NaN(), Labelled: true}
	if got := MeanCorrelation([]Correlation{known, collapsed}, 2); !math.IsNaN(got.Pearson) {
		t.Errorf("with a collapsed corpus: %v", got.Pearson)
	}
	if got := MeanCorrelation([]Correlation{unlabelled}, 2); !math.IsNaN(got.Pearson) {
		t.Errorf("of no corpus: %v", got.Pearson)
	}
}
