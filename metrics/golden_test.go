package metrics

import (
	"context"
	"fmt"
	"math"
	"testing"

	"hives/data"
	"hives/internal/rig/goldentest"
)

// exact is the tolerance for sums taken in another order than the reference's.
const exact = 1e-12

// single is the tolerance for the published evaluator, which works in float32.
const single = 2e-6

type goldenCase struct {
	Name       string
	Theory     []int32
	Labels     [][4]int32
	Embeddings [][]float32

	RankingExpected struct {
		Macro, Micro *float64
		Anchors      int
		BinPairs     int `json:"bin_pairs"`
	} `json:"ranking_expected"`
	RankingAllPairs struct {
		Macro, Micro *float64
		Pairs        int
	} `json:"ranking_all_pairs"`
	Picks        [][Bins]int
	RankingPicks struct {
		Macro, Micro, Strict *float64
		Anchors, Pairs       int
	} `json:"ranking_picks"`
	SimilarityCorrelation map[string]struct {
		Pearson, Spearman *float64
		Pairs             int
	} `json:"similarity_correlation"`
	ValueVectors   map[string]goldenValues `json:"value_vectors"`
	NNLeaveOneOut  goldenNeighbours        `json:"nn_leave_one_out"`
	NNTrainEval    goldenNeighbours        `json:"nn_train_eval"`
	Authors        map[string]*float64     `json:"authors_evaluator"`
	AuthorsKNearby map[string]*float64     `json:"authors_evaluator_knn"`
}

type goldenValues struct {
	Keys, Skipped [][]int32
	Vectors       [][]float64
	Orthogonality *struct {
		PerTheory map[int32]struct {
			Values, Pairs int
			Mean, Median  *float64
		} `json:"per_theory"`
		PooledMean   *float64 `json:"pooled_mean"`
		PooledMedian *float64 `json:"pooled_median"`
	}
}

type goldenNeighbours struct {
	TrainRows int `json:"train_rows"`
	Neighbour []int
	Acc       map[string]float64
}

// labels gives every row its own text and group; the fixtures have neither.
func (c *goldenCase) labels() *data.Labels {
	n := len(c.Theory)
	l := &data.Labels{
		Theory: c.Theory, Levels: make([][3]int32, n), Direction: make([]int32, n), Judged: make([]bool, n),
		Text: make([]int32, n), Group: make([]int32, n), Corpus: make([]int32, n),
	}
	for i, row := range c.Labels {
		l.Levels[i], l.Direction[i] = [3]int32(row[:3]), row[3]
		l.Text[i], l.Group[i] = int32(i), int32(i)
	}
	return l
}

// each runs check on every case of the fixtures.
func each(t *testing.T, check func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels)) {
	var file struct{ Cases []goldenCase }
	goldentest.ReadJSON(t, &file, "e_metrics", "metrics.json")
	if len(file.Cases) == 0 {
		t.Fatal("no cases in e_metrics/metrics.json")
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		t.Run(c.Name, func(t *testing.T) {
			v, err := NewVectors(c.Embeddings)
			if err != nil {
				t.Fatal(err)
			}
			check(t, c, v, c.labels())
		})
	}
}

// same asserts a number, or that it is undefined where the reference has null.
func same(t *testing.T, what string, got float64, want *float64, tolerance float64) {
	t.Helper()
	switch {
	case want == nil && !math.IsNaN(got):
		t.Errorf("%s: got %v, want undefined", what, got)
	case want != nil && !(math.Abs(got-*want) <= tolerance):
		t.Errorf("%s: got %.17g, want %.17g, apart %.3g", what, got, *want, got-*want)
	}
}

