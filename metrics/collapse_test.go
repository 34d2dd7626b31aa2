package metrics_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/data"
	"hives/metrics"
)

// rowsOf labels n vectors: two values, alternating.
func rowsOf(n int) *data.Labels {
	rows := make([]data.Row, n)
	for i := range rows {
		rows[i] = data.Row{Theory: "duty", Level1: []string{"justice", "fidelity"}[i%2], TextID: string(rune('a' + i))}
	}
	return data.NewLabels(rows)
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
		"alignment": {c.Alignment, 2}, "uniformity": {c.Uniformity, -4},
	} {
		if math.Abs(got[0]-got[1]) > 1e-9 {
			t.Errorf("orthonormal rows: %s %g, want %g", what, got[0], got[1])
		}
	}
	if w := c.Warning(); w != "" {
		t.Errorf("orthonormal rows warn: %s", w)
	}
	same := make([][]float32, 8)
	for i := range same {
		same[i] = []float32{.6, .8}
	}
	c = measure(t, same)
	if math.Abs(c.MeanCosine-1) > 1e-6 || math.Abs(c.EffectiveRank-1) > 1e-3 || !strings.Contains(c.Warning(), "cosine") {
		t.Errorf("equal rows: %+v, warning %q", c, c.Warning())
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
	if c := measure(t, plane); !strings.Contains(c.Warning(), "rank") {
		t.Errorf("vectors of a plane: %+v, warning %q", c, c.Warning())
	}
}
