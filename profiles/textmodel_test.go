package profiles_test

import (
	"bytes"
	"context"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/sqlitefile"
	"hives/profiles"
)

// TestFittedModel: vectors that hold a score are supported, cover what they promise on groups that were not seen, and
// leave controls behind; a value of whose scores vectors tell nothing is unsupported.
func TestFittedModel(t *testing.T) {
	m := model(t)
	for _, id := range []string{care, fairness} {
		at, _ := m.Find(id)
		v := m.Values[at]
		h := v.Held
		if v.Why != "" || v.Fit.R2 < .5 {
			t.Fatalf("%s: %q, R² %v", id, v.Why, v.Fit)
		}
		if h.Model.Coverage < .86 || h.Model.Coverage > .95 || h.Model.R2 < .5 {
			t.Errorf("%s: %+v", id, h.Model)
		}
		if h.Shuffled.R2 > .05 || h.Mean.R2 > .01 || h.Mean.Coverage < .85 || h.Shuffled.Coverage < .85 {
			t.Errorf("%s, controls: %+v, %+v", id, h.Shuffled, h.Mean)
		}
		if h.Mean.Answered != 0 || h.Model.Answered < .15 {
			t.Errorf("%s: the mean answers %v, the model %v", id, h.Mean.Answered, h.Model.Answered)
		}
		if h.Kept < .85 || h.Precision < .55 || h.Rows != 900 || h.About != 300 {
			t.Errorf("%s, relevance: %+v", id, h)
		}
	}
	at, _ := m.Find(fairness)
	if v := m.Values[at]; v.Neutral != -1.5 { // of a utility of −.75, where 5 are 10 units
		t.Errorf("fairness is neutral at %v", v.Neutral)
	}
	at, _ = m.Find(loyalty)
	if v := m.Values[at]; !strings.Contains(v.Why, "variance") || v.Fit != nil || v.Held.Model.R2 > .1 {
		t.Errorf("loyalty: %+v", v)
	}
}

// TestFileComesBack reads what was written, to the bit, and gives equal bytes for equal inputs in another order.
func TestFileComesBack(t *testing.T) {
	m := model(t)
	again := filepath.Join(t.TempDir(), "again.db")
	must(t, m.Write(again))
	a, _ := os.ReadFile(fitted.path)
	b, _ := os.ReadFile(again)
	if !bytes.Equal(a, b) || len(a) == 0 {
		t.Error("a model that was read writes other bytes")
	}
	if bytes.Contains(a, []byte("deed 1 of")) {
		t.Error("a text stands in the file")
	}
	database, rows := worldFiles(t, 900)
	job := fitJob(database, rows)
	job.Values = []string{loyalty, care, "mft/fairness_cheating"}
	other, err := profiles.FitTextModel(context.Background(), job, &made{})
	must(t, err)
	must(t, other.Write(again))
	if b, _ = os.ReadFile(again); !bytes.Equal(a, b) {
		t.Error("values named in another order give other bytes")
	}
	job.Rules.Seed = 1
	other, err = profiles.FitTextModel(context.Background(), job, &made{})
	must(t, err)
	must(t, other.Write(again))
	if b, _ = os.ReadFile(again); bytes.Equal(a, b) {
		t.Error("control: another seed gives the same bytes")
	}
}

