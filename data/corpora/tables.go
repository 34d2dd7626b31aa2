package corpora

import (
	"errors"
	"io"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/textfile"
)

// How the published tables are written. In the line
//
//	5'10" tall, he said "no"
//
// plainTabs takes the marks for signs like any other; quoted and quotedTabs take a mark inside a cell that does
// not begin with one as it stands, and a cell that does begin with one as quoted.
var (
	plainTabs  = textfile.Dialect{Comma: '\t', Plain: true}
	quotedTabs = textfile.Dialect{Comma: '\t', Bare: true}
	// Data frames write such files; a quote inside a cell is taken as it stands, as they do when they read.
	quoted = textfile.Dialect{Bare: true}
)

// record is a row of a table, or an object. Its cells are valid until the next row is read.
type record struct {
	at    map[string]int // column → place
	cells []string
}

// get is the cell of a column that checkHeader has seen. Of one that nobody asked for it would be the first.
func (r record) get(column string) string { return r.cells[r.at[column]] }

// first returns the cell of the first of the columns that the table has; false if it has none.
func (r record) first(columns ...string) (string, bool) {
	for _, name := range columns {
		if at, ok := r.at[name]; ok {
			return strings.TrimSpace(r.cells[at]), true
		}
	}
	return "", false
}

// eachRow reads a table. needed lists columns that must be there; a name may be given as alternatives "a|b".
// Columns beyond them are allowed.
//
// Every line below the header is one record of the account, the bad ones too. use says by its error what became
// of it (see settle): nil, or a fault of this record, or the end of the import.
func (c *collector) eachRow(path string, d textfile.Dialect, needed []string, use func(record) error) error {
	t, err := textfile.OpenTable(path, d)
	if err != nil {
		return err
	}
	defer t.Close()
	r := record{at: places(t.Names)}
	if err := checkHeader(path, r.at, needed); err != nil {
		return fault.New(fault.Of(err), "%w (%s)", err, t.Seen())
	}
	for _, name := range t.Names { // of two, the wrong one might be read
		if name != "" && t.Names[r.at[name]] == name && slices.Index(t.Names, name) != r.at[name] {
			return fault.New(fault.Invalid, "%s: column %q stands twice; keep one", path, name)
		}
	}
	for row := 1; ; row++ {
		cells, line, err := t.Next()
		if err == io.EOF {
			return nil
		}
		c.sum.Records++ // bad ones too
		c.from(path, row)
		broken := new(textfile.RowError)
		switch {
		case errors.As(err, &broken):
			err = wrongf("%w", broken)
		case err == nil:
			r.cells = cells
			err = readable(r, use)
		}
		if err := c.settle(path, row, line, err); err != nil {
			return err
		}
	}
}

// readable hands a record on if all of its cells are text.
func readable(r record, use func(record) error) error {
	for _, cell := range r.cells {
		if reason := textfile.Unreadable(cell); reason != "" {
			return wrongf("%s", reason)
		}
	}
	return use(r)
}

// tableNames reads the names of a tab-separated table's columns. It is for headers that say what the corpus holds,
// such as a column a value.
func tableNames(path string) ([]string, error) {
	t, err := textfile.OpenTable(path, plainTabs)
	if err != nil {
		return nil, err
	}
	return t.Names, t.Close()
}

// places numbers the columns of a header. Of a name that stands twice the last counts; eachRow refuses such a table.
func places(header []string) map[string]int {
	at := make(map[string]int, len(header))
	for i, name := range header {
		at[name] = i
	}
	return at
}

// checkHeader refuses a table that lacks a needed column. Of alternatives "a|b" one is enough. It looks at the
// header once, where a missing column would otherwise be an empty cell in each of a million records.
func checkHeader(path string, at map[string]int, needed []string) error {
	for _, name := range needed {
		have := func(alternative string) bool { _, ok := at[alternative]; return ok }
		if !slices.ContainsFunc(strings.Split(name, "|"), have) {
			return fault.New(fault.Invalid, "%s: missing column %q; is it a file of another corpus?", path, name)
		}
	}
	return nil
}