func sameInt(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

func mustMeasure(t *testing.T, v *Vectors, p Pairs, o Options) *Measurement {
	t.Helper()
	m, err := Measure(context.Background(), v, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGoldenMetricsRanking(t *testing.T) {
	each(t, func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels) {
		r := mustMeasure(t, v, NewRowPairs(l), Options{}).Ranking[All]
		want := c.RankingExpected
		same(t, "expected macro", r.Macro, want.Macro, exact)
		same(t, "expected micro", r.Micro, want.Micro, exact)
		sameInt(t, "anchors", r.Anchors, want.Anchors)
		sameInt(t, "bin pairs", r.BinPairs, want.BinPairs)
		same(t, "all pairs macro", r.PairsMacro, c.RankingAllPairs.Macro, exact)
		same(t, "all pairs micro", r.PairsMicro, c.RankingAllPairs.Micro, exact)
		sameInt(t, "pairs", r.Pairs, c.RankingAllPairs.Pairs)
	})
}

func TestGoldenMetricsPicks(t *testing.T) {
	each(t, func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels) {
		got, want := RankPicks(v, c.Picks), c.RankingPicks
		same(t, "macro", got.Macro, want.Macro, exact)
		same(t, "micro", got.Micro, want.Micro, exact)
		same(t, "strict", got.Strict, want.Strict, exact)
		sameInt(t, "anchors", got.Anchors, want.Anchors)
		sameInt(t, "pairs", got.Pairs, want.Pairs)
		if got.Pairs > 0 { // the published evaluator says 0 where there is nothing to rank
			same(t, "authors pairwise", got.Micro, c.Authors["rank_acc_pairwise"], exact)
			same(t, "authors strict", got.Strict, c.Authors["rank_acc_strict"], exact)
		}
	})
}

func TestGoldenMetricsCorrelation(t *testing.T) {
	kinds := map[string]AffinityKind{"columns": Columns, "prefix": Prefix, "prefix_present": PrefixPresent}
	each(t, func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels) {
		if len(c.SimilarityCorrelation) != len(kinds) {
			t.Fatalf("fixtures have %d kinds of affinity, want %d", len(c.SimilarityCorrelation), len(kinds))
		}
		for name, want := range c.SimilarityCorrelation {
			got := mustMeasure(t, v, NewRowPairs(l, WithAffinity(kinds[name])), Options{Spearman: true}).Correlation[All]
			same(t, name+" pearson", got.Pearson, want.Pearson, exact)
			same(t, name+" spearman", got.Spearman, want.Spearman, exact)
			sameInt(t, name+" pairs", got.Pairs, want.Pairs)
			if name == "columns" {
				same(t, "authors", got.Pearson, c.Authors["sim_corr"], single)
			}
		}
	})
}

func TestGoldenMetricsValueVectors(t *testing.T) {
	each(t, func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels) {
		for level := 1; level <= 3; level++ {
			want, ok := c.ValueVectors[fmt.Sprint(level)]
			if !ok {
				t.Fatalf("fixtures lack level %d", level)
			}
			checkValues(t, ValueVectors(v, l, level, 1), level, want)
		}
	})
}

func checkValues(t *testing.T, got []Value, level int, want goldenValues) {
	t.Helper()
	var kept, skipped []Value
	for _, value := range got {
		if value.Vector == nil {
			skipped = append(skipped, value)
		} else {
			kept = append(kept, value)
		}
	}
	checkKeys(t, kept, level, want.Keys)
	checkKeys(t, skipped, level, want.Skipped)
	for i := range min(len(kept), len(want.Vectors)) {
		for k := range want.Vectors[i] {
			same(t, fmt.Sprintf("level %d value %d [%d]", level, i, k), kept[i].Vector[k], &want.Vectors[i][k], exact)
		}
	}
	perTheory, pooled := OrthogonalityOf(got)
	if want.Orthogonality == nil {
		same(t, "pooled", pooled.Mean, nil, 0)
		return
	}
	same(t, "pooled mean", pooled.Mean, want.Orthogonality.PooledMean, exact)
	same(t, "pooled median", pooled.Median, want.Orthogonality.PooledMedian, exact)
	for theory, w := range want.Orthogonality.PerTheory {
		o := perTheory[theory]
		sameInt(t, "values", o.Values, w.Values)
		sameInt(t, "pairs", o.Pairs, w.Pairs)
		same(t, "mean", o.Mean, w.Mean, exact)
		same(t, "median", o.Median, w.Median, exact)
	}
}

