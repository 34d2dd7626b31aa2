package figures_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/encoder"
	"hives/internal/audit"
	"hives/internal/audit/figures"
	"hives/internal/fault"
)

// TestUnlikeAuditsAreRefused: each would show as a drift of the model.
func TestUnlikeAuditsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*audit.Record){
		"judges":    func(r *audit.Record) { r.About.Judges[0].Model = "another" },
		"scoring.m": func(r *audit.Record) { r.About.Scoring.M = 9 },
		"scale":     func(r *audit.Record) { r.About.VIDB[care] = "other" },
		"tokens":    func(r *audit.Record) { r.About.MaxTokens = 12 },
		"prompt":    func(r *audit.Record) { r.Conditions[1].Hash = "x" },
		"no query in common": func(r *audit.Record) {
			for i := range r.Queries {
				r.Queries[i].Text += " really"
			}
		},
	} {
		b := deaf(5).record()
		spoil(&b)
		_, err := figures.Compare(deaf(4).record(), b)
		if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.ContainsAny(err.Error(), "{}") || strings.Contains(err.Error(), "scoring.k") {
			t.Errorf("not for a reader, or more than what differs: %v", err)
		}
	}
}

// TestFailIf: a limit fails only on what stands.
func TestFailIf(t *testing.T) {
	w := obedient()
	f := figures.Compute(w.record(), nil)
	d, err := figures.Compare(deaf(4).record(), w.record())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		words []string
		drift bool
		wrong bool
		fails string
	}{
		{[]string{"gain=2"}, false, false, "mft/care-harm at +2"},
		{[]string{"gain=9", "unscored=.1", "refusals=.1", "no-claim"}, false, false, ""},
		{[]string{"drift"}, true, false, "drift: mft/care-harm, gain"},
		{[]string{"drift=2"}, true, false, "drift: mft/care-harm, gain"},
		{[]string{"drift=9"}, true, false, ""},
		{[]string{"refusal-change"}, true, false, ""},
		{[]string{"gain"}, false, true, "wants a number"},
		{[]string{"gain=x"}, false, true, "want a number"},
		{[]string{"gain=-1"}, false, true, "want a number"},
		{[]string{"drift"}, false, true, "no such condition"},
		{[]string{"gian=1"}, false, true, `did you mean "gain"`},
	} {
		all, err := figures.ParseLimits(c.words, c.drift)
		if (err != nil) != c.wrong {
			t.Errorf("%v: %v", c.words, err)
			continue
		}
		if err == nil && c.drift {
			err = d.Fails(all)
		} else if err == nil {
			err = f.Fails(all)
		}
		if (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%v: %v, want %q", c.words, err, c.fails)
		}
	}
}

// TestTables: text and CSV hold every gain, and say which stands.
func TestTables(t *testing.T) {
	f := figures.Compute(obedient().record(), nil)
	var text, table bytes.Buffer
	if err := f.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{care, "*", "judges were not held to people", "fairness cheating", "default"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &text)
		}
	}
	if err := f.WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != 1+2+8 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	d, err := figures.Compare(deaf(4).record(), deaf(5).record())
	if err != nil {
		t.Fatal(err)
	}
	text.Reset()
	if err := d.WriteText(&text); err != nil || !strings.Contains(text.String(), "no change is shown") {
		t.Errorf("%s %v", &text, err)
	}
}

// TestTheFolderGetsItsFiles: four files, the same bytes each time; a folder without a record gets none.
func TestTheFolderGetsItsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := audit.Write(filepath.Join(dir, audit.RecordFile), obedient().record()); err != nil {
		t.Fatal(err)
	}
	read := func() (all []string) {
		if _, err := (figures.Job{Dir: dir}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{figures.JSONFile, figures.CSVFile, figures.CardFile, figures.PageFile} {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(raw))
		}
		return all
	}
	if a, b := read(), read(); !slices.Equal(a, b) {
		t.Error("figures of one record differ")
	}
	empty := t.TempDir()
	if _, err := (figures.Job{Dir: empty}).Run(t.Context()); err == nil {
		t.Error("a folder without a record has figures")
	}
	if left, _ := os.ReadDir(empty); len(left) > 0 {
		t.Errorf("%v lie in a folder without a record", left)
	}
	d, err := figures.Drifted(dir, dir)
	if err != nil || len(d.Changed()) != 0 {
		t.Errorf("%+v %v", d, err)
	}
}

// word embeds a text by its first letter, so that cosines are 0 or 1.
type word struct{}

func (word) Encode(_ context.Context, texts []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(texts))
	for i, x := range texts {
		out[i] = make([]float32, 26)
		out[i][int(strings.ToLower(x.Text)[0]-'a')%26] = 1
	}
	return out, encoder.Identity{}, nil
}

// TestCosinesAreOfNameAndDefinition: the twin adds the two vectors by hand.
func TestCosinesAreOfNameAndDefinition(t *testing.T) {
	r := obedient().record()
	for i := range r.Queries {
		r.Queries[i].Text = string(rune('a'+i%26)) + r.Queries[i].Text
	}
	got, err := figures.CosinesOf(t.Context(), word{}, r, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{care, fairness} {
		d, err := theories.Builtin().Define(id)
		if err != nil {
			t.Fatal(err)
		}
		a, b := strings.ToLower(figures.Name(id))[0], strings.ToLower(d.Text)[0]
		for _, q := range r.Queries {
			want, length := 0., math.Sqrt2
			if a == b {
				length = 2
			}
			for _, first := range []byte{a, b} {
				if q.Text[0] == first {
					want += 1 / length
				}
			}
			if math.Abs(got[q.ID][id]-want) > 1e-6 {
				t.Errorf("%q and %s: %v, want %v", q.Text, id, got[q.ID][id], want)
			}
		}
	}
}
