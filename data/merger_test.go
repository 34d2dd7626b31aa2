package data

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hives/data/theories"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawRows draws rows that collide often: few texts, two spellings of each, few groups and values.
func drawRows(r *rapid.T) []Row {
	rows := make([]Row, rapid.IntRange(0, 60).Draw(r, "rows"))
	paths := [][]string{{"conservation"}, {"openness to change", "hedonism"}, {"self-enhancement", "hedonism"}}
	for i := range rows {
		text := rapid.SampledFrom([]string{"a b", "A b!", "c", "d", "D", "e", "f"}).Draw(r, "text")
		direction := int32(rapid.IntRange(-1, 1).Draw(r, "direction"))
		source := SourceAnnotated
		if direction == 0 && rapid.Bool().Draw(r, "unjudged") {
			source = SourceNone
		}
		group := fmt.Sprint("g", rapid.IntRange(0, 5).Draw(r, "group"))
		rows[i] = said(text, group, direction, source, rapid.SampledFrom(paths).Draw(r, "path")...)
		rows[i].Corpus = rapid.StringMatching(`[xy]`).Draw(r, "corpus")
		if rapid.Bool().Draw(r, "extra") {
			rows[i].Extra = map[string]string{rapid.SampledFrom([]string{"p", "q"}).Draw(r, "name"): "v\x00é"}
		}
	}
	return rows
}

// The Merger on disk gives what Dedupe gives in memory: rows, order, groups and counts.
func TestMergerEqualsDedupe(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows := drawRows(r)
		want, wantStats := Dedupe(rows, theories.Builtin())
		m := NewMerger(theories.Builtin())
		m.limit, m.group.limit = rapid.IntRange(1, 80).Draw(r, "limit"), 2
		defer m.Close()
		for i := range rows {
			if err := m.Add(&rows[i]); err != nil {
				r.Fatal(err)
			}
		}
		stats, err := m.Finish()
		if err != nil {
			r.Fatal(err)
		}
		var got []Row
		if err := m.Each(func(row *Row) error { got = append(got, *row); return nil }); err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(want, got) + cmp.Diff(wantStats, stats); diff != "" {
			r.Fatal(diff)
		}
		if a, b := fmt.Sprint(extraColumns(want)), fmt.Sprint(m.Extra()); a != b {
			r.Fatalf("extra columns %s, want %s", b, a)
		}
		texts, groups := map[string]bool{}, map[string]bool{}
		for _, row := range want {
			texts[row.TextID], groups[row.Group] = true, true
		}
		gotTexts, gotGroups, err := m.Counts()
		if err != nil || gotTexts != len(texts) || gotGroups != len(groups) {
			r.Fatalf("%d texts, %d groups, want %d, %d: %v", gotTexts, gotGroups, len(texts), len(groups), err)
		}
	})
}

// Merging files on disk writes the bytes that Dedupe and Write would.
func TestMergeToWritesTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var rows []Row
	for i := range 500 {
		r := said(fmt.Sprintf("text %d", i%321), fmt.Sprint("g", i%77), int32(i%2), SourceAnnotated, "conservation",
			"tradition")
		r.Corpus, r.Licence, r.IndividualAnchor, r.TheoryAnchor = "c", "l", NoAnchor, NoAnchor
		rows = append(rows, r)
	}
	in, want, got := filepath.Join(dir, "in.parquet"), filepath.Join(dir, "want.parquet"),
		filepath.Join(dir, "got.parquet")
	kept, _ := Dedupe(rows, theories.Builtin())
	if err := Write(in, rows); err != nil {
		t.Fatal(err)
	}
	if err := Write(want, kept); err != nil {
		t.Fatal(err)
	}
	m := NewMerger(theories.Builtin())
	m.limit = 10
	sum, err := mergeInto(m, []string{in}, ReadOptions{}, got)
	if err != nil || sum.Files[0].Rows != len(rows) || sum.Merged.Out != len(kept) {
		t.Fatalf("%+v: %v", sum, err)
	}
	a, _ := os.ReadFile(want)
	b, _ := os.ReadFile(got)
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Errorf("%d and %d bytes differ", len(a), len(b))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "hives-rows-*")); len(left) != 0 {
		t.Errorf("temporary folders are left: %v", left)
	}
}

func TestDistinct(t *testing.T) {
	d := Distinct{limit: 8}
	defer d.Close()
	for i := range 1000 {
		if err := d.Add(fmt.Sprint(i % 137)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.Count(); n != 137 || err != nil {
		t.Errorf("%d of 137: %v", n, err)
	}
}

func TestSpoolCutShortIsCorrupt(t *testing.T) {
	r := said("a text", "g", 1, SourceAnnotated, "conservation")
	whole := appendRow(nil, 7, &r)
	for cut := 1; cut < len(whole); cut++ {
		var back Row
		if _, err := readRow(bufio.NewReader(bytes.NewReader(whole[:cut])), &back); err == nil {
			t.Fatalf("%d of %d bytes were read as a row", cut, len(whole))
		}
	}
	var back Row
	place, err := readRow(bufio.NewReader(bytes.NewReader(whole)), &back)
	if err != nil || place != 7 || !cmp.Equal(r, back) {
		t.Errorf("place %d, %v: %s", place, err, cmp.Diff(r, back))
	}
}
