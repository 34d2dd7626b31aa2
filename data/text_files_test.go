package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
)

const rowsOfText = "text,theory,level_1,level_2,level_3,direction\n"

// A CRLF or CR inside a cell is part of the text: the digest of rows is the same from either format.
func TestLineEndsInsideCellsAreKept(t *testing.T) {
	rows := sample()[:1]
	for _, text := range []string{"one\r\ntwo", "one\rtwo", "one\ntwo\r\n", "\r\n\"quoted\"\r\n", "a, b\r\nc"} {
		rows[0].Text, rows[0].TextID, rows[0].Group = text, TextID(text), TextID(text)
		digests := map[string]bool{}
		for _, name := range []string{"r.csv", "r.parquet"} {
			path := filepath.Join(t.TempDir(), name)
			if err := Write(path, rows); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path)
			if diff := cmp.Diff(rows, got); err != nil || diff != "" {
				t.Errorf("%s of %q: %v\n%s", name, text, err, diff)
				continue
			}
			var d Digest
			d.Add(&got[0])
			digests[d.String()] = true
		}
		if len(digests) != 1 {
			t.Errorf("%q: %d digests", text, len(digests))
		}
	}
}

// One quote that nobody closes costs its own row, wherever it stands.
func TestAnUnclosedQuoteCostsItsRow(t *testing.T) {
	const n = 12
	for at := range n {
		var b strings.Builder
		b.WriteString(rowsOfText)
		for i := range n {
			if i == at {
				b.WriteByte('"')
			}
			b.WriteString("text " + string(rune('a'+i)) + ",mft,care/harm,,,1\n")
		}
		rows, bad, err := ReadWith(write(t, "rows.csv", b.String()), ReadOptions{SkipBad: true})
		if err != nil || len(rows) != n-1 || len(bad) != 1 || bad[0].Row != at+1 || bad[0].Line != at+2 {
			t.Errorf("in row %d: %d rows, %v, %v", at+1, len(rows), bad, err)
		}
	}
}

func TestOtherFormsOfTextFiles(t *testing.T) {
	row := "shares,mft,care/harm,,,1\n"
	var wide strings.Builder
	for _, c := range utf16.Encode([]rune(rowsOfText + row)) {
		wide.WriteString(string([]byte{byte(c), byte(c >> 8)}))
	}
	for reason, c := range map[string]struct{ content, says string }{ // "" is read
		"semicolons":          {strings.ReplaceAll(rowsOfText+row, ",", ";"), ""},
		"tabs":                {strings.ReplaceAll(rowsOfText+row, ",", "\t"), ""},
		"sep=":                {"sep=;\n" + strings.ReplaceAll(rowsOfText+row, ",", ";"), ""},
		"CRLF, mark, blank":   {"\uFEFF" + strings.ReplaceAll(rowsOfText+row, "\n", "\r\n") + "\r\n\r\n", ""},
		"UTF-16":              {"\xff\xfe" + wide.String(), "UTF-16"},
		"CR alone":            {strings.ReplaceAll(rowsOfText+row, "\n", "\r"), "CR alone"},
		"no header":           {row + row, "missing column(s) text"},
		"names in capitals":   {strings.ToUpper(rowsOfText) + row, `it has "TEXT", "THEORY"`},
		"names with spaces":   {strings.ReplaceAll(rowsOfText, ",", ", ") + row, `" theory"`},
		"a needed name twice": {"text,text,theory,level_1,level_2,level_3,direction\na," + row, `"text" stands twice`},
		"another name twice":  {"n,n,text,theory,level_1,level_2,level_3,direction\n1,2," + row, `"n" stands twice`},
		"one column of prose": {"some text\nmore text\n", "its first line is one cell"},
		"NUL in the text":     {rowsOfText + "a\x00b,mft,care/harm,,,1\n", "row 1 (line 2): holds a NUL byte"},
		"Latin-1 in the text": {rowsOfText + "caf\xe9,mft,care/harm,,,1\n",
			"row 1 (line 2): holds bytes that are not UTF-8"},
		"a comma in the text": {rowsOfText + "a, b,mft,care/harm,,,1\n", "must stand in quotes"},
		"decimal comma": {strings.ReplaceAll(rowsOfText, ",", ";") + "a;mft;care/harm;;;1,0\n",
			"direction is not a number"},
		"a spreadsheet's file": {"PK\x03\x04", "save the table as CSV"},
	} {
		rows, err := Read(write(t, "rows.csv", c.content))
		switch {
		case c.says == "" && (err != nil || len(rows) != 1 || rows[0].Text != "shares" || rows[0].Direction != 1):
			t.Errorf("%s: %+v, %v", reason, rows, err)
		case c.says != "" && (fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", reason, err, c.says)
		}
	}
}

// Cells of columns that nobody needs never cost the row; what could not be kept is said.
func TestFurtherColumnsNeverCostTheRow(t *testing.T) {
	path := write(t, "rows.csv", "note,"+rowsOfText+"caf\xe9,a,mft,care/harm,,,1\nfine,b,mft,care/harm,,,1\n"+
		"x\x00,c,mft,care/harm,,,1\n")
	var notes []string
	rows, bad, err := ReadWith(path, ReadOptions{Note: func(s string) { notes = append(notes, s) }})
	if err != nil || len(rows) != 3 || len(bad) != 0 || rows[0].Extra["note"] != "" || rows[1].Extra["note"] != "fine" {
		t.Fatalf("%+v, %v, %v", rows, bad, err)
	}
	if diff := cmp.Diff([]string{path + `: column "note": 2 cells are no text and were left empty`}, notes); diff != "" {
		t.Error(diff)
	}
}

func TestTextFilesLeaveNothingOpen(t *testing.T) {
	before := openFiles(t)
	for _, content := range []string{rowsOfText, "", "PK\x03\x04", "a\rb", rowsOfText + "\"x"} {
		ReadWith(write(t, "rows.csv", content), ReadOptions{SkipBad: true})
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d files open, %d before", after, before)
	}
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(entries)
}
