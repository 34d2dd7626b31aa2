package data

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// rowWriter writes rows of one format. A row is done with when write returns: the caller may use it again. finish
// comes once, after the last row, and without it the file is not whole.
type rowWriter interface {
	write(*Row) error
	finish() error
}

// Write puts rows into a Parquet or CSV file, by its ending, whole or not at all.
func Write(path string, rows []Row) error {
	return WriteStream(path, extraColumns(rows), each(rows))
}

// each puts rows one by one.
func each(rows []Row) func(put func(*Row) error) error {
	return func(put func(*Row) error) error {
		for i := range rows {
			if err := put(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// WriteStream writes the rows that produce puts, without holding them in memory. extra names the columns of
// Row.Extra to write, in order: they must be known before the first row, since the header comes first. If produce
// fails, the file of that name stays as it was.
func WriteStream(path string, extra []string, produce func(put func(*Row) error) error) error {
	f, err := rowsFile(path, extra, produce)
	if err != nil {
		return err
	}
	return fsutil.WriteFiles(f)
}

// rowsFile is the file that WriteStream writes, not yet written: several of them can take their places together
// (fsutil.WriteFiles). A name without a known ending is refused before anything is produced.
func rowsFile(path string, extra []string, produce func(put func(*Row) error) error) (f fsutil.File, err error) {
	start := newParquetWriter
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet":
	case ".csv":
		start = newCSVWriter
	default:
		return f, unknownFormat(path)
	}
	for _, name := range extra { // a second "text" could not be told from the first when read
		if name == "" || slices.Contains(Columns, name) {
			return f, fault.New(fault.Invalid, "%s: extra column %q has no name of its own", path, name)
		}
	}
	return fsutil.File{Path: path, Write: func(w io.Writer) error {
		out, err := start(w, extra)
		if err != nil {
			return err
		}
		if err := produce(out.write); err != nil {
			return err
		}
		return out.finish()
	}}, nil
}

// extraColumns lists the names in use in Row.Extra, sorted, since a map has no order to write in. A row without
// one of them gets an empty cell.
func extraColumns(rows []Row) []string {
	seen := map[string]bool{}
	var names []string
	for i := range rows {
		for name := range rows[i].Extra {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}
