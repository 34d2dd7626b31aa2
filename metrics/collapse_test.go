package metrics_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/metrics"
)

// rowsOf labels n vectors: two values, alternating.
func rowsOf(n int) *data.Labels {
	rows := make([]data.Row, n)
	for i := range rows {
		rows[i] = data.Row{Theory: "duty", Level1: []string{"justice", "fidelity"}[i%2], TextID: string(rune('a' + i))}
	}
	return data.NewLabels(rows, theories.Builtin())
}

func measure(t *testing.T, rows [][]float32) metrics.Collapse {
	t.Helper()
	v, err := metrics.NewVectors(rows)
	if err != nil {
		t.Fatal(err)
	}
	c, err := metrics.MeasureCollapse(v, rowsOf(len(rows)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCollapseOfKnownSpaces has spaces whose diagnostics are known in closed form.
func TestCollapseOfKnownSpaces(t *testing.T) {
	axes := make([][]float32, 8)
	for i := range axes {
		axes[i] = make([]float32, 8)
		axes[i][i] = 1
	}
	c := measure(t, axes) // orthonormal: cosines 0, distances 2, eight equal singular values
	for what, got := range map[string][2]float64{
		"mean cosine": {c.MeanCosine, 0}, "effective rank": {c.EffectiveRank, 8},
		"alignment": {*c.Alignment, 2}, "uniformity": {c.Uniformity, -4},
	} {
		if math.Abs(got[0]-got[1]) > 1e-9 {
			t.Errorf("orthonormal rows: %s %g, want %g", what, got[0], got[1])
		}
	}
	if w := c.Warning(8); w != "" {
		t.Errorf("orthonormal rows warn: %s", w)
	}
	same := make([][]float32, 8)
	for i := range same {
		same[i] = []float32{.6, .8}
	}
	c = measure(t, same)
	if math.Abs(c.MeanCosine-1) > 1e-6 || math.Abs(c.EffectiveRank-1) > 1e-3 || !strings.Contains(c.Warning(8), "cosine") {
		t.Errorf("equal rows: %+v, warning %q", c, c.Warning(8))
	}
}

// TestCollapseWarnsOfLowRank has spread cosines in a plane: only the rank gives it away.
func TestCollapseWarnsOfLowRank(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	plane := make([][]float32, 60)
	for i := range plane {
		angle := draw.Float64() * 2 * math.Pi
		plane[i] = []float32{float32(math.Cos(angle)), float32(math.Sin(angle)), 0, 0}
	}
	if c := measure(t, plane); !strings.Contains(c.Warning(60), "rank") {
		t.Errorf("vectors of a plane: %+v, warning %q", c, c.Warning(60))
	}
}

// TestCollapseOfFewRows: a healthy space of few rows has a low rank and does not warn, one without spread does.
func TestCollapseOfFewRows(t *testing.T) {
	for n := 2; n <= 16; n++ {
		axes, line := make([][]float32, n), make([][]float32, n)
		for i := range axes {
			axes[i], line[i] = make([]float32, n), make([]float32, n)
			axes[i][i], line[i][0] = 1, float32(1-2*(i%2)) // on a line, to both sides: the mean cosine is low
		}
		if w := measure(t, axes).Warning(n); w != "" {
			t.Errorf("%d orthogonal rows warn: %s", n, w)
		}
		if w := measure(t, line).Warning(n); w == "" {
			t.Errorf("%d rows on a line do not warn", n)
		}
	}
	if metrics.RankLimit(17) != metrics.CollapsedRank || metrics.RankLimit(5000) != metrics.CollapsedRank {
		t.Error("many rows have another limit than the stated one")
	}
}

// TestAlignmentOfNoPairIsAbsent: no two rows share path and direction, so there is no distance to average.
func TestAlignmentOfNoPairIsAbsent(t *testing.T) {
	if c := measure(t, [][]float32{{1, 0}, {0, 1}}); c.Alignment != nil {
		t.Errorf("alignment %v of two rows of two values", *c.Alignment)
	}
	if c := measure(t, [][]float32{{1, 0}, {0, 1}, {0, 1}}); c.Alignment == nil || math.Abs(*c.Alignment-2) > 1e-9 {
		t.Errorf("alignment %v, want 2", c.Alignment)
	}
}
