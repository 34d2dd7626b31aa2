package vidb

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
)

var four = theories.Builtin()

// saved is a file of two values, one of them with doubted scores and texts that need quoting.
func saved(t *testing.T) string {
	t.Helper()
	a, b := built(t, 10, care), built(t, 10, loyalty)
	a.Texts[2].Text = "She said: \"no,\nnever\r\n\".  ½ € \\ '"
	a.Texts[3].Text = ""
	a.PoolHash = poolHash(a.Texts)
	a.Scores[1].Theta, a.Scores[1].HumanMean = math.Nextafter(1, 2), -1.0/3
	path := filepath.Join(t.TempDir(), "vidb.db")
	must(t, Save(path, a, b))
	return path
}

// What is exported comes back to the byte, in both forms.
func TestExportsComeBack(t *testing.T) {
	path := saved(t)
	want, err := os.ReadFile(path)
	must(t, err)
	for _, form := range []string{Parquet, CSV} {
		dir := t.TempDir()
		names, err := Export(path, dir, form, nil, four, false)
		must(t, err)
		again, err := Export(path, t.TempDir(), form, nil, four, false)
		must(t, err)
		for i := range names {
			a, _ := os.ReadFile(names[i])
			if b, _ := os.ReadFile(again[i]); !bytes.Equal(a, b) || len(a) == 0 {
				t.Errorf("%s: two exports differ", names[i])
			}
		}
		out := filepath.Join(t.TempDir(), "back.db")
		ids, err := Import(dir, out, four)
		must(t, err)
		got, err := os.ReadFile(out)
		must(t, err)
		if !bytes.Equal(got, want) || len(ids) != 2 {
			t.Errorf("%s: %v came back with other bytes", form, ids)
		}
	}
	dir := t.TempDir()
	if _, err := Export(path, dir, CSV, []string{care}, four, false); err != nil {
		t.Fatal(err)
	}
	if ids, err := Import(dir, filepath.Join(dir, "one.db"), four); err != nil || len(ids) != 1 || ids[0] != care {
		t.Errorf("one of two values: %v, %v", ids, err)
	}
}

func TestImportsThatAreRefused(t *testing.T) {
	path := saved(t)
	for _, c := range []struct {
		reason, table, old, new string
		kind                    fault.Kind
		want                    string
	}{
		{"no number", "scores", "", "NaN", fault.Corrupt, "row 1: column theta"},
		{"infinite", "scores", "", "+Inf", fault.Corrupt, "row 1: column theta"},
		{"beyond all logits", "scores", "", "1000001", fault.Corrupt, "row 1: column theta"},
		{"a word", "scores", "", "high", fault.Corrupt, "row 1: column theta"},
		{"a column gone", "scores", ",theta,", ",thet,", fault.Corrupt, `"theta"`},
		{"a text changed", "scores", "deed number", "deal number", fault.Mismatch, "hash"},
		{"a table that is none", "scores", "text_id", "\x00", fault.Invalid, ""},
		{"no scores", "scores", "*", "", fault.NotFound, "scores.parquet"},
	} {
		dir := t.TempDir()
		_, err := Export(path, dir, CSV, nil, four, false)
		must(t, err)
		file := filepath.Join(dir, c.table+".csv")
		raw, err := os.ReadFile(file)
		must(t, err)
		text := string(raw)
		switch {
		case c.old == "*":
			must(t, os.Remove(file))
		case c.old == "": // the first row's utility
			lines := strings.SplitN(text, "\n", 3)
			cells := strings.Split(lines[1], ",")
			cells[2] = c.new
			lines[1] = strings.Join(cells, ",")
			text = strings.Join(lines, "\n")
		default:
			text = strings.ReplaceAll(text, c.old, c.new)
		}
		if c.old != "*" {
			must(t, os.WriteFile(file, []byte(text), 0o600))
		}
		out := filepath.Join(dir, "out.db")
		_, err = Import(dir, out, four)
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.reason, err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was written", c.reason)
		}
	}
}