// TestReadIsOfOneTextAlone: beside others, in another order and alone a text is read to the same bits, as the plain
// formulas have it.
func TestReadIsOfOneTextAlone(t *testing.T) {
	m := model(t)
	var vectors [][]float32
	for i := range 40 {
		vectors = append(vectors, vectorOf(said(i, []string{"care", "fairness"}[i%2], float64(i%9)/4-1)))
	}
	all := m.Read(vectors)
	at, _ := m.Find(care)
	v := m.Values[at]
	for i, x := range vectors {
		alone := m.Read([][]float32{x})[0]
		if alone[at] != all[i][at] {
			t.Fatalf("text %d: %+v beside others, %+v alone", i, all[i][at], alone[at])
		}
		y, dots := v.Fit.Ridge.Intercept, make([]float64, len(v.Rows))
		for d := range x {
			y += v.Fit.Ridge.W[d] * float64(x[d])
			for k, row := range v.Rows {
				dots[k] += m.Texts[row][d] * float64(x[d])
			}
		}
		if got := all[i][at]; math.Abs(got.Value-max(-10, min(10, y))) > 1e-9 ||
			math.Abs(got.Sigma-v.Fit.Doubt(dots, 10)) > 1e-9 {
			t.Errorf("text %d: %+v, want %v ± %v", i, got, y, v.Fit.Doubt(dots, 10))
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	model(t)
	dir := t.TempDir()
	good, _ := os.ReadFile(fitted.path)
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, content, 0o600))
		return path
	}
	changed := func(name, statement string) string {
		path := put(name, good)
		db, err := sqlitefile.Open(path, nil)
		must(t, err)
		defer db.Close()
		_, err = db.Exec(statement)
		must(t, err)
		return path
	}
	other := filepath.Join(dir, "other.db")
	must(t, sqlitefile.Kind{Name: "x", Application: 5, Version: 1, Schema: "CREATE TABLE a (b);"}.Write(other,
		func(*sql.Tx) error { return nil }))
	for _, c := range []struct {
		name, path string
		kind       fault.Kind
		says       string
	}{
		{"none", filepath.Join(dir, "none.db"), fault.NotFound, "none.db"},
		{"text", put("text.db", []byte("hello")), fault.Corrupt, "text.db"},
		{"torn", put("torn.db", good[:len(good)/2]), fault.Corrupt, "torn.db"},
		{"another program's", other, fault.Mismatch, "hives profile fit"},
		{"a newer one", changed("newer.db", "PRAGMA user_version = 3"), fault.Mismatch, "version 3"},
		{"a weight changed", changed("w.db", "UPDATE fitted_values SET intercept = intercept + 1e-9"), fault.Corrupt,
			"digest"},
		{"a text taken away", changed("t.db", "DELETE FROM trained WHERE place = 3"), fault.Corrupt, "training texts"},
		{"a rule bent", changed("r.db", "UPDATE about SET value = replace(value, '\"least_effective\":3', "+
			"'\"least_effective\":1') WHERE key = 'rules'"), fault.Corrupt, "digest"},
	} {
		_, err := profiles.OpenTextModel(c.path)
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v)", c.name, err, fault.Of(err))
		}
	}
	m := model(t)
	id := (&made{weight: "other"}).Identity()
	if err := m.CheckModel(id); fault.Of(err) != fault.Mismatch {
		t.Errorf("another model: %v", err)
	}
}

func TestFitsThatAreRefused(t *testing.T) {
	database, rows := worldFiles(t, 240)
	job := fitJob(database, rows)
	m, err := profiles.FitTextModel(context.Background(), job, &made{})
	must(t, err)
	for _, v := range m.Values {
		if v.ID != loyalty && v.Why != "" {
			t.Errorf("%s of 240 texts: %s", v.ID, v.Why)
		}
	}
	job.Rules.Fewest = 241
	m, err = profiles.FitTextModel(context.Background(), job, &made{})
	must(t, err)
	if v := m.Values[0]; !strings.Contains(v.Why, "240 scored texts") || v.Fit != nil {
		t.Errorf("too few: %+v", v)
	}
	bad := job
	bad.Values = []string{"mft/care-harn"}
	if _, err := profiles.FitTextModel(context.Background(), bad, &made{}); fault.Of(err) != fault.Invalid {
		t.Errorf("a mistyped value: %v", err)
	}
	bad = job
	bad.Rules.Effective = 1
	if _, err := profiles.FitTextModel(context.Background(), bad, &made{}); fault.Of(err) != fault.Invalid {
		t.Errorf("a rule out of bounds: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.csv")
	must(t, os.WriteFile(empty, []byte("text,theory,level_1,direction\n\"a right\",right,Civil Rights,1\n"), 0o600))
	bad = job
	bad.Rows = []string{empty}
	if _, err := profiles.FitTextModel(context.Background(), bad, &made{}); err == nil {
		t.Error("rows of another theory are let pass")
	}
}
