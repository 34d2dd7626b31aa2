package data

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
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

// parquetTable reads flat columns of any type as text: data frames store a direction as INT64 or, with gaps,
// as DOUBLE, and strings as optional. The binder then checks cells of both formats alike.
type parquetTable struct {
	path   string
	file   *os.File
	names  []string
	groups []parquet.RowGroup
	rows   parquet.Rows
	buffer []parquet.Row
	filled int // rows in buffer
	used   int // of them given out
	cells  []string
}

func openParquet(path string) (t table, err error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged footers
			err = torn(path, fmt.Errorf("%v", r))
		}
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, torn(path, err)
	}
	if err := checkVersion(path, file); err != nil {
		return nil, err
	}
	// Rows of a nested column would not line up with the others, and text could not carry them.
	p := &parquetTable{path: path, file: f, groups: file.RowGroups(), buffer: make([]parquet.Row, batchRows)}
	for _, column := range file.Root().Columns() {
		if !column.Leaf() || column.Repeated() {
			return nil, fault.New(fault.Invalid, "%s: column %q is nested; keep plain columns only", path, column.Name())
		}
		p.names = append(p.names, column.Name())
	}
	p.cells = make([]string, len(p.names))
	return p, nil
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
		return fault.New(fault.Mismatch, "%s: rows of version %d, this program reads up to %d; use a newer hives or write the file anew with this one", path, n, version)
	}
	return nil
}

func (t *parquetTable) columns() []string { return t.names }

func (t *parquetTable) close() error {
	if t.rows != nil {
		t.rows.Close()
	}
	return t.file.Close()
}

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
	clear(t.cells) // a null value may be absent from the row
	for _, v := range t.buffer[t.used] {
		t.cells[v.Column()] = cellText(v)
	}
	t.used++
	return t.cells, 0, nil
}

// fill decodes the next batch, going on to the next row group where one ends.
func (t *parquetTable) fill() error {
	for {
		if t.rows == nil {
			if len(t.groups) == 0 {
				return io.EOF
			}
			t.rows, t.groups = t.groups[0].Rows(), t.groups[1:]
		}
		n, err := t.rows.ReadRows(t.buffer)
		t.filled, t.used = n, 0
		if err != nil && err != io.EOF {
			return torn(t.path, err)
		}
		if n > 0 {
			return nil
		}
		if err == nil {
			return torn(t.path, io.ErrNoProgress) // neither rows nor an end: do not try for ever
		}
		err = t.rows.Close()
		if t.rows = nil; err != nil {
			return torn(t.path, err)
		}
	}
}

// torn is the one error for bytes that are not what a writer left.
func torn(path string, cause error) error {
	return fault.New(fault.Corrupt, "%s: damaged or cut off (%w); import or copy it again", path, cause)
}

// cellText writes a value as text; null is empty.
func cellText(v parquet.Value) string {
	switch {
	case v.IsNull():
		return ""
	case v.Kind() == parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	case v.Kind() == parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case v.Kind() == parquet.ByteArray, v.Kind() == parquet.FixedLenByteArray:
		return string(v.ByteArray())
	}
	return v.String()
}
