package vidb

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"hives/internal/rig/pagetest"
)

// The page shows every value with its pictures, and is the same for the same values.
func TestPageOfValues(t *testing.T) {
	v, other := built(t, 60, care), built(t, 60, care)
	for i := range other.Scores {
		other.Scores[i].Final = -other.Scores[i].Final
	}
	v.Texts[0].Text = `</td><script>alert(1)</script>`
	draw := func() []byte {
		var out bytes.Buffer
		s, err := NewSheet(context.Background(), v, other, "other.db", 200)
		must(t, err)
		must(t, WritePage(&out, []Sheet{s}))
		return out.Bytes()
	}
	raw := draw()
	pagetest.Check(t, string(raw))
	for _, want := range []string{"mft/care-harm", "rank correlation -1.000", "histogram of final scores",
		"against calls", Annotations} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(string(raw), "<script>alert") {
		t.Error("a text became part of the page")
	}
	if !bytes.Equal(raw, draw()) {
		t.Error("two pages of the same value differ")
	}
}

// More windows make scores surer, and the last fit is the value's own.
func TestErrorFallsWithCalls(t *testing.T) {
	v := built(t, 60, care)
	g, err := v.Growth(context.Background())
	must(t, err)
	last := g[len(g)-1]
	if len(g) < 3 || g[0].MeanSE <= last.MeanSE || last.Distance > 1e-9 || last.Calls != 12 {
		t.Errorf("%+v", g)
	}
	if math.Abs(last.MeanSE-v.Report.Fit.MeanSE) > 1e-9 {
		t.Errorf("mean error %v, of the value %v", last.MeanSE, v.Report.Fit.MeanSE)
	}
}
