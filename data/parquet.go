package data

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
)

// Kind and version that a file of rows carries in its key-values; docs/DATA.md lists the versions.
const (
	kindKey, kindRows  = "hives.kind", "rows"
	versionKey         = "hives.version"
	version            = 1
	rowsPerGroup       = 1 << 16 // bounds what a writer holds in memory
	readBatch          = 256     // rows decoded at a time
	parquetApplication = "hives"
)

// parquetTable reads flat columns of any type as text.
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
	p := &parquetTable{path: path, file: f, groups: file.RowGroups(), buffer: make([]parquet.Row, readBatch)}
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
	clear(t.cells)
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
			return torn(t.path, io.ErrNoProgress)
		}
		err = t.rows.Close()
		if t.rows = nil; err != nil {
			return torn(t.path, err)
		}
	}
}

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

// orderedGroup is a parquet.Group whose fields keep the order of names.
type orderedGroup struct {
	parquet.Group
	names []string
}

func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

// numeric columns are INT32, all others strings.
var numeric = []string{"direction", "individual_anchor", "theory_anchor"}

// rowSchema has the row's columns and then the extra ones.
func rowSchema(extra []string) *parquet.Schema {
	g := orderedGroup{Group: parquet.Group{}, names: append(slices.Clone(Columns), extra...)}
	for _, name := range g.names {
		node := parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		if name == "text" {
			node = parquet.String() // nearly all different: a dictionary would be the column again
		}
		if slices.Contains(numeric, name) {
			node = parquet.Int(32)
		}
		g.Group[name] = node
	}
	return parquet.NewSchema("row", g)
}

// parquetWriter writes one file; the same rows give the same bytes.
type parquetWriter struct {
	out   *parquet.GenericWriter[any]
	extra []string
	batch []parquet.Row
}

func newParquetWriter(w io.Writer, extra []string) (rowWriter, error) {
	return &parquetWriter{extra: extra, out: parquet.NewGenericWriter[any](w, rowSchema(extra),
		parquet.Compression(&parquet.Snappy),
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy(parquetApplication, strconv.Itoa(version), ""), // the default names the build
		parquet.KeyValueMetadata(kindKey, kindRows),
		parquet.KeyValueMetadata(versionKey, strconv.Itoa(version)),
	)}, nil
}

func (t *parquetWriter) write(r *Row) error {
	row := make(parquet.Row, 0, len(Columns)+len(t.extra))
	text := func(s string) { row = append(row, parquet.ByteArrayValue([]byte(s)).Level(0, 0, len(row))) }
	number := func(n int32) { row = append(row, parquet.Int32Value(n).Level(0, 0, len(row))) }
	text(r.Text)
	text(r.Theory)
	text(r.Level1)
	text(r.Level2)
	text(r.Level3)
	number(r.Direction)
	text(r.DirectionSource)
	number(r.IndividualAnchor)
	number(r.TheoryAnchor)
	text(r.TextID)
	text(r.Group)
	text(r.Corpus)
	text(r.Licence)
	for _, name := range t.extra {
		text(r.Extra[name])
	}
	t.batch = append(t.batch, row)
	if len(t.batch) < readBatch {
		return nil
	}
	return t.flush()
}

func (t *parquetWriter) flush() error {
	_, err := t.out.WriteRows(t.batch)
	t.batch = t.batch[:0]
	return err
}

func (t *parquetWriter) finish() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.out.Close()
}
