package data

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
)

// ReadOptions says how Read treats rows that are no good.
type ReadOptions struct {
	SkipBad bool // leave bad rows out and report them, instead of failing at the first

	// Theories are those that rows may be of; the zero Set is the built-in four. Rows of another are bad rows.
	Theories theories.Set

	// Note is told what of the further columns could not be kept, a sentence each; nil where nobody keeps them.
	Note func(string)
}

// BadRow is one row that cannot be used. Its text is never repeated.
type BadRow struct {
	File   string `json:"file"`
	Row    int    `json:"row"`            // 1 is the first row after the header
	Line   int    `json:"line,omitempty"` // of the file, from 1; 0 where the format has no lines
	Reason string `json:"reason"`
}

// String is "rows.csv: row 17 (line 21): direction is empty".
func (b BadRow) String() string {
	if b.Line > 0 {
		return fmt.Sprintf("%s: row %d (line %d): %s", b.File, b.Row, b.Line, b.Reason)
	}
	return fmt.Sprintf("%s: row %d: %s", b.File, b.Row, b.Reason)
}

// Err is the refusal of the row; the flag that would skip it is the remedy.
func (b BadRow) Err() error {
	return fault.New(fault.Invalid, "%s; mend the row or skip bad rows with --skip-bad", b)
}

// Read returns the rows of a Parquet or CSV file and fails at the first bad row. Rows are of the built-in four
// theories; ReadWith takes those of others.
func Read(path string) ([]Row, error) {
	rows, _, err := ReadWith(path, ReadOptions{})
	return rows, err
}

// ReadWith is Read with options; it also returns the rows that were left out.
func ReadWith(path string, o ReadOptions) (rows []Row, bad []BadRow, err error) {
	bad, err = Scan(path, o, func(r *Row) error {
		rows = append(rows, *r)
		return nil
	})
	if err != nil {
		return nil, bad, err
	}
	return rows, bad, nil
}

// Scan streams the rows of a file to emit in their order, without holding the file in memory. emit may keep the
// row it is given. An error of emit ends the scan and is returned as it is. The caller owes a check of the rows
// left out when it asked for SkipBad: they are in the result, not in an error.
func Scan(path string, o ReadOptions, emit func(*Row) error) ([]BadRow, error) {
	return scan(path, o, func(_ int, r *Row) error { return emit(r) })
}

// scan is Scan with the number of each row in its file, from 1.
//
// Every row goes the same way, whatever the format: a table gives its cells, a binder makes a row of them, emit
// takes it. A fault is of the row (cellError: reported, and fatal only without SkipBad) or of the file (the end).
func scan(path string, o ReadOptions, emit func(number int, r *Row) error) ([]BadRow, error) {
	t, err := openTable(path)
	if err != nil {
		return nil, err
	}
	defer t.close() // read-only: closing cannot lose anything
	b, err := newBinder(path, t, o.Theories)
	if err != nil {
		return nil, err
	}
	if o.Note != nil {
		defer func() { tell(o.Note, t.leftOut(), b.notes(path)) }()
	}
	var bad []BadRow
	for n := 1; ; n++ { // n counts rows; a CSV row may take several lines
		cells, line, err := t.next()
		if err == io.EOF {
			return bad, nil
		}
		row := &Row{}
		var wrong cellError
		if err == nil {
			err = b.row(cells, row)
		}
		switch {
		case err == nil:
			if err := emit(n, row); err != nil {
				return bad, err
			}
		case errors.As(err, &wrong): // this row alone is bad: the next can be read
			report := BadRow{File: path, Row: n, Line: line, Reason: wrong.Error()}
			if bad = append(bad, report); !o.SkipBad {
				return bad, report.Err()
			}
		default:
			return bad, err
		}
	}
}

// tell gives a reader's notes one by one.
func tell(note func(string), lists ...[]string) {
	for _, list := range lists {
		for _, s := range list {
			note(s)
		}
	}
}

// cellError is a fault of one row; the rows after it can still be read. Every other error ends the file: what
// stands behind a torn page or an unclosed quote cannot be told.
type cellError struct{ error }

// wrongf is a fault of the row at hand.
func wrongf(format string, args ...any) error { return cellError{fmt.Errorf(format, args...)} }

// table is a file of named columns, read row by row.
type table interface {
	columns() []string
	// seen says how the columns were found, for the message when some are missing.
	seen() string
	// leftOut names columns that are not among them, since text cannot carry them.
	leftOut() []string
	// next returns the cells of the next row, one a column, and its line if the format has lines. The
	// cells are valid until the next call. A cellError means that this row alone is bad; io.EOF ends.
	next() (cells []string, line int, err error)
	close() error
}

// openTable chooses the format by the name's ending. The content is not asked: a file that is not what its name
// says is refused by its reader, which names what it is instead.
func openTable(path string) (table, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet":
		return openParquet(path)
	case ".csv":
		return openCSV(path)
	}
	return nil, unknownFormat(path)
}

// unknownFormat refuses a name whose ending says neither of the two.
func unknownFormat(path string) error {
	return fault.New(fault.Invalid, "%s: rows are kept in .parquet or .csv files; rename the file or convert it", path)
}
