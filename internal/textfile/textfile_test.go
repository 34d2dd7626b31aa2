package textfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hives/internal/fault"
)

func put(t interface {
	TempDir() string
	Fatal(...any)
}, content string) string {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read gives every row's cells joined by "|", and a bad row's line and reason.
func read(path string, d Dialect) (names string, rows []string, err error) {
	table, err := OpenTable(path, d)
	if err != nil {
		return "", nil, err
	}
	defer table.Close()
	for {
		cells, line, err := table.Next()
		broken := new(RowError)
		switch {
		case err == io.EOF:
			return strings.Join(table.Names, "|"), rows, nil
		case errors.As(err, &broken):
			if broken.Line != line {
				return "", nil, errors.New("two lines")
			}
			rows = append(rows, "BAD "+string(rune('0'+line))+" "+broken.Reason)
		case err != nil:
			return "", nil, err
		default:
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
}

func TestTablesThatAreRead(t *testing.T) {
	want := []string{"a|b|c", "1|2|3", "4||6"}
	for reason, c := range map[string]struct {
		content string
		d       Dialect
	}{
		"commas":                      {"a,b,c\n1,2,3\n4,,6\n", Dialect{}},
		"semicolons":                  {"a;b;c\n1;2;3\n4;;6\n", Dialect{}},
		"tabs":                        {"a\tb\tc\n1\t2\t3\n4\t\t6\n", Dialect{}},
		"bars":                        {"a|b|c\n1|2|3\n4||6\n", Dialect{}},
		"a spreadsheet's sep= line":   {"sep=;\na;b;c\n1;2;3\n4;;6\n", Dialect{}},
		"sep= with commas":            {"sep=,\r\na,b,c\r\n1,2,3\r\n4,,6\r\n", Dialect{}},
		"sep= of another sign":        {"sep=#\na#b#c\n1#2#3\n4##6\n", Dialect{}},
		"byte-order mark":             {"\uFEFFa,b,c\n1,2,3\n4,,6\n", Dialect{}},
		"byte-order mark before sep=": {"\uFEFFsep=;\na;b;c\n1;2;3\n4;;6\n", Dialect{}},
		"CRLF":                        {"a,b,c\r\n1,2,3\r\n4,,6\r\n", Dialect{}},
		"no end of the last line":     {"a,b,c\n1,2,3\n4,,6", Dialect{}},
		"blank lines":                 {"\n\na,b,c\n\n1,2,3\r\n\r\n4,,6\n\n\n", Dialect{}},
		"quotes":                      {"\"a\",b,c\n\"1\",2,\"3\"\n4,\"\",6\n", Dialect{}},
		"plain tabs":                  {"a\tb\tc\n1\t2\t3\n4\t\t6\n", Dialect{Comma: '\t', Plain: true}},
	} {
		names, rows, err := read(put(t, c.content), c.d)
		if diff := cmp.Diff(want, append([]string{names}, rows...)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", reason, err, diff)
		}
	}
}

func TestCellsComeBackToTheByte(t *testing.T) {
	for reason, c := range map[string]struct {
		row, want string
		d         Dialect
	}{
		"CRLF inside quotes":                  {"\"one\r\ntwo\",2", "one\r\ntwo|2", Dialect{}},
		"CR inside quotes":                    {"\"one\rtwo\",2", "one\rtwo|2", Dialect{}},
		"LF inside quotes of a CRLF file":     {"\"one\ntwo\",2\r", "one\ntwo|2", Dialect{}},
		"quotes written twice":                {"\"say \"\"yes\"\"\",2", "say \"yes\"|2", Dialect{}},
		"separators inside quotes":            {"\"a,b\",2", "a,b|2", Dialect{}},
		"spaces":                              {" a , b ", " a | b ", Dialect{}},
		"a quote inside, as data frames read": {"5\" pipe,2", "5\" pipe|2", Dialect{Bare: true}},
		"quotes where there is no quoting":    {"\"a,2", "\"a|2", Dialect{Comma: ',', Plain: true}},
		"prose of several lines": {"\"first, then\nsecond, last\nend\",2", "first, then\nsecond, last\nend|2",
			Dialect{}},
	} {
		_, rows, err := read(put(t, "a,b\n"+c.row+"\n"), c.d)
		if diff := cmp.Diff([]string{c.want}, rows); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", reason, err, diff)
		}
	}
}

// A bad row costs itself: every other row is there, and the place is where it begins.
func TestBadRowsCostThemselves(t *testing.T) {
	for reason, c := range map[string]struct {
		content string
		d       Dialect
		want    []string // "" is any bad row of line 3
		says    string
	}{
		"a quote that nobody closes": {"a,b,c\n1,2,3\n\"4,5,6\n7,8,9\n10,11,12\n", Dialect{}, []string{"1|2|3", "", "7|8|9",
			"10|11|12"}, "nobody closes"},
		"in the last row":  {"a,b,c\n1,2,3\n\"4,5,6\n", Dialect{}, []string{"1|2|3", ""}, "nobody closes"},
		"in the last cell": {"a,b,c\n1,2,3\n4,5,\"6\n7,8,9", Dialect{}, []string{"1|2|3", "", "7|8|9"}, "nobody closes"},
		"closed by a later row's first quote": {
			"a,b,c\n1,2,3\n\"4,5,6\n7,8,9\n\"10\",11,12\n", Dialect{}, []string{"1|2|3", "", "7|8|9", "10|11|12"},
			"behind the quote"},
		"closed by an inch before a separator": {
			"a,b,c\n1,2,3\n\"4,5,6\n7,8,9\n5\",8,9\n", Dialect{Bare: true}, []string{"1|2|3", "", "7|8|9", "5\"|8|9"},
			"whole rows in between"},
		"also with data frames' quotes": {
			"a,b,c\n1,2,3\n\"4,5,6\n7,8,9\n", Dialect{Bare: true}, []string{"1|2|3", "", "7|8|9"}, "nobody closes"},
		"text behind a closing quote": {"a,b,c\n1,2,3\n\"4\"x,5,6\n7,8,9\n", Dialect{Bare: true},
			[]string{"1|2|3", "", "7|8|9"}, "behind the quote"},
		"a quote inside a cell": {"a,b,c\n1,2,3\n4\",5,6\n7,8,9\n", Dialect{}, []string{"1|2|3", "", "7|8|9"}, "not quoted"},
		"too few cells": {"a,b,c\n1,2,3\n4,5\n7,8,9\n", Dialect{}, []string{"1|2|3", "", "7|8|9"},
			"has 2 cells, the header 3 columns"},
		"too many cells": {"a,b,c\n1,2,3\n4,5,6,7\n7,8,9\n", Dialect{}, []string{"1|2|3", "", "7|8|9"},
			"must stand in quotes"},
		"a carriage return": {"a,b,c\n1,2,3\n4,5\r,6\n7,8,9\n", Dialect{}, []string{"1|2|3", "", "7|8|9"}, "carriage return"},
		"a line of spaces":  {"a,b,c\n1,2,3\n  \n7,8,9\n", Dialect{}, []string{"1|2|3", "", "7|8|9"}, "has 1 cell"},
	} {
		_, rows, err := read(put(t, c.content), c.d)
		if err != nil || len(rows) != len(c.want) {
			t.Errorf("%s: %q, %v", reason, rows, err)
			continue
		}
		for i, want := range c.want {
			if want == "" && (!strings.HasPrefix(rows[i], "BAD 3") || !strings.Contains(rows[i], c.says)) || want != "" &&
				rows[i] != want {
				t.Errorf("%s: row %d is %q, want %q %q", reason, i+1, rows[i], want, c.says)
			}
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	utf16 := func(s string, first, second int) string {
		var b []byte
		for _, c := range []byte(s) {
			pair := [2]byte{}
			pair[first], pair[second] = c, 0
			b = append(b, pair[:]...)
		}
		return string(b)
	}
	for reason, c := range map[string]struct{ content, says string }{
		"UTF-16, little end first": {"\xff\xfe" + utf16("a,b\n1,2\n", 0, 1), "UTF-16"},
		"UTF-16, big end first":    {"\xfe\xff" + utf16("a,b\n1,2\n", 1, 0), "UTF-16"},
		"UTF-16 without a mark":    {utf16("a,b\n1,2\n", 0, 1), "UTF-16 without a mark"},
		"UTF-32":                   {"\xff\xfe\x00\x00a\x00\x00\x00", "UTF-32"},
		"CR alone":                 {"a,b\r1,2\r3,4\r", "CR alone"},
		"CR alone, no last end":    {"a,b\r1,2", "CR alone"},
		"gzip":                     {"\x1f\x8b\x08", "gzip"},
		"a spreadsheet's own file": {"PK\x03\x04", "save the table as CSV"},
		"Parquet":                  {"PAR1", ".parquet"},
		"a Git LFS pointer":        {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
		"nothing":                  {"", "is empty"},
		"nothing but blank lines":  {"\n\r\n", "is empty"},
		"sep= alone":               {"sep=,\n", "no line that names"},
		"Latin-1 names":            {"pr\xe9nom,b\n1,2\n", "not UTF-8"},
		"a NUL in a name":          {"a\x00,bcd\n1,2\n", "NUL"},
		"a name's open quote":      {"\"a,b\n1,2\n", "nobody closes"},
	} {
		path := put(t, c.content)
		if _, _, err := read(path, Dialect{}); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", reason, err, c.says)
		}
	}
	if _, err := OpenTable(filepath.Join(t.TempDir(), "absent"), Dialect{}); fault.Of(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
	if _, err := OpenTable(t.TempDir(), Dialect{}); fault.Of(err) != fault.Invalid {
		t.Errorf("a folder: %v", err)
	}
}

func TestALineTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "a,b\n")
	f.Seek(MaxRecord+100, io.SeekCurrent) // a hole of NULs, without a line end
	io.WriteString(f, "\n")
	f.Close()
	if _, _, err := read(path, Dialect{}); err == nil || !strings.Contains(err.Error(), "line 2 is longer than") {
		t.Errorf("%v", err)
	}
}

func TestSeenNamesTheForm(t *testing.T) {
	for content, want := range map[string]string{
		"a\tb\n1\t2\n": "its first line has 2 cells parted by tabs",
		"a;b;c\n":      "its first line has 3 cells parted by semicolons",
		"a b\n":        "its first line is one cell",
	} {
		table, err := OpenTable(put(t, content), Dialect{})
		if err != nil || table.Seen() != want {
			t.Errorf("%q: %q, %v", content, table.Seen(), err)
		}
		table.Close()
	}
}

func TestUnreadable(t *testing.T) {
	for cell, want := range map[string]string{"a\xff": "UTF-8", "a\x00b": "NUL", "é\r\n\uFFFD": ""} {
		if got := Unreadable(cell); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}

// The dumb twin: what encoding/csv writes comes back, CRLF inside cells too, which its own reader changes.
func TestWrittenTablesComeBack(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "\"", ",", "\n", "\r\n", "\r", " ", ";", "é", "\t"})
	cell := rapid.Custom(func(r *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 5).Draw(r, "cell"), "") })
	rapid.Check(t, func(r *rapid.T) {
		want := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 2), 1, 5).Draw(r, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.WriteAll(append([][]string{{"x", "y"}}, want...))
		table, err := OpenTable(put(t, b.String()), Dialect{})
		if err != nil {
			r.Fatal(err)
		}
		defer table.Close()
		for _, row := range want {
			got, _, err := table.Next()
			if diff := cmp.Diff(row, got); err != nil || diff != "" {
				r.Fatalf("%q: %v\n%s", b.String(), err, diff)
			}
		}
		if _, _, err := table.Next(); err != io.EOF {
			r.Fatalf("more than was written: %v", err)
		}
	})
}

func TestEachLine(t *testing.T) {
	for reason, c := range map[string]struct{ content, want string }{
		"LF":                      {"a\nb\n", "1 a;2 b;"},
		"CRLF and a mark":         {"\uFEFFa\r\nb\r\n", "1 a;2 b;"},
		"no end":                  {"a\nb", "1 a;2 b;"},
		"blank lines at the end":  {"a\nb\n\n \n\r\n", "1 a;2 b;"},
		"a blank line in between": {"a\n\nb\n", "1 a;2 ;3 b;"},
		"nothing":                 {"", ""},
	} {
		got := ""
		err := EachLine(put(t, c.content), func(n int, line []byte) error {
			got += string(rune('0'+n)) + " " + string(line) + ";"
			return nil
		})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v", reason, got, err)
		}
	}
	if err := EachLine(put(t, "{}\r{}\r"), nil); err == nil || !strings.Contains(err.Error(), "CR alone") {
		t.Errorf("CR alone: %v", err)
	}
}
