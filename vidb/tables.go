package vidb

import (
	"cmp"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Forms of an exported table.
const (
	Parquet = "parquet"
	CSV     = "csv"
)

// column is one of a table, of the type that schema.sql gives it: TEXT, INTEGER or REAL. Only REAL may be NULL.
type column struct{ name, kind string }

// forbidden are licences whose rows are not handed on without a word from somebody who may: those that forbid it, and
// rows of which nobody said that it is allowed.
var forbidden = []string{"no redistribution", "not stated", "AI2 ImpACT", "source corpora's terms"}

// Export writes the tables of values into a folder, a file each, and returns their names. Rows whose licence forbids
// handing them on are refused unless licenceOK says that the reader may have them. All files appear together or none
// does.
//
//	tables/about.parquet  windows.parquet  rankings.parquet  scores.parquet  judges.parquet
func Export(path, folder, form string, ids []string, known theories.Set, licenceOK bool) ([]string, error) {
	if form != Parquet && form != CSV {
		return nil, invalid("--format %q: want %s or %s", form, Parquet, CSV)
	}
	f, err := Open(path, known)
	if err != nil {
		return nil, err
	}
	values, err := open(path, ids, known)
	if err != nil {
		return nil, err
	}
	var chosen []string
	for _, v := range values {
		chosen = append(chosen, v.ValueID)
		if err := v.mayLeave(); err != nil && !licenceOK {
			return nil, err
		}
	}
	if err := fsutil.MakeFolders(folder); err != nil {
		return nil, err
	}
	var files []fsutil.File
	var names []string
	for _, t := range tables {
		name := filepath.Join(folder, t.name+"."+form)
		names = append(names, name)
		files = append(files, fsutil.File{Path: name, Write: func(w io.Writer) error {
			return f.read(func(tx *sql.Tx) error { return exportTable(tx, w, t.name, t.order, form, chosen) })
		}})
	}
	return names, fsutil.WriteFiles(files...)
}

// mayLeave refuses a value with rows that may not be handed on.
//
//	texts of CC BY 4.0                                  may
//	one text of "research only, no redistribution"      refused, with the number of such texts
//	"not stated"                                        refused: silence is no permission
func (v *Value) mayLeave() error {
	texts, terms := 0, []string{}
	for _, t := range v.Texts {
		if i := slices.IndexFunc(forbidden, func(f string) bool { return strings.Contains(t.Licence, f) }); i >= 0 {
			texts++
			if !slices.Contains(terms, t.Licence) {
				terms = append(terms, t.Licence)
			}
		}
	}
	if texts == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "vidb: %s: the licence of %d texts (%s) does not let them be handed on: draw a pool "+
		"without them, or say --licence-ok where you may", v.ValueID, texts, strings.Join(terms, "; "))
}

// tableColumns are a table's, as the schema has them.
func tableColumns(tx *sql.Tx, table string) (out []column, err error) {
	rows, err := tx.Query(`SELECT name, type FROM pragma_table_info(?) ORDER BY cid`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.kind); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// exportTable streams the rows of the values. rankings have no value_id: a ranking's value is its window's.
func exportTable(tx *sql.Tx, w io.Writer, table, order, form string, ids []string) error {
	columns, err := tableColumns(tx, table)
	if err != nil {
		return err
	}
	where := "value_id = ?"
	if table == "rankings" {
		where = "window IN (SELECT window FROM windows WHERE value_id = ?)"
	}
	var out tableWriter = newCSVTable(w, columns)
	if form == Parquet {
		out = newParquetTable(w, table, columns)
	}
	slices.Sort(ids) // as in the database, so that what is imported again has its bytes
	for _, id := range ids {
		rows, err := tx.Query(fmt.Sprintf("SELECT * FROM %s WHERE %s ORDER BY %s", table, where, order), id)
		if err != nil {
			return err
		}
		if err := eachRow(rows, len(columns), out.row); err != nil {
			return err
		}
	}
	return out.close()
}

// eachRow closes rows. The cells are overwritten by the next row, so use must not keep them.
func eachRow(rows *sql.Rows, columns int, use func([]any) error) error {
	defer rows.Close()
	cells, places := make([]any, columns), make([]any, columns)
	for i := range cells {
		places[i] = &cells[i]
	}
	for rows.Next() {
		if err := cmp.Or(rows.Scan(places...), use(cells)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// tableWriter takes rows whose cells are string, int64, float64 or nil.
type tableWriter interface {
	row([]any) error
	close() error
}

// csvTable writes NULL as an empty cell. Only REAL columns may be NULL, and no number is empty, so none is lost.
type csvTable struct{ out *csv.Writer }

// newCSVTable writes the header.
func newCSVTable(w io.Writer, columns []column) csvTable {
	t := csvTable{csv.NewWriter(w)}
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	t.out.Write(names) //nolint:errcheck // close reports it
	return t
}

func (t csvTable) row(cells []any) error {
	out := make([]string, len(cells))
	for i, cell := range cells {
		switch x := cell.(type) {
		case string:
			out[i] = x
		case int64:
			out[i] = strconv.FormatInt(x, 10)
		case float64:
			out[i] = strconv.FormatFloat(x, 'g', -1, 64) // the shortest that reads back as the same bits
		}
	}
	return t.out.Write(out)
}

func (t csvTable) close() error {
	t.out.Flush()
	return t.out.Error()
}

// parquetTable writes one file; the same rows give the same bytes.
type parquetTable struct {
	out   *parquet.GenericWriter[any]
	place []int // of each column in the schema, which sorts them by name
}

// newParquetTable holds a group of 65,536 rows in memory. The writer's name is fixed: the library's own would change
// the bytes with its version.
//
// Only numbers that may be missing are optional. What is text is never missing: it is empty.
func newParquetTable(w io.Writer, table string, columns []column) *parquetTable {
	g := parquet.Group{}
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
		switch c.kind {
		case "INTEGER":
			g[c.name] = parquet.Int(64)
		case "REAL":
			g[c.name] = parquet.Optional(parquet.Leaf(parquet.DoubleType))
		default:
			g[c.name] = parquet.String()
		}
	}
	sorted := slices.Sorted(slices.Values(names))
	t := &parquetTable{out: parquet.NewGenericWriter[any](w, parquet.NewSchema(table, g),
		parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hives", strconv.Itoa(format.Version), ""),
		parquet.MaxRowsPerRowGroup(1<<16))}
	for _, name := range names {
		t.place = append(t.place, slices.Index(sorted, name))
	}
	return t
}

// row gives an optional cell the definition level 1 where there is a value; columns that are required have none.
func (t *parquetTable) row(cells []any) error {
	row := make(parquet.Row, len(cells))
	for i, cell := range cells {
		at := t.place[i]
		switch x := cell.(type) {
		case nil:
			row[at] = parquet.NullValue().Level(0, 0, at)
		case float64:
			row[at] = parquet.DoubleValue(x).Level(0, 1, at)
		case int64:
			row[at] = parquet.Int64Value(x).Level(0, 0, at)
		default:
			row[at] = parquet.ByteArrayValue([]byte(x.(string))).Level(0, 0, at)
		}
	}
	_, err := t.out.WriteRows([]parquet.Row{row})
	return err
}

func (t *parquetTable) close() error { return t.out.Close() }
