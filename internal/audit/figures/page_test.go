package figures_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hives/internal/audit"
	"hives/internal/audit/figures"
	"hives/internal/rig/pagetest"
)

func draw(t *testing.T, r audit.Record) string {
	t.Helper()
	var out bytes.Buffer
	if err := figures.WritePage(&out, r, figures.Compute(r, nil)); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("HIVES_PAGES"); dir != "" { // to look at one
		if err := os.WriteFile(filepath.Join(dir, t.Name()+".html"), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// TestThePageHoldsWhatItShows: nothing from elsewhere, a file beside every table and picture, and behind every point
// the answers that it is made of, escaped.
func TestThePageHoldsWhatItShows(t *testing.T) {
	w := obedient()
	w.refuse = .2
	r := w.record()
	page := draw(t, r)
	pagetest.Check(t, page)
	for _, a := range r.Answers {
		text := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(a.Text)
		// One of two values stands behind the points of its prompt, and one without steering among the plain ones.
		if n := strings.Count(page, text); n != 1 {
			t.Fatalf("answer %q to %s stands %d times", a.Condition, a.Query, n)
		}
	}
	if strings.Contains(page, "An answer to q000 under default <b>") {
		t.Error("a model's words are read as HTML")
	}
	points := 0
	for _, m := range regexp.MustCompile(`<a href="#((?:p|c|q)-[^"]+)"`).FindAllStringSubmatch(page, -1) {
		points++
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Fatalf("a point leads to %q, which is not there", m[1])
		}
	}
	if points < 2*8+2+8 { // bars, levels, cells
		t.Errorf("%d points lead to answers", points)
	}
	for _, want := range []string{"beyond noise", "moved as asked", "figures.json", "gains.csv", "model-card.md"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestEqualRecordsMakeEqualPages: no map's order, no time.
func TestEqualRecordsMakeEqualPages(t *testing.T) {
	a, b := draw(t, obedient().record()), draw(t, obedient().record())
	if a != b {
		t.Error("two pages of one record differ")
	}
}

// TestAPageOfNothing: a record in which nothing has a score is drawn, and says so.
func TestAPageOfNothing(t *testing.T) {
	r := obedient().record()
	r.Scores = nil
	page := draw(t, r)
	pagetest.Check(t, page)
	if !strings.Contains(page, "No gain stands") || strings.Contains(page, "NaN") {
		t.Error("figures of nothing")
	}
}
