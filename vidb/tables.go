package vidb

import (
	"cmp"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/parquetfile"
	"hives/internal/textfile"
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
// handing them on are refused unless licenceOK says that the reader may have them.
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

// exportTable streams the rows of the values.
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
	slices.Sort(ids)
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

// eachRow closes rows.
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

type csvTable struct{ out *csv.Writer }

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
		parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hives", strconv.Itoa(schemaVersion), ""),
		parquet.MaxRowsPerRowGroup(1<<16))}
	for _, name := range names {
		t.place = append(t.place, slices.Index(sorted, name))
	}
	return t
}

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

// Import reads tables that Export wrote into a database, in the place of its values of the same ids.
func Import(folder, path string, known theories.Set) ([]string, error) {
	dir, done, err := fsutil.Scratch("vidb-*")
	if err != nil {
		return nil, err
	}
	defer done()
	made := filepath.Join(dir, "vidb.db")
	if err := fill(made, folder); err != nil {
		return nil, err
	}
	values, err := open(made, nil, known)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	var ids []string
	for _, v := range values {
		ids = append(ids, v.ValueID)
	}
	return ids, Save(path, values...)
}

// fill makes a database of the tables in a folder. Its reader then checks it as any other.
func fill(made, folder string) error {
	db, err := sql.Open("sqlite3", dsn(made, "rwc", "journal_mode(OFF)", "synchronous(OFF)"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	head := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
	if _, err := tx.Exec(schema + head); err != nil {
		return err
	}
	for _, t := range tables {
		file, err := tableFile(folder, t.name)
		if err != nil {
			return err
		}
		if file == "" {
			continue
		}
		if err := importTable(tx, t.name, file); err != nil {
			return err
		}
	}
	return cmp.Or(tx.Commit(), db.Close())
}

// tableFile finds a table in either form. What a value is and its scores must be there; orders and judges may be
// missing, and then cannot be fitted again.
func tableFile(folder, table string) (string, error) {
	for _, form := range []string{Parquet, CSV} {
		file := filepath.Join(folder, table+"."+form)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	if table == "about" || table == "scores" {
		return "", fault.New(fault.NotFound, "%s: holds no %s.parquet and no %s.csv: name the folder of hives vidb export",
			folder, table, table)
	}
	return "", nil
}

// importTable puts a file's rows into a table.
func importTable(tx *sql.Tx, table, file string) error {
	columns, err := tableColumns(tx, table)
	if err != nil {
		return err
	}
	insert, err := tx.Prepare(fmt.Sprintf("INSERT INTO %s VALUES (%s)", table,
		strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")))
	if err != nil {
		return err
	}
	defer insert.Close()
	number := 0
	put := func(text func(name string) (string, bool)) error {
		number++
		row, err := cells(columns, text)
		if err == nil {
			_, err = insert.Exec(row...)
		}
		if err != nil {
			return fault.New(fault.Corrupt, "row %d: %w", number, err)
		}
		return nil
	}
	if strings.HasSuffix(file, "."+CSV) {
		return eachCSV(file, columns, put)
	}
	return eachParquet(file, columns, put)
}

// cells turns a row's texts into what the table holds. A number that is none, infinite or beyond every logit is
// refused: it would go into sums of exponentials.
func cells(columns []column, text func(name string) (string, bool)) ([]any, error) {
	out := make([]any, len(columns))
	for i, c := range columns {
		cell, there := text(c.name)
		switch {
		case c.kind == "TEXT":
			out[i] = cell
		case c.kind == "INTEGER":
			n, err := strconv.ParseInt(cell, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("column %s is no whole number", c.name)
			}
			out[i] = n
		case there && cell != "":
			x, err := strconv.ParseFloat(cell, 64)
			if err != nil || math.IsNaN(x) || math.Abs(x) > hugest {
				return nil, fmt.Errorf("column %s is no number within ±%.0f", c.name, float64(hugest))
			}
			out[i] = x
		}
	}
	return out, nil
}

// missing refuses a file without a column, before any row is read.
func missing(file string, columns []column, names []string) error {
	for _, c := range columns {
		if !slices.Contains(names, c.name) {
			return fault.New(fault.Corrupt, "%s: has no column %q: name a table that hives vidb export wrote", file, c.name)
		}
	}
	return nil
}

func eachCSV(file string, columns []column, put func(func(string) (string, bool)) error) error {
	t, err := textfile.OpenTable(file, textfile.Dialect{Comma: ','})
	if err != nil {
		return err
	}
	defer t.Close()
	if err := missing(file, columns, t.Names); err != nil {
		return err
	}
	for {
		row, line, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fault.New(fault.Corrupt, "%s: line %d: %w", file, line, err)
		}
		err = put(func(name string) (string, bool) { return row[slices.Index(t.Names, name)], true })
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
}

// eachParquet reads flat columns by name. The library panics on some damaged files.
func eachParquet(file string, columns []column, put func(func(string) (string, bool)) error) (err error) {
	f, err := parquetfile.Open(file)
	if err != nil {
		return fault.New(cmp.Or(fault.Of(err), fault.Corrupt), "%s: %w", file, err)
	}
	defer f.Close()
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Corrupt, "%s: %v", file, r)
		}
	}()
	if err := f.Look(); err != nil {
		return fault.New(cmp.Or(fault.Of(err), fault.Corrupt), "%s: %w", file, err)
	}
	var names []string
	for _, field := range f.Schema().Fields() {
		if !field.Leaf() {
			return fault.New(fault.Corrupt, "%s: column %q is nested", file, field.Name())
		}
		names = append(names, field.Name())
	}
	if err := missing(file, columns, names); err != nil {
		return err
	}
	for _, group := range f.RowGroups() {
		if err := groupRows(group, names, put); err != nil {
			return fault.New(cmp.Or(fault.Of(err), fault.Corrupt), "%s: %w", file, err) // the library's own words have no kind
		}
	}
	return nil
}

// groupRows gives the rows of one group.
func groupRows(group parquet.RowGroup, names []string, put func(func(string) (string, bool)) error) error {
	rows := group.Rows()
	defer rows.Close()
	batch := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(batch)
		for _, row := range batch[:n] {
			values := make([]parquet.Value, len(names))
			for _, v := range row {
				values[v.Column()] = v
			}
			if err := put(func(name string) (string, bool) {
				v := values[slices.Index(names, name)]
				return v.String(), !v.IsNull()
			}); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
