package data

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
	"hives/internal/parquetfile"
	"hives/internal/parquettext"
	"hives/internal/whatis"
)

// A file of rows names its kind and version in its key-values. A new column that readers may ignore does not
// raise the version, since unknown columns are kept; a new meaning of an old one does.
const (
	kindKey, kindRows = "hives.kind", "rows"
	versionKey        = "hives.version"
	version           = 1
)

// batchRows is how many rows are decoded or encoded at a time: enough to make the call's cost vanish.
const batchRows = 256

// parquetTable reads plain columns of any type as text, column by column: data frames store a direction as INT64
// or, with gaps, as DOUBLE, and strings as optional. The binder then checks cells of both formats alike.
//
// Columns are decoded batchRows at a time side by side and given out as rows. Row groups and pages may end at
// different rows in different columns; only the ends of the columns must agree.
type parquetTable struct {
	path    string
	file    *parquetfile.File
	plain   []*plainColumn
	names   []string // of plain
	without []string // columns that text cannot carry, as notes name them
	filled  int      // rows in the columns' buffers
	used    int      // of them given out
	cells   []string
}

// plainColumn is a column with a value or a null for each row.
type plainColumn struct {
	parquettext.Column
	pages  parquet.Pages
	page   parquet.ValueReader // nil between two pages
	values [batchRows]parquet.Value
}

// openParquet opens a file of columns and takes in those that can be rows'. A file is refused as a whole for its
// kind, its version or a column of ours that is of the wrong type; bad cells cost their row.
func openParquet(path string) (t table, err error) {
	file, err := parquetfile.Open(path)
	if err != nil {
		return nil, torn(path, err)
	}
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged schemas
			err = torn(path, fmt.Errorf("%v", r))
		}
		if err != nil {
			file.Close()
		}
	}()
	if err := checkVersion(path, file.File); err != nil {
		return nil, err
	}
	p := &parquetTable{path: path, file: file}
	for _, column := range parquettext.Columns(file.File) {
		if err := p.add(column); err != nil {
			return nil, err
		}
	}
	if err := file.Look(p.names...); err != nil {
		return nil, torn(path, err)
	}
	p.cells = make([]string, len(p.names))
	return p, nil
}

// add takes a column in, or leaves it out if nobody needs it and text cannot carry it. It refuses one whose type
// is not that of the row's column: a DATE as a direction would be the number of its days.
//
//	a further column, nested or binary     left out, with a note
//	a column of ours, nested or binary     refused
//	direction or an anchor id, no number   refused
//	text, but numbers or dates             refused
//	everything else                        taken, as text
func (t *parquetTable) add(c parquettext.Column) error {
	// The order of the cases matters: what nobody needs is passed over before anything is refused.
	name := ours(c.Name)
	needed := slices.Contains(Columns, name) && name != "text_id" // which is made from the text
	switch {
	case !needed && c.Class == parquettext.None:
		t.without = append(t.without, fmt.Sprintf("%s: column %q is left out: %s", t.path, c.Name, c.Type))
		return nil
	case c.Text == nil:
		return fault.New(fault.Invalid, "%s: column %q is %s; keep plain columns only", t.path, c.Name, c.Type)
	case slices.Contains(numeric, name) && c.Class != parquettext.Number && c.Class != parquettext.Words &&
		c.Class != parquettext.Null:
		return fault.New(fault.Invalid, "%s: column %q is %s, not a number; write it as whole numbers", t.path,
			c.Name, c.Type)
	case name == "text" && c.Class != parquettext.Words && !c.Unmarked(): // bytes that are not UTF-8 cost their row
		return fault.New(fault.Invalid, "%s: column %q is %s, not text; write it as strings", t.path, c.Name, c.Type)
	}
	t.plain = append(t.plain, &plainColumn{Column: c, pages: c.Pages()})
	t.names = append(t.names, c.Name)
	return nil
}

// checkVersion accepts files that say nothing (other programs write them), refuses other kinds and newer
// versions.
func checkVersion(path string, file *parquet.File) error {
	if kind, ok := file.Lookup(kindKey); ok && kind != kindRows {
		return fault.New(fault.Mismatch, "%s: holds %q, not rows", path, kind)
	}
	stored, ok := file.Lookup(versionKey)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(stored)
	if err != nil || n < 1 {
		return fault.New(fault.Corrupt, "%s: its version is not a number; write the file anew", path)
	}
	if n > version {
		return fault.New(fault.Mismatch, "%s: rows of version %d, this program reads up to %d; use a newer hives or write "+
			"the file anew with this one", path, n, version)
	}
	return nil
}

func (t *parquetTable) columns() []string { return t.names }
func (t *parquetTable) seen() string      { return "it has " + strconv.Itoa(len(t.names)) + " columns" }

func (t *parquetTable) leftOut() []string { return t.without }

// close gives back the columns' pages and the file.
func (t *parquetTable) close() error {
	for _, c := range t.plain {
		c.pages.Close() // read-only: closing cannot lose anything
	}
	return t.file.Close()
}

// next gives one row as text; a null is the empty cell, as in CSV. The library panics on some damaged pages.
func (t *parquetTable) next() (cells []string, line int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = torn(t.path, fmt.Errorf("%v", r))
		}
	}()
	if t.used == t.filled {
		if err := t.fill(); err != nil {
			return nil, 0, err
		}
	}
	for i, c := range t.plain {
		t.cells[i] = ""
		if v := c.values[t.used]; !v.IsNull() {
			t.cells[i] = c.Text(v)
		}
	}
	t.used++
	return t.cells, 0, nil
}

// fill reads the next values of every column. All columns must end with the same row.
//
//	text        v v v v │ v v v v │ v v         pages end where they like;
//	direction   v v v │ v v v v v v v           256 values of each are decoded side by side,
//	            └── 256 ──┘ └── 256 ──┘         and row i is the i-th of each
func (t *parquetTable) fill() error {
	t.filled, t.used = 0, 0
	for i, c := range t.plain {
		n, err := c.fill()
		if err != nil {
			return torn(t.path, fmt.Errorf("column %q: %w", c.Name, err))
		}
		if i > 0 && n != t.filled {
			return torn(t.path, fmt.Errorf("column %q has another number of values than column %q", c.Name, t.names[0]))
		}
		t.filled = n
	}
	if t.filled == 0 {
		return io.EOF
	}
	return nil
}

// fill reads up to batchRows values, fewer only at the column's end.
func (c *plainColumn) fill() (n int, err error) {
	for n < batchRows {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if err == io.EOF {
				return n, nil
			} else if err != nil {
				return n, err
			}
			c.page = page.Values()
		}
		read, err := c.page.ReadValues(c.values[n:])
		for i := range c.values[n : n+read] { // a page's bytes are gone with the page
			c.values[n+i] = c.values[n+i].Clone()
		}
		n += read
		switch {
		case err == io.EOF:
			c.page = nil
		case err != nil:
			return n, err
		case read == 0:
			return n, io.ErrNoProgress // neither values nor an end: do not try for ever
		}
	}
	return n, nil
}

// torn is the one error for bytes that are not what a writer left; one that says more stays as it is. Where the file
// is something else altogether, such as a page of HTML saved under the name, it says that instead.
func torn(path string, cause error) error {
	if kind := fault.Of(cause); kind == fault.Invalid || kind == fault.NotFound {
		return cause
	}
	return whatis.Instead(path, "a Parquet file", fault.New(fault.Corrupt,
		"%s: damaged or cut off (%w); import or copy it again", path, cause))
}
