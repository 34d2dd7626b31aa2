package corpora

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
)

// eachQuoted reads a table with ordinary quoting: a header, then records, which may take several lines. Data
// frames write such files. comma is ',' or '\t'. needed lists columns that must be there; a name may be given as
// alternatives "a|b".
func (c *collector) eachQuoted(path string, comma rune, needed []string, use func(record) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.NotFound, "%s: there is no such file", path)
	} else if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	if mark, _ := in.Peek(3); string(mark) == "\uFEFF" {
		in.Discard(3) // would become part of the first column's name
	}
	table := csv.NewReader(in)
	// LazyQuotes takes a quote inside a cell as it stands, as data frames do when they read.
	table.Comma, table.FieldsPerRecord, table.LazyQuotes, table.ReuseRecord = comma, -1, true, true
	header, err := table.Read()
	if err != nil {
		return fault.New(fault.Invalid, "%s: the first line must name the columns: %w", path, err)
	}
	r := record{at: places(header)}
	if err := checkHeader(path, r.at, needed); err != nil {
		return err
	}
	for row := 1; ; row++ {
		cells, err := table.Read()
		if err == io.EOF {
			return nil
		}
		c.sum.Records++
		if err := c.quotedRecord(path, row, table, cells, err, r, use); err != nil {
			return err
		}
	}
}

// quotedRecord checks one record and settles its outcome.
func (c *collector) quotedRecord(path string, row int, table *csv.Reader, cells []string, err error, r record, use func(record) error) error {
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		return c.settle(path, row, broken.StartLine, wrongf("is not CSV: %w", broken.Err))
	} else if err != nil {
		return err
	}
	line, _ := table.FieldPos(0)
	r.cells = cells
	switch width := len(r.at); {
	case len(cells) != width:
		return c.settle(path, row, line, wrongf("has %d cells, the header %d", len(cells), width))
	case slices.ContainsFunc(cells, func(s string) bool { return !utf8.ValidString(s) }):
		return c.settle(path, row, line, wrongf("holds bytes that are not UTF-8"))
	}
	return c.settle(path, row, line, use(r))
}

// first returns the cell of the first of the columns that the table has; false if it has none.
func (r record) first(columns ...string) (string, bool) {
	for _, name := range columns {
		if at, ok := r.at[name]; ok {
			return strings.TrimSpace(r.cells[at]), true
		}
	}
	return "", false
}
