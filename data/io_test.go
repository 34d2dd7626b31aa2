package data

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// sample has every kind of cell: quotes, line ends, other scripts, extra columns, all directions.
func sample() []Row {
	row := func(text, theory, l1, l2, l3 string, direction int32, source string) Row {
		return Row{
			Text: text, Theory: theory, Level1: l1, Level2: l2, Level3: l3,
			Direction: direction, DirectionSource: source, IndividualAnchor: NoAnchor, TheoryAnchor: 7,
			TextID: TextID(text), Group: TextID(text), Corpus: "here", Licence: "CC0",
			Extra: map[string]string{"note": "a, \"b\"", "weight": ""},
		}
	}
	return []Row{
		row("Sharing \"bread\",\nwith all", "svt", "self-transcendence", "universalism", "universalism:concern", 1,
			SourceAnnotated),
		row("मूल्य", "mft", "care/harm", "", "", -1, SourceJudgement),
		row("Keeping a promise", "duty", "fidelity", "", "", 0, SourceNone),
		row("A fair court", "right", "first_generation", "political_rights", "right_to_fair_trial", 0, SourceJudgement),
	}
}

func write(t *testing.T, name string, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRowsComeBack(t *testing.T) {
	for _, name := range []string{"rows.parquet", "rows.csv", "ROWS.CSV"} {
		path := filepath.Join(t.TempDir(), name)
		want := sample()
		if err := Write(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// More rows than one batch, and more than one row group of a small file.
func TestManyRowsComeBackInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.parquet")
	const n = rowsPerGroup + batchRows + 1
	err := WriteStream(path, nil, func(put func(*Row) error) error {
		r := sample()[2]
		r.Extra = nil
		for i := range n {
			r.TheoryAnchor = int32(i)
			if err := put(&r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	next := int32(0)
	if _, err := Scan(path, ReadOptions{}, func(r *Row) error {
		if r.TheoryAnchor != next {
			t.Fatalf("row %d stands at place %d", r.TheoryAnchor, next)
		}
		next++
		return nil
	}); err != nil || next != n {
		t.Errorf("read %d rows of %d: %v", next, n, err)
	}
}

func TestSameRowsGiveSameBytes(t *testing.T) {
	for _, ending := range []string{".parquet", ".csv"} {
		var files [2][]byte
		for i := range files {
			path := filepath.Join(t.TempDir(), "rows"+ending)
			if err := Write(path, sample()); err != nil {
				t.Fatal(err)
			}
			files[i], _ = os.ReadFile(path)
		}
		if len(files[0]) == 0 || !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: %d and %d bytes that differ", ending, len(files[0]), len(files[1]))
		}
	}
}

// What the paper's authors call two of the columns, and what they leave out.
func TestAuthorsColumns(t *testing.T) {
	path := write(t, "valueflow.csv", "\uFEFFtext,theory,level_1,level_2,level_3,direction,selected_individual,"+
		"selected_anchor,\n"+
		"Helping others.,MFT,care-harm,,,1.0,12.0,3,0\n"+
		"Waiting,duty,Fidelity,,,0,,,1\n")
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	id := TextID("helping others")
	want := []Row{
		{Text: "Helping others.", Theory: "mft", Level1: "care/harm", Direction: 1, DirectionSource: SourceAnnotated,
			IndividualAnchor: 12, TheoryAnchor: 3, TextID: id, Group: id, Corpus: "valueflow", Licence: "unknown",
			Extra: map[string]string{"Unnamed: 8": "0"}},
		{Text: "Waiting", Theory: "duty", Level1: "fidelity", DirectionSource: SourceNone,
			IndividualAnchor: NoAnchor, TheoryAnchor: NoAnchor, TextID: TextID("waiting"), Group: TextID("waiting"),
			Corpus: "valueflow", Licence: "unknown", Extra: map[string]string{"Unnamed: 8": "1"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Data frames write columns with gaps as doubles and optional strings.
func TestForeignParquet(t *testing.T) {
	type foreign struct {
		Text      string   `parquet:"text"`
		Theory    string   `parquet:"theory"`
		Level1    *string  `parquet:"level_1,optional"`
		Level2    *string  `parquet:"level_2,optional"`
		Level3    *string  `parquet:"level_3,optional"`
		Direction float64  `parquet:"direction"`
		Anchor    *float64 `parquet:"selected_anchor,optional"`
		Year      int64    `parquet:"year"`
	}
	level, anchor := "care/harm", 4.0
	path := filepath.Join(t.TempDir(), "frame.parquet")
	if err := parquet.WriteFile(path, []foreign{
		{"a", "mft", &level, nil, nil, -1, &anchor, 2020},
		{"b", "mft", &level, nil, nil, 0, nil, 2021},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Direction != -1 || got[0].TheoryAnchor != 4 || got[1].TheoryAnchor != NoAnchor ||
		got[1].DirectionSource != SourceNone || got[1].Extra["year"] != "2021" || got[1].Level2 != "" {
		t.Errorf("read %+v", got)
	}
}

func TestNewerVersionAndOtherKindAreRefused(t *testing.T) {
	file := func(key, value string) string {
		path := filepath.Join(t.TempDir(), "rows.parquet")
		if err := parquet.WriteFile(path, []Row{}, parquet.KeyValueMetadata(key, value)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		key, value, want string
		kind             fault.Kind
	}{
		{versionKey, "2", "use a newer hives", fault.Mismatch},
		{versionKey, "later", "not a number", fault.Corrupt},
		{kindKey, "scores", "not rows", fault.Mismatch},
	} {
		if _, err := Read(file(c.key, c.value)); fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v", c.key, c.value, err)
		}
	}
	if _, err := Read(file(versionKey, "1")); err != nil {
		t.Errorf("this version: %v", err)
	}
}

// A damaged file gives an error of its kind wherever the damage is, and never a panic.
func TestTornParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.parquet")
	want := sample()
	if err := Write(path, want); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	for _, keep := range []int{0, 3, 4, len(whole) / 2, len(whole) - 9, len(whole) - 1} {
		os.WriteFile(path, whole[:keep], 0o600)
		if _, err := Read(path); fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), path) {
			t.Errorf("cut after %d of %d bytes: %v", keep, len(whole), err)
		}
	}
	// Pages carry check sums; the index and the footer after them carry none, so there only a panic or a
	// nameless error is a fault.
	file, err := parquet.OpenFile(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	index := int(file.Metadata().RowGroups[0].Columns[0].ColumnIndexOffset)
	refused := 0
	for at := 0; at < len(whole); at += 11 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x55
		os.WriteFile(path, damaged, 0o600)
		got, err := Read(path)
		switch {
		case err == nil && at < index && !cmp.Equal(want, got):
			t.Errorf("byte %d: other rows were read", at)
		case err != nil && fault.Of(err) == fault.Unknown:
			t.Errorf("byte %d: an error without a kind: %v", at, err)
		case err != nil:
			refused++
		}
	}
	if refused < index/11/4 {
		t.Errorf("only %d damaged files were refused, the pages have %d bytes", refused, index)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	for reason, c := range map[string]struct {
		path string
		kind fault.Kind
		want string
	}{
		"absent":         {filepath.Join(t.TempDir(), "no.csv"), fault.NotFound, "no.csv"},
		"another ending": {write(t, "rows.xlsx", ""), fault.Invalid, ".parquet or .csv"},
		"empty":          {write(t, "rows.csv", ""), fault.Invalid, "name the columns"},
	} {
		if _, err := Read(c.path); fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", reason, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "folder.csv")
	os.Mkdir(dir, 0o700)
	if _, err := Read(dir); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// full is a disk without space.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, syscall.ENOSPC
	}
	return len(p), nil
}

func TestFullDiskLeavesTheOldFile(t *testing.T) {
	for name, start := range map[string]func(io.Writer, []string) (rowWriter, error){
		"parquet": newParquetWriter, "csv": newCSVWriter,
	} {
		path := write(t, "rows."+name, "old")
		err := fsutil.WriteFile(path, func(io.Writer) error {
			out, err := start(&full{room: 64}, nil)
			for i := range sample() {
				if err == nil {
					err = out.write(&sample()[i])
				}
			}
			if err == nil {
				err = out.finish()
			}
			return err
		})
		if fault.Of(err) != fault.Exhausted || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", name, err)
		}
		left, _ := os.ReadDir(filepath.Dir(path))
		if old, _ := os.ReadFile(path); string(old) != "old" || len(left) != 1 {
			t.Errorf("%s: the old file is %q beside %d others", name, old, len(left)-1)
		}
	}
}

// A text has no limit here, and cleaning one that is nothing but nested entities takes one pass.
func TestLongText(t *testing.T) {
	long := CleanText("&" + strings.Repeat("amp;", 25_000) + strings.Repeat("long \"text\", ", 100_000/13))
	if !strings.HasPrefix(long, "&long \"text\",") {
		t.Fatalf("cleaned to %.20q", long)
	}
	rows := sample()[:1]
	rows[0].Text = long
	for _, ending := range []string{".parquet", ".csv"} {
		path := filepath.Join(t.TempDir(), "rows"+ending)
		if err := Write(path, rows); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || len(got) != 1 || got[0].Text != long {
			t.Errorf("%s: %d rows, %v", ending, len(got), err)
		}
	}
}