// Parquet that is damaged at any place is refused, and never ends the program.
func TestDamagedParquetIsRefused(t *testing.T) {
	path, dir := saved(t), t.TempDir()
	_, err := Export(path, dir, Parquet, nil, four, false)
	must(t, err)
	file := filepath.Join(dir, "scores.parquet")
	raw, err := os.ReadFile(file)
	must(t, err)
	refused := 0
	for at := 0; at < len(raw); at += 211 {
		bad := bytes.Clone(raw)
		bad[at] ^= 0x55
		must(t, os.WriteFile(file, bad, 0o600))
		if _, err := Import(dir, filepath.Join(dir, "out.db"), four); err != nil {
			refused++
			if k := fault.Of(err); k == fault.Unknown {
				t.Errorf("byte %d: %v", at, err)
			}
		}
	}
	if refused == 0 {
		t.Error("no damage was found")
	}
}

// Rows that may not be handed on stay, unless somebody says that they may.
func TestLicencesThatForbid(t *testing.T) {
	for terms, free := range map[string]bool{
		"CC BY 4.0": true, "MIT (text), CC BY-SA 4.0 (labels)": true, "unknown": true, "CC BY-NC-SA": true,
		"research only, no redistribution": false, "not stated": false, "AI2 ImpACT MR": false, authorsLicence: false,
		"CC BY 4.0; not stated": false,
	} {
		v := built(t, 10, care)
		v.Texts[4].Licence = terms
		path := filepath.Join(t.TempDir(), "vidb.db")
		must(t, Save(path, v))
		_, err := Export(path, t.TempDir(), CSV, nil, four, false)
		if (err == nil) != free || (!free && (fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(),
			"--licence-ok"))) {
			t.Errorf("%s: %v", terms, err)
		}
		if _, err := Export(path, t.TempDir(), CSV, nil, four, true); err != nil {
			t.Errorf("%s, allowed: %v", terms, err)
		}
	}
	for corpus, marked := range map[string]bool{"valuenet": true, "valueprism": true, "mfrc": false} {
		if got := strings.HasPrefix(licence([]Text{{Corpus: "c", Licence: "free"}, {Corpus: corpus, Licence: "x"}}),
			"non-commercial"); got != marked {
			t.Errorf("%s: marked non-commercial %v", corpus, got)
		}
	}
}

// The authors' files are scores without utilities: they can be anchors, and what needs logits says why not.
func TestAuthorsFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	put("self_direction_pvq_flag_aggregated.csv", "text,final_rating\nI choose my own way.,8.5\n\"Obey, "+
		"always.\",-7\nI choose my own way.,3\n")
	put("civil_rights_right_flag_aggregated.csv", "id,text,final_rating\n1,A trial for all.,9\n2,Lock them up.,-9.25\n")
	out := filepath.Join(t.TempDir(), "vidb.db")
	ids, err := ImportAuthors(dir, out, four)
	must(t, err)
	if fmt.Sprint(ids) != "[right/civil-rights svt/openness-to-change/self-direction]" && len(ids) != 2 {
		t.Errorf("imported %v", ids)
	}
	f, err := Open(out, four)
	must(t, err)
	for _, id := range ids {
		v, err := f.Value(id)
		must(t, err)
		if len(v.Texts) != 2 || len(v.Anchors(0, "", "")) != 2 || !math.IsNaN(v.Utility(0)) {
			t.Errorf("%s: %d texts, utility %v", id, len(v.Texts), v.Utility(0))
		}
		if _, err := v.Map(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: a map without utilities: %v", id, err)
		}
		if !strings.Contains(v.Licence, "non-commercial") || v.Current() != nil {
			t.Errorf("%s: licence %q, %v", id, v.Licence, v.Current())
		}
	}
	for _, c := range []struct{ name, content, want string }{
		{"kindness_pvq_flag_aggregated.csv", "text,final_rating\na b,1\nc d,2\n", `"kindness"`},
		{"power_tarot_flag_aggregated.csv", "text,final_rating\na b,1\nc d,2\n", `"tarot"`},
		{"power_pvq_flag_aggregated.csv", "text,rating\na b,1\n", "final_rating"},
		{"power_pvq_flag_aggregated.csv", "text,final_rating\na b,1\nc d,11\n", "row 2 (line 3)"},
		{"power_pvq_flag_aggregated.csv", "text,final_rating\na b,NaN\nc d,1\n", "row 1"},
		{"power_pvq_flag_aggregated.csv", "text,final_rating\na b,1\n", "two are the fewest"},
	} {
		dir = t.TempDir()
		put(c.name, c.content)
		if _, err := ImportAuthors(dir, out, four); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := ImportAuthors(t.TempDir(), out, four); fault.Of(err) != fault.NotFound {
		t.Errorf("an empty folder: %v", err)
	}
}
