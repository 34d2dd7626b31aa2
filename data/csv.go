package data

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"

	"hives/internal/textfile"
)

// csvTable reads delimited rows below a line of names.
type csvTable struct{ *textfile.Table }

// openCSV reads the line of names; rows come with next.
func openCSV(path string) (table, error) {
	t, err := textfile.OpenTable(path, textfile.Dialect{})
	if err != nil {
		return nil, err
	}
	return csvTable{t}, nil
}

func (t csvTable) columns() []string { return t.Names }
func (t csvTable) seen() string      { return t.Seen() }
func (t csvTable) leftOut() []string { return nil }
func (t csvTable) close() error      { return t.Close() }

// next tells a row that is broken by itself from a file that cannot be read on.
func (t csvTable) next() ([]string, int, error) {
	cells, line, err := t.Next()
	if broken, ok := err.(*textfile.RowError); ok {
		err = cellError{broken}
	}
	return cells, line, err
}

// csvWriter writes rows in the columns' fixed order, then the extra columns. encoding/csv quotes what needs it,
// so a text may hold commas, quotes and line breaks.
type csvWriter struct {
	out   *csv.Writer
	extra []string
	cells []string
}

// newCSVWriter writes the header at once: a file without rows still names its columns.
func newCSVWriter(w io.Writer, extra []string) (rowWriter, error) {
	t := &csvWriter{out: csv.NewWriter(w), extra: extra}
	return t, t.out.Write(append(slices.Clone(Columns), extra...))
}

// write reuses one slice of cells; numbers are written without a sign for what is positive.
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