func checkKeys(t *testing.T, got []Value, level int, want [][]int32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("level %d: %d values, want %d", level, len(got), len(want))
	}
	for i, value := range got {
		key := append([]int32{value.Theory}, value.Path[:level]...)
		if fmt.Sprint(key) != fmt.Sprint(want[i]) {
			t.Errorf("level %d value %d: key %v, want %v", level, i, key, want[i])
		}
	}
}

func TestGoldenMetricsNeighbours(t *testing.T) {
	each(t, func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels) {
		n := v.Len()
		near := mustMeasure(t, v, NewRowPairs(l), Options{Neighbours: 1}).Neighbours[All]
		rows := make([]int, n)
		for i := range n {
			rows[i] = i
			sameInt(t, fmt.Sprintf("leave one out, row %d", i), int(near[i][0]), c.NNLeaveOneOut.Neighbour[i])
		}
		checkAccuracy(t, Agreement(l, rows, near, 1, false), c.NNLeaveOneOut.Acc)

		cut := c.NNTrainEval.TrainRows
		found := NearestIn(v, rows[:cut], rows[cut:])
		evalNear := make([][]int32, n-cut)
		for i, j := range found {
			sameInt(t, fmt.Sprintf("train to eval, row %d", cut+i), j, c.NNTrainEval.Neighbour[i])
			evalNear[i] = []int32{int32(j)}
		}
		acc := Agreement(l, rows[cut:], evalNear, 1, false)
		checkAccuracy(t, acc, c.NNTrainEval.Acc)
		for k, name := range []string{"acc_level_1", "acc_level_2", "acc_level_3"} {
			same(t, "authors "+name, acc.Levels[k], c.AuthorsKNearby[name], exact)
		}
		same(t, "authors direction", acc.Direction, c.AuthorsKNearby["acc_level_dir"], exact)
	})
}

func checkAccuracy(t *testing.T, got LabelAccuracy, want map[string]float64) {
	t.Helper()
	numbers := map[string]float64{"l1": got.Levels[0], "l2": got.Levels[1], "l3": got.Levels[2], "dir": got.Direction}
	for name, w := range want {
		same(t, "accuracy "+name, numbers[name], &w, exact)
	}
}

func TestGoldenMetricsDistances(t *testing.T) {
	names := [4]string{"same_l1_l2_l3", "same_l1_l2", "same_l1", "diff_l1"}
	each(t, func(t *testing.T, c *goldenCase, v *Vectors, l *data.Labels) {
		d := mustMeasure(t, v, NewRowPairs(l), Options{}).Distances[All]
		for depth, name := range names {
			key := "mean_dist_" + name
			if _, ok := c.Authors[key]; !ok {
				t.Fatalf("fixtures lack %s", key)
			}
			same(t, key, d.Mean[depth], c.Authors[key], single)
			if depth == depthNone {
				continue
			}
			same(t, key+"_dir", d.ByDir[depth][0], c.Authors[key+"_dir"], single)
			same(t, key+"_diffdir", d.ByDir[depth][1], c.Authors[key+"_diffdir"], single)
			same(t, "ratio", d.Mean[depth]/d.Mean[depthNone], c.Authors["ratio_"+key+"_to_diff_l1"], single)
			for k, end := range []string{"_dir", "_diffdir"} {
				same(t, "ratio"+end, d.ByDir[depth][k]/d.Mean[depthNone], c.Authors["ratio_"+key+end+"_to_diff_l1"], single)
			}
		}
	})
}
