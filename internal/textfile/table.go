package textfile

import (
	"bytes"
	"io"
	"strings"

	"hives/internal/fault"
)

// Dialect says how a table is written. Published corpora quote and part their cells in different ways, so their
// importers say which.
type Dialect struct {
	Comma byte // between cells; 0: the sign that parts the names of the first line
	Plain bool // no quoting: a quote is a sign like any other
	Bare  bool // a quote inside a cell that does not begin with one is itself; else such a row is refused
}

// Table reads rows below a line that names their columns.
type Table struct {
	Names []string
	Comma byte

	dialect Dialect
	src     *source
	record  record
}

// RowError is a fault of one row; the rows after it can still be read. Its line is what an editor shows, so that
// "line 4711" can be gone to.
type RowError struct {
	Line   int // of the file, from 1, where the row begins
	Reason string
}

func (e *RowError) Error() string { return e.Reason }

// OpenTable opens a table and reads its first line.
func OpenTable(path string, d Dialect) (*Table, error) {
	src, err := open(path)
	if err != nil {
		return nil, err
	}
	t := &Table{dialect: d, Comma: d.Comma, src: src}
	if err := t.header(); err != nil {
		src.close()
		return nil, err
	}
	return t, nil
}

// Close closes the file.
func (t *Table) Close() error { return t.src.close() }

// header reads the names of the columns, and a spreadsheet's line "sep=;" before them. The line is read once to see
// how it is parted and once more as a row, since a name may stand in quotes.
func (t *Table) header() error {
	offset, number := t.src.offset, t.src.line
	line, err := t.src.next()
	for err == nil && len(content(line)) == 0 {
		offset, number = t.src.offset, t.src.line
		line, err = t.src.next()
	}
	if err == io.EOF {
		return fault.New(fault.Invalid, "%s: is empty; the first line must name the columns", t.src.path)
	} else if err != nil {
		return err
	}
	// The line is the spreadsheet's and no row: the names are in the next one.
	if sep, ok := bytes.CutPrefix(content(line), []byte("sep=")); ok && len(sep) == 1 {
		t.Comma = sep[0]
	} else {
		if t.Comma == 0 {
			t.Comma = separator(line)
		}
		if err := t.src.back(offset, number); err != nil {
			return err
		}
	}
	names, _, err := t.row()
	if err == io.EOF {
		return fault.New(fault.Invalid, "%s: has no line that names the columns", t.src.path)
	} else if wrong, ok := err.(*RowError); ok {
		return fault.New(fault.Invalid, "%s: the first line, which must name the columns, %s", t.src.path, wrong.Reason)
	} else if err != nil {
		return err
	}
	// A cell of a row may hold anything as long as nobody uses it; names of columns are always used.
	for _, name := range names {
		if reason := Unreadable(name); reason != "" {
			return fault.New(fault.Invalid, "%s: the first line, which must name the columns, %s", t.src.path, reason)
		}
	}
	t.Names = names
	return nil
}

// separators are what tables are parted by, the commonest first.
const separators = ",\t;|"

// separator is the one that stands most often outside quotes. For a line of one name without any of them it is the
// comma, and Seen says so when columns are missing.
func separator(line []byte) byte {
	counts, quoted := map[byte]int{}, false
	for _, c := range line {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	best := separators[0]
	for _, c := range []byte(separators[1:]) {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// Seen says how the first line was taken, for the message when columns are missing.
func (t *Table) Seen() string {
	if len(t.Names) == 1 {
		return "its first line is one cell"
	}
	name := map[byte]string{',': "commas", '\t': "tabs", ';': "semicolons"}[t.Comma]
	if name == "" {
		name = "\"" + string(rune(t.Comma)) + "\""
	}
	return "its first line has " + plural(len(t.Names), "cell") + " parted by " + name
}

// Next returns the cells of the next row, one a column, and the line it begins in. io.EOF ends; a RowError is a row
// that cannot be read.
func (t *Table) Next() (cells []string, line int, err error) {
	cells, line, err = t.row()
	if err == nil && len(cells) != len(t.Names) {
		return nil, line, &RowError{line, t.ragged(len(cells))}
	}
	return cells, line, err
}

// ragged says how many cells there are and, where there are too many, the commonest reason.
func (t *Table) ragged(cells int) string {
	reason := "has " + plural(cells, "cell") + ", the header " + plural(len(t.Names), "column")
	if cells > len(t.Names) && !t.dialect.Plain {
		reason += "; a cell that holds the separator must stand in quotes"
	}
	return reason
}

// row reads one row of any number of cells, blank lines passed over. A row that cannot be read ends where its first
// line ends, so that a quote that nobody closes costs its own row and no other.
//
// Going back to the end of the first line is what bounds the damage: the rows that the open quote had swallowed are
// read again, each for itself.
//
// Invariant: a row that cannot be read costs itself, and every other row is still read (TestBadRowsCostThemselves).
func (t *Table) row() (cells []string, number int, err error) {
	line, err := t.src.next()
	for err == nil && len(content(line)) == 0 {
		line, err = t.src.next()
	}
	if err != nil {
		return nil, 0, err
	}
	offset, number := t.src.offset, t.src.line
	t.record.begin(t.Comma, t.dialect, len(t.Names))
	for !t.record.take(line) {
		line, err = t.src.next()
		switch {
		case err == io.EOF:
			t.record.fault = "opens a quote that nobody closes"
		case err != nil:
			return nil, number, err
		case t.record.size()+len(line) > MaxRecord:
			t.record.fault = "opens a quote that is not closed within " + plural(MaxRecord>>20, "MiB")
		}
		if t.record.fault != "" {
			break
		}
	}
	if t.record.fault == "" {
		return t.record.strings(), number, nil
	}
	// Nothing to go back over if the fault was found in the first line itself.
	if t.src.line != number || err == io.EOF {
		if err := t.src.back(offset, number); err != nil {
			return nil, number, err
		}
	}
	return nil, number, &RowError{number, strings.TrimSpace(t.record.fault)}
}
