package data

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"hives/internal/fault"
)

// csvTable reads comma-separated rows with a header line.
type csvTable struct {
	file   *os.File
	reader *csv.Reader
	names  []string
}

func openCSV(path string) (table, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(f)
	if mark, _ := in.Peek(3); string(mark) == "\uFEFF" {
		in.Discard(3) // spreadsheets begin a file with a byte-order mark
	}
	t := &csvTable{file: f, reader: csv.NewReader(in)}
	t.reader.FieldsPerRecord = -1 // checked in next, to name the row
	t.names, err = t.reader.Read()
	if err != nil {
		f.Close()
		if err == io.EOF {
			return nil, fault.New(fault.Invalid, "%s: is empty; the first line must name the columns", path)
		}
		return nil, fault.New(fault.Invalid, "%s: read the header: %w", path, err)
	}
	t.reader.ReuseRecord = true // next copies the cells it gives out
	t.names = slices.Clone(t.names)
	return t, nil
}

func (t *csvTable) columns() []string { return t.names }
func (t *csvTable) close() error      { return t.file.Close() }

// next goes on after a record that is not CSV, as encoding/csv does: it resumes at the next line.
func (t *csvTable) next() ([]string, int, error) {
	cells, err := t.reader.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		return nil, broken.StartLine, wrongf("is not CSV: %w", broken.Err)
	case err != nil:
		return nil, 0, err
	}
	line, _ := t.reader.FieldPos(0)
	if len(cells) != len(t.names) {
		return nil, line, wrongf("has %d cells, the header %d", len(cells), len(t.names))
	}
	for i, cell := range cells {
		cells[i] = strings.Clone(cell) // the reader's record is one string: keeping a cell would keep the row
	}
	return cells, line, nil
}

// csvWriter writes rows in the columns' fixed order, then the extra columns.
type csvWriter struct {
	out   *csv.Writer
	extra []string
	cells []string
}

func newCSVWriter(w io.Writer, extra []string) (rowWriter, error) {
	t := &csvWriter{out: csv.NewWriter(w), extra: extra}
	return t, t.out.Write(append(slices.Clone(Columns), extra...))
}

func (t *csvWriter) write(r *Row) error {
	number := func(n int32) string { return strconv.Itoa(int(n)) }
	t.cells = append(t.cells[:0], r.Text, r.Theory, r.Level1, r.Level2, r.Level3,
		number(r.Direction), r.DirectionSource, number(r.IndividualAnchor), number(r.TheoryAnchor),
		r.TextID, r.Group, r.Corpus, r.Licence)
	for _, name := range t.extra {
		t.cells = append(t.cells, r.Extra[name])
	}
	return t.out.Write(t.cells)
}

// finish reports what buffering had kept back, such as a full disk.
func (t *csvWriter) finish() error {
	t.out.Flush()
	return t.out.Error()
}

// open opens a file for reading; its absence is the user's to mend.
func open(path string) (*os.File, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fault.New(fault.NotFound, "%s: there is no such file", path)
	case errors.Is(err, os.ErrPermission):
		return nil, fault.New(fault.Invalid, "%s: may not be read", path)
	case err != nil:
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		f.Close()
		return nil, fault.New(fault.Invalid, "%s: is a folder, not a file", path)
	}
	return f, nil
}
