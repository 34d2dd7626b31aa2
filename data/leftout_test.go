package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data/theories"
	"hives/internal/fault"
)

const twoWays = rowsOfText +
	"one text,mft,care/harm,,,1\n" + // 1: contradicted by row 3
	"other text,mft,care/harm,,,1\n" + // 2: bad below
	"One text.,mft,care/harm,,,-1\n" + // 3
	"one text,mft,fairness/cheating,,,1\n" + // 4: another value stays
	"one text,mft,care/harm,,,0\n" + // 5: nobody judged it; goes with the two
	"third,svt,openness to change,hedonism,,1\n" + // 6: contradicted under hedonism's other parent
	"third,svt,self-enhancement,hedonism,,-1\n" // 7

func TestWhatMergingLeavesOutIsListed(t *testing.T) {
	bad := strings.Replace(twoWays, "other text,mft,care/harm,,,1", "other text,mft,care/harm,,,7", 1)
	a, b := write(t, "a.csv", bad), write(t, "b.csv", rowsOfText+"calm,mft,care/harm,,,0\nloud,mft,care/harm,,,1\n")
	c := write(t, "c.csv", rowsOfText+"calm,mft,care/harm,,,1\nlast,mft,care/harm,,,1\n")
	want := []string{
		"a 1 contradicted 1", "a 3 contradicted -1", "a 5 contradicted 0", "a 6 contradicted 1", "a 7 contradicted -1",
		"b 1 superseded 0"}
	for _, limit := range []int{1, 3, mergeInMemory} { // on disk, partly, in memory
		m := NewMerger(theories.Builtin())
		m.limit = limit
		out := filepath.Join(t.TempDir(), "out.csv")
		sum, err := mergeInto(m, []string{a, b, c}, ReadOptions{SkipBad: true}, out)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range sum.LeftOut {
			name := strings.TrimSuffix(filepath.Base(l.File), ".csv")
			got = append(got, fmt.Sprintf("%s %d %s %d", name, l.Row, l.Reason, l.Direction))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d:\n%s", limit, diff)
		}
		if len(sum.Examples) != 5 || sum.Merged.Contradictions != 5 || sum.Merged.Superseded != 1 || len(sum.Bad) != 1 {
			t.Errorf("limit %d: %+v", limit, sum)
		}
		if s := sum.Examples[1].String(); s != a+": row 3 opposes mft/care-harm, which another row of its text contradicts" {
			t.Errorf("%s", s)
		}
		list := filepath.Join(t.TempDir(), "list.csv")
		if err := WriteLeftOut(list, sum.LeftOut); err != nil {
			t.Fatal(err)
		}
		raw, _ := os.ReadFile(list)
		if lines := strings.Split(strings.TrimSpace(string(raw)), "\n"); len(lines) != 7 ||
			lines[6] != fmt.Sprintf("%s,1,superseded,%s,mft/care-harm,0", b, TextID("calm")) {
			t.Errorf("%s", raw)
		}
	}
}

// A single file that is read to train or measure keeps what a merge of it keeps, duplicates aside.
func TestReadSettledLeavesOutContradictions(t *testing.T) {
	path := write(t, "rows.csv", strings.Replace(twoWays, "other text,mft,care/harm,,,1", "other text,mft,care/harm,,,7",
		1)+"one text,mft,fairness/cheating,,,1\n")
	s, err := ReadSettled(path, ReadOptions{SkipBad: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{4, 8}, s.Numbers); diff != "" || len(s.Rows) != 2 ||
		s.Rows[0].Level1 != "fairness/cheating" || len(s.Bad) != 1 {
		t.Errorf("%v, %+v\n%s", s.Numbers, s.Rows, diff)
	}
	if note := s.Note(); len(s.LeftOut) != 5 || !strings.Contains(note, "5 rows that contradict each other") ||
		!strings.Contains(note, path+": row 1") {
		t.Errorf("%d left out: %s", len(s.LeftOut), note)
	}
	clean, err := ReadSettled(write(t, "rows.csv", rowsOfText+"a,mft,care/harm,,,1\na,mft,care/harm,,,0\n"), ReadOptions{})
	if err != nil || len(clean.Rows) != 2 || clean.Note() != "" {
		t.Errorf("without a contradiction: %+v, %v", clean, err)
	}
}

func TestReadConsistentRefusesAFileOfContradictions(t *testing.T) {
	path := write(t, "rows.csv", rowsOfText+"a,mft,care/harm,,,1\na,mft,care/harm,,,-1\n")
	if _, err := ReadConsistent(path, theories.Builtin(), nil); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "2 rows that contradict") {
		t.Errorf("%v", err)
	}
	var notes []string
	path = write(t, "rows.csv", twoWays)
	s, err := ReadConsistent(path, theories.Builtin(), func(n string) { notes = append(notes, n) })
	if err != nil || len(s.Rows) != 2 || len(notes) != 1 || !strings.Contains(notes[0], "left out: 5 rows") {
		t.Errorf("%+v, %q, %v", s, notes, err)
	}
}

func TestSplitNeverReplacesWhatItSplits(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "train.parquet")
	if err := Write(path, sample()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	if _, err := SplitFile(path, dir, DefaultSplit(), ReadOptions{}); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "part of itself") {
		t.Errorf("%v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file was changed")
	}
}
