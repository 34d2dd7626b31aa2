package vidb

import (
	"cmp"
	"database/sql"
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

// Import reads tables that Export wrote into a database, in the place of its values of the same ids. The tables go
// through the same reader as any database, so what it refuses is refused here: another pool hash, a score of 11.
func Import(folder, path string, known theories.Set) ([]string, error) {
	dir, done, err := fsutil.Scratch("vidb-*")
	if err != nil {
		return nil, err
	}
	defer done()
	made := filepath.Join(dir, "vidb.db")
	if err := format.Create(made, func(tx *sql.Tx) error { return fill(tx, folder) }); err != nil {
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

// fill puts the tables in a folder into a new database. Its reader then checks it as any other.
func fill(tx *sql.Tx, folder string) error {
	for _, t := range tables {
		file, err := tableFile(folder, t.name)
		if err == nil && file != "" {
			err = importTable(tx, t.name, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
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
//
//	TEXT      ""          the empty text
//	INTEGER   ""          refused
//	REAL      ""          NULL
//	REAL      "NaN"       refused
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

// eachCSV reads columns by name, in whatever order they stand; further ones are passed over.
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
