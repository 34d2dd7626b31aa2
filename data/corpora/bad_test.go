package corpora

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

// copyOf copies one corpus of testdata, with one piece of one file replaced.
func copyOf(t *testing.T, corpus, file, old, new string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), corpus)
	if err := os.CopyFS(filepath.Dir(dir), os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(raw), old) {
		t.Fatalf("%s lacks what is to be replaced: %v", path, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBadRecordsAreNamedOrSkipped(t *testing.T) {
	folder := map[string]string{"valueeval": "valueeval", "mfrc": "mfrc", "social-chem": "social_chem",
		"moral-stories": "moral_stories"}
	for reason, c := range map[string]struct{ corpus, file, old, new, want string }{
		"too few cells":     {"valueeval", "arguments-training.tsv", "\tagainst\t", "\t", "has 3 cells, the header 4"},
		"no labels for it":  {"valueeval", "arguments-training.tsv", "A05017", "A05018", "no line in the labels file"},
		"twice the same id": {"valueeval", "arguments-training.tsv", "A05017", "A02007", "stands above"},
		"a label of 2":      {"valueeval", "labels-training.tsv", "A02007\t0", "A02007\t2", "neither 0 nor 1"},
		"empty premise": {"valueeval", "arguments-training.tsv", "cosmetic surgery is unnecessary and dangerous.",
			" ", "the text is empty"},
		"not UTF-8":              {"mfrc", "mfrc.tsv", "Money", "Mon\xffey", "not UTF-8"},
		"annotators not counted": {"mfrc", "mfrc.tsv", "\t2\t2\t", "\t2\tx\t", "Care is not a number of annotators"},
		"comment of spaces": {"mfrc", "mfrc.tsv", "I agree! Shes a horrible person and you deserve better!", " &nbsp; ",
			"the text is empty"},
		"unknown foundation": {"social-chem", "social_chem.tsv", "sanctity-degradation", "sanctity",
			`nearest: "sanctity/degradation"`},
		"judgement a word": {"social-chem", "social_chem.tsv", "\t1.0\t4.0", "\tgood\t4.0",
			"action-moral-judgment is not a number"},
		"not JSON": {"moral-stories", "moral_stories.jsonl", "{", "", "not a JSON object"},
		"label of the other": {"moral-stories", "moral_stories.jsonl", `"label": "1"`, `"label": "0"`,
			"does not go with the action"},
		"no norm": {"moral-stories", "moral_stories.jsonl", `"norm"`, `"rule"`, "lacks the norm"},
	} {
		dir := copyOf(t, folder[c.corpus], c.file, c.old, c.new)
		o := Options{In: dir}
		_, _, err := Import(c.corpus, o)
		if fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		for _, want := range []string{c.file, "row ", "line ", c.want, "--skip-bad"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", reason, err, want)
			}
		}
		o.SkipBad = true
		rows, sum, err := Import(c.corpus, o)
		if err != nil || len(rows) == 0 || len(sum.Bad) == 0 {
			t.Errorf("%s, skipped: %d rows, %v, %v", reason, len(rows), sum.Bad, err)
		}
	}
}

func TestFoldersThatDoNotFit(t *testing.T) {
	for reason, c := range map[string]struct {
		corpus, dir string
		kind        fault.Kind
		want        string
	}{
		"unknown corpus": {"values", "testdata/mfrc", fault.Invalid, "valueeval, mfrc"},
		"no folder":      {"mfrc", "testdata/absent", fault.NotFound, "no such folder"},
		"nothing in it":  {"valueeval", "testdata/mfrc", fault.NotFound, "arguments-*.tsv"},
		"another corpus": {"mfrc", "testdata/social_chem", fault.Invalid, `missing column "text"`},
		"a missing column": {"social-chem", copyOf(t, "social_chem", "social_chem.tsv", "rot-moral-foundations", "x"),
			fault.Invalid, "rot-moral-foundations"},
		"an unknown value": {"valueeval", copyOf(t, "valueeval", "labels-training.tsv", "Hedonism", "Joy"), fault.Invalid,
			`"Joy" is no value of svt`},
		"labels without id": {"valueeval", copyOf(t, "valueeval", "labels-training.tsv", "Argument ID\t", "Tradition\t"),
			fault.Invalid, "Argument ID"},
	} {
		_, _, err := Import(c.corpus, Options{In: c.dir})
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	empty := t.TempDir()
	os.WriteFile(filepath.Join(empty, "mfrc.tsv"), nil, 0o600)
	if _, _, err := Import("mfrc", Options{In: empty}); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty file: %v", err)
	}
}
