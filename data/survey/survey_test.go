package survey

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
)

// The names of files hold no sign that a file system or a shell minds, and no two are alike.
func TestSlugs(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Groups() {
		slug := g.Slug()
		if seen[slug] || strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%q has the slug %q", g.Attribute(), slug)
		}
		if seen[slug] = true; g.Topic() == "" || g.Aloud == "" || !slices.Contains(Categories, g.Category) {
			t.Errorf("%+v cannot be read aloud", g)
		}
	}
	if len(seen) != 22 || !seen["income-100-000-or-more"] || !seen["education-college-graduate-some-postgrad"] {
		t.Errorf("slugs %v", seen)
	}
}

const good = `{"question": "Question: Q%d?\nOptions: A. Yes B. No\nAnswer:", "options": ["Yes", "No"],
 "attribute": "POLPARTY_Democrat", "gold_distribution": [0.6, 0.4], "id": 7}`

func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every row that is left out has its reason, and the rows around it are read.
func TestRowsThatAreLeftOut(t *testing.T) {
	row := func(old, new string) string { return strings.Replace(fmt.Sprintf(good, 2), old, new, 1) }
	for bad, want := range map[string]string{
		row(`[0.6, 0.4]`, `[0.6, 0.3]`):            "do not sum to 1",
		row(`[0.6, 0.4]`, `[1.4, -0.4]`):           "negative",
		row(`[0.6, 0.4]`, `[0.6, 0.3, 0.1]`):       "two lengths",
		row(`["Yes", "No"]`, `["No", "Yes"]`):      "not those of the list",
		row(`"POLPARTY_Democrat"`, `"POLPARTY_x"`): "none of the 22",
		row(`Question: Q`, `Q`):                    "has not the form",
		fmt.Sprintf(good, 1):                       "already",
		strings.NewReplacer(` B. No`, "", `, "No"]`, "]", `[0.6, 0.4]`, "[1]").Replace(
			fmt.Sprintf(good, 2)): "fewer than two",
	} {
		s, err := Read(written(t, "["+fmt.Sprintf(good, 1)+","+bad+"]"))
		if err != nil || len(s.Rows) != 1 || len(s.Skipped) != 1 || !strings.Contains(s.Skipped[0].Reason, want) ||
			s.Skipped[0].First != "row 2" {
			t.Errorf("%s: %+v %v, want %q", bad, s, err, want)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	one := fmt.Sprintf(good, 1)
	for content, want := range map[string]string{
		"{}": "no JSON list", "": "no JSON list", "[" + one: "ends within row 2", "[" + one + ",": "ends within row 2",
		"[" + one + "] []": "behind its list", "[]": "holds no row", `[{"question": 3}]`: `row 1: has a "question"`,
		"[" + strings.Replace(one, `"id": 7`, `"options": []`, 1) + "]": "twice",
		"[" + strings.Replace(one, "0.6", "NaN", 1) + "]":               "row 1",
	} {
		if _, err := Read(written(t, content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", content, err, want)
		}
	}
	if _, err := Read("nowhere"); fault.Of(err) != fault.NotFound {
		t.Error(err)
	}
}

// wave writes a small one; edits replace texts in its files.
func smallWave(t *testing.T, edits ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Panel_W3")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := strings.NewReplacer(edits...)
	for name, content := range map[string]string{
		infoFile: "key,question,references,option_ordinal\nK,\"Is it \"\"so\"\"?\"," +
			"\"['Yes', \"\"I don't\"\", 'Refused']\",\"[1.0, 2.0]\"\n",
		metadataFile:  "key,options\nSEX,\"['Male', 'Female']\"\n",
		responsesFile: "K,SEX,WEIGHT_W3\nYes,Male,1\nI don't,Male,3\nRefused,Male,9\n,Male,9\nYes,Neither,9\nYes,Female,0\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(r.Replace(content)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Refusals, people who were not asked, and groups that metadata does not name count nowhere; a group of weight 0 has no
// row.
func TestSharesOfAWave(t *testing.T) {
	s, err := Read(smallWave(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rows) != 1 || fmt.Sprint(s.Rows[0].Shares) != "[0.25 0.75]" || s.Groups[s.Rows[0].Group].Label != "Male" ||
		s.Questions[0].Options[1] != "I don't" || s.Questions[0].Key != "Panel_W3/K" {
		t.Errorf("%+v", s)
	}
	for _, c := range [][3]string{
		{"WEIGHT_W3", "WEIGHT_W4", "one column of weights"}, {"key,question", "name,question", `no column "key"`},
		{"[1.0, 2.0]", "[1.0, 2.0, 3, 4]", "4 ordinals of 3"}, {"[1.0, 2.0]", "[1.0, x]", "no number"},
		{"['Yes'", "'Yes'", "no list"}, {"K,SEX", "L,SEX", `no column "K"`}, {"Refused,Male,9", "Refused,Male", "line 4"},
		{"['Yes',", "['Yes'", "without a comma"},
	} {
		if _, err := Read(smallWave(t, c[0], c[1])); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s: %v, want %q", c[1], err, c[2])
		}
	}
	s, err = Read(smallWave(t, "Male,3", "Male,many"))
	if err != nil || fmt.Sprint(s.Rows[0].Shares) != "[1 0]" || !strings.Contains(s.Skipped[0].Reason, "weight") {
		t.Errorf("a weight that is no number: %+v %v", s, err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), infoFile) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestPythonLists(t *testing.T) {
	for cell, want := range map[string]string{
		`['a', "b's", 'c\'d', "e\"f"]`: "a|b's|c'd|e\"f", `[1.0, -2]`: "1.0|-2", `[]`: "", `['\xe9\u2013\n']`: "é–\n",
		`["say \'so\'"]`: "say 'so'", `['x',]`: "x",
	} {
		if got, err := pythonList(cell); err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: %q %v", cell, got, err)
		}
	}
	for _, cell := range []string{"", "a", "['a", "['a' 'b']", "['a'] x", "[,]", `['\q']`} {
		if got, err := pythonList(cell); err == nil {
			t.Errorf("%s: %q", cell, got)
		}
	}
}

// A question stays where it is when others come or go, is never on both sides, and goes with those of its words.
func TestDivision(t *testing.T) {
	s, err := Read(filepath.Join(made, "list.json"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Divide(s, .4, 5)
	if err != nil || len(d.Profile)+len(d.Test) != 32 || d.Check() != nil {
		t.Fatalf("%+v %v", d, err)
	}
	half := *s
	half.Questions = slices.Clone(s.Questions[:16])
	half.Questions[0].ID = "the same words, other options"
	less, err := Divide(&half, .4, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range less.Profile {
		if !slices.Contains(d.Profile, words) {
			t.Errorf("%s moved", words)
		}
	}
	d.Test = append(d.Test, d.Profile[0])
	if err := d.Check(); fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), d.Profile[0]) {
		t.Errorf("a leaked question: %v", err)
	}
	for _, share := range []float64{0, 1, -1, 1e-9} {
		if _, err := Divide(s, share, 5); fault.Of(err) != fault.Invalid {
			t.Errorf("share %v: %v", share, err)
		}
	}
}
