package data

import (
	"io"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// rowsPerGroup bounds what a writer holds in memory, some tens of megabytes with long texts, and what a reader
// must decode to reach a row. It is part of the bytes: another number would give another file of the same rows.
const rowsPerGroup = 1 << 16

// orderedGroup is a parquet.Group whose fields keep the order of names. The library sorts them, which would put
// the text last.
type orderedGroup struct {
	parquet.Group
	names []string
}

// Fields are the library's, put back into the order of names.
func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

// numeric columns are INT32, all others strings.
var numeric = []string{"direction", "individual_anchor", "theory_anchor"}

// rowSchema has the row's columns and then the extra ones. All are required, never optional: what is missing is
// empty text, as in CSV, so that both formats come back as the same rows.
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

// parquetWriter writes one file; the same rows give the same bytes: no time, no build, no map order goes in.
type parquetWriter struct {
	out   *parquet.GenericWriter[any]
	extra []string
	batch []parquet.Row
}

// newParquetWriter starts a file whose bytes depend on its rows alone.
func newParquetWriter(w io.Writer, extra []string) (rowWriter, error) {
	return &parquetWriter{extra: extra, out: parquet.NewGenericWriter[any](w, rowSchema(extra),
		parquet.Compression(&parquet.Snappy), // every reader has it, and its output is the same on every machine
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("hives", strconv.Itoa(version), ""), // the default names the build
		parquet.KeyValueMetadata(kindKey, kindRows),
		parquet.KeyValueMetadata(versionKey, strconv.Itoa(version)),
	)}, nil
}

// write puts the values in the schema's order: a value's place in the row is its column.
func (t *parquetWriter) write(r *Row) error {
	// A value carries its column's number, which is how many values stand before it.
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
	if len(t.batch) < batchRows {
		return nil
	}
	return t.flush()
}

// flush encodes the rows that wait.
func (t *parquetWriter) flush() error {
	_, err := t.out.WriteRows(t.batch)
	t.batch = t.batch[:0]
	return err
}

// finish writes the footer; without it the file is not Parquet.
func (t *parquetWriter) finish() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.out.Close()
}
