package data

import (
	"io"
	"strings"

	"hives/internal/fault"
	"hives/internal/textfile"
)

// EachCells gives the cells of some columns of a table (.parquet or .csv), row by row from 1, as text; a null is empty.
// It is for tables that hold no annotated rows, such as texts with their authors. choose gets the names of all columns
// and returns the places of those that are wanted; its error ends the reading before a row is read. Memory holds a few
// hundred rows. Bytes that are no text are refused with their row.
//
//	columns  author  text  likes     choose returns 1, 0     cells  text  author
func EachCells(path string, choose func(names []string) ([]int, error), use func(row int, cells []string) error) error {
	t, err := openTable(path)
	if err != nil {
		return err
	}
	defer t.close() // read-only: closing cannot lose anything
	columns, err := choose(t.columns())
	if err != nil {
		return err
	}
	out := make([]string, len(columns))
	for row := 1; ; row++ {
		cells, _, err := t.next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fault.New(fault.Invalid, "%s: row %d: %w", path, row, err)
		}
		for k, at := range columns {
			out[k] = strings.Clone(cells[at])
			if why := textfile.Unreadable(out[k]); why != "" {
				return fault.New(fault.Invalid, "%s: row %d, column %q: %s", path, row, t.columns()[at], why)
			}
		}
		if err := use(row, out); err != nil {
			return err
		}
	}
}
