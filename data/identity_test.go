package data

import (
	"testing"

	"hives/data/theories"

	"github.com/google/go-cmp/cmp"
)

const idHeader = "text_id,text,theory,level_1,level_2,level_3,direction,group\n"

// The text alone says which text a row is of: numbers that two files share neither merge nor mix anything.
func TestIDsOfFilesAreNotBelieved(t *testing.T) {
	a := write(t, "a.csv", idHeader+"0,Ann shares,mft,care/harm,,,1,0\n1,Ann keeps,mft,fairness/cheating,,,1,1\n")
	b := write(t, "b.csv", idHeader+"0,Bo feeds,mft,care/harm,,,-1,0\n1,Ann keeps!,mft,fairness/cheating,,,1,7\n")
	var all []Row
	for _, path := range []string{a, b} {
		rows, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	kept, stats := Dedupe(all, theories.Builtin())
	if len(kept) != 3 || stats.NormalisedDuplicates != 1 || stats.Contradictions != 0 {
		t.Fatalf("%d rows, %+v", len(kept), stats)
	}
	for i, want := range []struct {
		text, level string
		direction   int32
		given       string
	}{{"Ann shares", "care/harm", 1, "0"}, {"Ann keeps", "fairness/cheating", 1, "1"},
		{"Bo feeds", "care/harm", -1, "0"}} {
		r := kept[i]
		if r.Text != want.text || r.Level1 != want.level || r.Direction != want.direction || r.TextID != TextID(want.text) ||
			r.Extra[GivenID] != want.given {
			t.Errorf("row %d is %+v, want %+v", i, r, want)
		}
	}
	if kept[0].Group == kept[2].Group {
		t.Error("two files' number 0 became one group")
	}
}

func TestIDsWithinOneFile(t *testing.T) {
	for reason, c := range map[string]struct {
		cells      string
		texts      int
		givenFirst string
		groupFirst string
	}{
		"one id, two texts": {"x,a b,mft,care/harm,,,1,\nx,c d,mft,care/harm,,,-1,\n", 2, "x", TextID("a b")},
		"one text, two ids": {"x,a b,mft,care/harm,,,1,\ny,A b.,mft,fairness/cheating,,,1,\n", 1, "x", TextID("a b")},
		"no id":             {",a b,mft,care/harm,,,1,g\n,a b,mft,care/harm,,,1,g\n", 1, "", "g"},
		"our own id":        {TextID("a b") + ",a b,mft,care/harm,,,1,\n", 1, "", TextID("a b")},
		"our own id of before signs counted, and its group": {
			EarlierTextID("5% a") + ",5% a,mft,care/harm,,,1," + EarlierTextID("5% a") + "\n", 1, "", TextID("5% a")},
		"a group of its own": {"x,a b,mft,care/harm,,,1,thread 9\n", 1, "x", "thread 9"},
	} {
		rows, err := Read(write(t, "rows.csv", idHeader+c.cells))
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		ids := map[string]bool{}
		for _, r := range rows {
			ids[r.TextID] = true
			if r.TextID != TextID(r.Text) {
				t.Errorf("%s: %q has the id %s", reason, r.Text, r.TextID)
			}
		}
		if len(ids) != c.texts || rows[0].Extra[GivenID] != c.givenFirst || rows[0].Group != c.groupFirst {
			t.Errorf("%s: %d texts, first row %+v", reason, len(ids), rows[0])
		}
	}
}

// A file that went through again is the same file: the given ids stay, and no second column comes.
func TestGivenIDsComeBack(t *testing.T) {
	rows, err := Read(write(t, "rows.csv", idHeader+"x,a b,mft,care/harm,,,1,\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"again.csv", "again.parquet"} {
		path := t.TempDir() + "/" + name
		if err := Write(path, rows); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		rows[0].Corpus = "rows"
		if diff := cmp.Diff(rows, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}
