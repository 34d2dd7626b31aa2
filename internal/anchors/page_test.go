package anchors

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	bank "hives/data/anchors"
	"hives/internal/fault"
	"hives/internal/kmeans"
	"hives/internal/rig/pagetest"
)

func TestPageIsSelfContainedAndEscapesTexts(t *testing.T) {
	rows := topicRows(9, 9)
	for i := range rows {
		rows[i].Text += ` <script>alert("x")</script>`
		rows[i].TextID = data.TextID(rows[i].Text)
	}
	b := build(t, newFake(), smallOptions(rowsFile(t, rows), 2))
	var page bytes.Buffer
	if err := b.WritePage(&page); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	if strings.Contains(html, "<script") || !strings.Contains(html, "&lt;script&gt;") {
		t.Error("a text reached the page unescaped, or not at all")
	}
	pagetest.Check(t, html)
	if n := strings.Count(html, `class="text `); n != 18 {
		t.Errorf("%d texts drawn, want 18", n)
	}
	if n := strings.Count(html, `class="anchor `); n != 2 {
		t.Errorf("%d anchors drawn, want 2", n)
	}
	if strings.Contains(html, "NaN") {
		t.Error("a place is no number")
	}
}

// The first axis must hold more variance than any of many random directions, and the axes stand upright.
func TestPrincipalAxesHoldMostVariance(t *testing.T) {
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, 0))
	p := kmeans.NewPoints(300, 6)
	for i := range p.Data {
		p.Data[i] = float32(rng.NormFloat64() * float64(1+i%6)) // column 5 is the widest
	}
	all := even(p.N, p.N)
	pr, err := principal(p, all)
	if err != nil {
		t.Fatal(err)
	}
	variance := func(axis []float64) (sum float64) {
		for _, i := range all {
			at := 0.0
			for j, x := range p.Row(i) {
				at += (float64(x) - pr.mean[j]) * axis[j]
			}
			sum += at * at / float64(p.N)
		}
		return sum
	}
	first, second := variance(pr.axes[0]), variance(pr.axes[1])
	if first < second || math.Abs(dot(pr.axes[0], pr.axes[1])) > 1e-9 || math.Abs(dot(pr.axes[0], pr.axes[0])-1) > 1e-9 {
		t.Errorf("seed %d: variances %v and %v, product of the axes %v", seed, first, second, dot(pr.axes[0], pr.axes[1]))
	}
	whole := 0.0
	for j := range p.D {
		axis := make([]float64, p.D)
		axis[j] = 1
		whole += variance(axis)
	}
	if math.Abs(pr.share[0]-first/whole) > 1e-9 {
		t.Errorf("share %v, counted %v", pr.share[0], first/whole)
	}
	for range 200 {
		axis := make([]float64, p.D)
		for j := range axis {
			axis[j] = rng.NormFloat64()
		}
		size := math.Sqrt(dot(axis, axis))
		for j := range axis {
			axis[j] /= size
		}
		if variance(axis) > first {
			t.Errorf("a random direction holds %v, the first axis %v", variance(axis), first)
		}
	}
	if pr.axes[0][5] < .5 {
		t.Errorf("the first axis %v does not point along the widest column", pr.axes[0])
	}
}

func TestShowPrintsAnchorsWithTheirTexts(t *testing.T) {
	path := rowsFile(t, topicRows(9, 9, 9))
	b := build(t, newFake(), smallOptions(path, 3))
	file := filepath.Join(t.TempDir(), "a.parquet")
	if err := bank.Write(file, b.Bank); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := RunShow(ShowJob{Bank: file, Rows: path, N: 2, Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "3 anchors\n") || strings.Count(out.String(), "values: ") != 2 ||
		strings.Count(out.String(), "– topic") != 16 {
		t.Errorf("%s", out.String())
	}
	out.Reset()
	if err := RunShow(ShowJob{Bank: file, JSON: true, Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	var got shown
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Examples) != 3 ||
		len(got.Examples[0].Exemplars) != 9 {
		t.Errorf("%v: %+v", err, got)
	}
	b.Bank.Meta = nil
	if err := bank.Write(file, b.Bank); err != nil {
		t.Fatal(err)
	}
	if err := RunShow(ShowJob{Bank: file, Stdout: &out}); fault.Of(err) != fault.Invalid {
		t.Errorf("a bank without provenance: %v", err)
	}
}

func TestWeightsOf(t *testing.T) {
	digest := strings.Repeat("0a", 32)
	if got, err := WeightsOf(digest); err != nil || got != digest {
		t.Errorf("%q, %v", got, err)
	}
	dir := t.TempDir()
	if _, err := WeightsOf(dir); err == nil {
		t.Error("a folder without weights was accepted")
	}
	// The digest of "abc" is the first example of FIPS 180-2, appendix B.
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got, err := WeightsOf(dir); err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}
