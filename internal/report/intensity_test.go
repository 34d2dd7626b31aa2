package report

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/internal/evaluate"
	"hives/internal/rig/goldentest"
	"hives/vidb"
)

// The repository's database is whole: every text has a score, a grade and a licence, and the scores keep people's
// order.
func TestTheDemosDatabaseIsWhole(t *testing.T) {
	packed, err := os.Open(filepath.Join(goldentest.ModuleRoot(t), "demo", "data", "vidb", "care-harm.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	in, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "care-harm.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := vidb.Open(path, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Values) != 1 {
		t.Fatalf("%d values", len(file.Values))
	}
	v, err := file.Value(file.Values[0].ValueID)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Current(); err != nil {
		t.Error(err)
	}
	right, pairs := 0, 0
	for a := range v.Texts {
		if x := v.Texts[a]; v.Scores[a].Status != vidb.Accepted || x.Licence == "" || x.Group == "" ||
			math.IsNaN(x.People.Mean()) {
			t.Fatalf("text %d: %+v, %+v", a, x, v.Scores[a])
		}
		for b := range a {
			if side := v.PeopleOrder(a, b); side != 0 {
				pairs++
				if (side > 0) == (v.Scores[a].Final > v.Scores[b].Final) {
					right++
				}
			}
		}
	}
	if len(v.Texts) != 600 || float64(right) < .99*float64(pairs) {
		t.Errorf("%d texts, %d of %d pairs in people's order", len(v.Texts), right, pairs)
	}
}

// hostileDatabase is a database of people's grades whose texts are hostile, a hundred or a few more.
func hostileDatabase(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	rows, path := filepath.Join(dir, "rows.csv"), filepath.Join(dir, "vidb.db")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(data.Write(rows, sample(330, "vidb")))
	v, err := vidb.Draw(vidb.PoolOptions{Rows: []string{rows}, Value: "mft/care-harm", Size: 120,
		MaxChars: vidb.DefaultMaxChars})
	must(err)
	must(vidb.BuildAnnotated(v, vidb.DefaultDesign()))
	must(vidb.Fit(t.Context(), v, vidb.DefaultFit()))
	must(vidb.Save(path, v))
	return path
}

// A text that was trained on, or whose group was, takes no part.
func TestTrainedTextsTakeNoPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.csv")
	rows := sample(4, "train")
	if err := data.Write(path, rows); err != nil {
		t.Fatal(err)
	}
	j := DemoJob{Job: Job{TrainData: path}}
	seen, err := j.seen()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text vidb.Text
		want bool
	}{{vidb.Text{ID: data.TextID(rows[0].Text)}, true}, {vidb.Text{ID: "other", Group: rows[0].Group}, true},
		{vidb.Text{ID: "other", Group: "other"}, false}, {vidb.Text{ID: "other"}, false}} {
		if got := seen(c.text); got != c.want {
			t.Errorf("%+v: seen %v", c.text, got)
		}
	}
}

// What the page says of a system's worth follows its figures.
func TestWorthFollowsTheFigures(t *testing.T) {
	table := func(order, lo, hi, beforeLo, beforeHi float64) *evaluate.ValueIntensity {
		of := func(name string, x, lo, hi float64) evaluate.IntensityOf {
			return evaluate.IntensityOf{System: name, Order: evaluate.Number(x), OrderLo: evaluate.Number(lo),
				OrderHi: evaluate.Number(hi)}
		}
		return &evaluate.ValueIntensity{Pairs: 900, Within: 6.2, Systems: []evaluate.IntensityOf{
			of(trainedName, order, lo, hi),
			of(trainedName+", shuffled", .5, .4, .6), of("before training", (beforeLo+beforeHi)/2, beforeLo, beforeHi)}}
	}
	for name, c := range map[string]struct {
		v    *evaluate.ValueIntensity
		says []string
	}{
		"nothing":     {table(.52, .47, .57, .5, .6), []string{"do not use them"}},
		"adds":        {table(.7, .66, .74, .55, .6), []string{"70 %", "66 % to 74 %", "training adds to it", "6.2 units"}},
		"not shown":   {table(.7, .66, .74, .6, .69), []string{"was not shown"}},
		"takes":       {table(.6, .56, .64, .7, .8), []string{"takes from it"}},
		"no pairs":    {table(math.NaN(), math.NaN(), math.NaN(), 0, 0), []string{"nothing can be said"}},
		"dealt out":   {table(.7, .66, .74, .6, .69), []string{"dealt out anew it is 50 %"}},
		"a plain sum": {table(.7, .66, .74, .6, .69), []string{"900 pairs", "Guessing has 50 %"}},
	} {
		said := strings.Join(worth(c.v), " ")
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q lacks %q", name, said, want)
			}
		}
		if name == "nothing" && strings.Contains(said, "training") {
			t.Errorf("%q goes on about what is worth nothing", said)
		}
	}
}

// Bars lie within the scale.
func TestScoreLinesLieWithinTheScale(t *testing.T) {
	all := intensityViews([]*evaluate.ValueIntensity{{ValueID: hostile, Systems: []evaluate.IntensityOf{{System: hostile}},
		Shown: []evaluate.IntensityText{{Text: hostile, Score: -10, Told: 10, Lo: -10, Hi: 10, People: math.NaN()},
			{Text: "b", Score: 1, Told: 2, Lo: 1.5, Hi: 9, People: 2}}}})
	for _, r := range all[0].Texted {
		if !slices.IsSorted([]float64{0, r.From, r.ToldAt, r.From + r.Wide, 100}) || r.ScoreAt < 0 || r.ScoreAt > 100 {
			t.Errorf("%+v", r)
		}
	}
	if got := all[0].Texted; got[0].People != "–" || got[1].People != "+2" {
		t.Errorf("people %q and %q", got[0].People, got[1].People)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, &view{Intensities: all}); err == nil && strings.Contains(b.String(), "<script>alert") {
		t.Error("a hostile text is not escaped")
	}
}
