package card

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data"
	"hives/data/corpora"
	"hives/internal/fault"
)

// some rows of three corpora, one of them unknown and with a name that would mark up a page.
func someRows() []data.Row {
	row := func(text, corpus, licence string, direction int32, source string, path ...string) data.Row {
		r := data.Row{Text: text, Theory: "mft", Level1: path[0], Direction: direction, DirectionSource: source,
			IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor, TextID: data.TextID(text), Corpus: corpus,
			Licence: licence}
		if len(path) > 1 {
			r.Level2 = path[1]
		}
		r.Group = r.TextID
		return r
	}
	return []data.Row{
		row("secret words", "social-chem", "CC BY-SA 4.0", -1, data.SourceJudgement, "care/harm"),
		row("secret words", "social-chem", "CC BY-SA 4.0", 0, data.SourceJudgement, "loyalty/betrayal"),
		row("other words", "valuenet", "CC BY-NC-SA", 1, data.SourceAnnotated, "care/harm", "kindness"),
		row("secret words", "my|own\n<b>", "told me so", 0, data.SourceNone, "care/harm"),
	}
}

func write(t *testing.T, name string, rows []data.Row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := data.Write(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDescribe(t *testing.T) {
	c, err := Describe(write(t, "rows.parquet", someRows()), data.ReadOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Rows != 4 || c.Texts != 2 || c.Groups != 2 || len(c.SHA256) != 64 || c.Bytes == 0 {
		t.Errorf("%+v", c)
	}
	var names []string
	for _, k := range c.Corpora {
		names = append(names, fmt.Sprint(k.Name, " ", k.Known, " ", k.Rows, " ", k.Texts))
	}
	if want := []string{"social-chem true 2 1", "valuenet true 1 1", "my|own\n<b> false 1 1"}; !slices.Equal(want, names) {
		t.Errorf("corpora %q", names)
	}
	if want := []Theory{{"mft", 4, 3}}; !slices.Equal(want, c.Theories) {
		t.Errorf("theories %v", c.Theories)
	}
	if want := []Obligation{attribution, shareAlike, nonCommercial, askFirst}; !slices.Equal(want, c.Obligations) {
		t.Errorf("obligations %v", c.Obligations)
	}
	if len(c.Warnings) != 2 || !strings.Contains(c.Warnings[0], "CC BY-SA 4.0 and CC BY-NC-SA") {
		t.Errorf("warnings %q", c.Warnings)
	}
	if d := c.Directions[1]; d != (Direction{"social-chem", "mft", 0, data.SourceJudgement, 1}) {
		t.Errorf("directions %v", c.Directions)
	}
}

func TestPageIsPlainAndRepeatsNoText(t *testing.T) {
	path := write(t, "rows.parquet", someRows())
	pages := [2]string{}
	for i := range pages {
		c, err := Describe(path, data.ReadOptions{}, []*corpora.Summary{{Corpus: "valuenet", Records: 9, Rows: 1,
			Dropped: []corpora.Count{{Reason: "a | reason", N: 7}}, Unknown: []corpora.Count{{Reason: "<i>", N: 2}}}})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := c.WriteMarkdown(&b); err != nil {
			t.Fatal(err)
		}
		pages[i] = b.String()
	}
	if pages[0] != pages[1] {
		t.Error("two cards of one file differ")
	}
	for text, in := range map[string]bool{
		"secret": false, "<b>": false, "<i>": false, filepath.Dir(path): false, `my\|own &lt;b>`: true,
		`a \| reason | 7`:           true,
		"names no node: &lt;i> | 2": true, "Forbes": true, "share-alike": true, "mft | -1 | judgement | 1": true,
	} {
		if strings.Contains(pages[0], text) != in {
			t.Errorf("%q in the page: %v, want %v\n%s", text, !in, in, pages[0])
		}
	}
}

// The digest tells sets of rows apart, and not their order or format.
func TestDigest(t *testing.T) {
	rows := someRows()
	a, err := Describe(write(t, "a.parquet", rows), data.ReadOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(rows)
	b, err := Describe(write(t, "b.csv", rows), data.ReadOptions{}, nil)
	if err != nil || a.Digest != b.Digest || a.SHA256 == b.SHA256 {
		t.Errorf("order and format: %s, %s: %v", a.Digest, b.Digest, err)
	}
	rows[0].Level1 = "fairness/cheating"
	c, err := Describe(write(t, "c.csv", rows), data.ReadOptions{}, nil)
	if err != nil || a.Digest == c.Digest {
		t.Errorf("another label has the same digest: %v", err)
	}
}

func TestReadImports(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.json"), filepath.Join(dir, "bad.json")
	raw, _ := json.Marshal(corpora.Summary{Corpus: "mfrc", Files: []string{"/home/somebody/mfrc.tsv"},
		Bad: []data.BadRow{{File: "/home/x.tsv"}}})
	os.WriteFile(good, raw, 0o600)
	os.WriteFile(bad, []byte(`{"rows": 3}`), 0o600)
	got, err := ReadImports([]string{good})
	if err != nil || got[0].Files[0] != "mfrc.tsv" || got[0].Bad[0].File != "x.tsv" {
		t.Errorf("%+v: %v", got, err)
	}
	if _, err := ReadImports([]string{bad}); fault.Of(err) != fault.Invalid {
		t.Errorf("not an account: %v", err)
	}
	if _, err := ReadImports([]string{filepath.Join(dir, "none")}); fault.Of(err) != fault.NotFound {
		t.Errorf("no file: %v", err)
	}
}

// Every licence that an importer writes must be read by the card.
func TestEveryImportersLicenceIsKnown(t *testing.T) {
	for _, s := range corpora.Sources() {
		o := obligationsOf(s.Licence)
		if unknown := slices.Contains(o, askFirst); unknown != (s.Licence == "not stated") || s.Citation == "" ||
			s.Title == "" {
			t.Errorf("%s: licence %q asks for %v", s.Name, s.Licence, o)
		}
	}
	if !slices.Contains(obligationsOf("CC0 probably"), askFirst) {
		t.Error("an unknown licence is taken for leave")
	}
}
