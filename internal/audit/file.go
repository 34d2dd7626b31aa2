package audit

import (
	"cmp"
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/sqlitefile"
)

//go:embed schema.sql
var schema string

// format is what a record's file is.
var format = sqlitefile.Kind{
	Name: "record", Wanted: "a record of an audit, which hives steer run writes", Made: "hives steer run",
	Application: 0x48695641, // "HiVA"
	Version:     1, Schema: schema,
}

// Write puts a record under path, whole or not at all.
func Write(path string, r Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	r = r.sorted()
	about, err := json.Marshal(r.About)
	if err != nil {
		return err
	}
	return format.Write(path, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO about VALUES (?)`, string(about))
		return cmp.Or(err,
			sqlitefile.Insert(tx, `INSERT INTO queries VALUES (?,?,?,?,?)`, r.Queries, func(q Query) []any {
				return []any{q.ID, q.Source, q.Text, q.Cluster, q.Size}
			}),
			sqlitefile.Insert(tx, `INSERT INTO conditions VALUES (?,?,?,?,?,?,?)`, r.Conditions, func(c Condition) []any {
				return []any{c.ID, c.Regime, list(c.Values), list(c.Targets), c.Prompt, c.Hash, c.Skipped}
			}),
			sqlitefile.Insert(tx, `INSERT INTO answers VALUES (?,?,?,?,?,?,?,?,?,?)`, r.Answers, func(a Answer) []any {
				return []any{a.Query, a.Condition, a.Asked, list(a.Texts), a.Text, string(a.Finish), a.Refusal, a.Error, a.Tokens,
					a.Model}
			}),
			sqlitefile.Insert(tx, `INSERT INTO scores VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, r.Scores, func(s Score) []any {
				return []any{s.Query, s.Condition, s.Value, s.Judge, null(s.Score), null(s.Lo), null(s.Hi), null(s.SE),
					null(s.Beta), s.Status, s.Asked, s.Used}
			}),
			// SQLite's integers have a sign: a seed is the int64 of the same bits.
			sqlitefile.Insert(tx, `INSERT INTO ablation VALUES (?,?,?,?,?,?,?,?,?)`, r.Ablation, func(a Ablation) []any {
				return []any{a.Query, a.Value, a.Judge, a.Panel, a.K, a.M, int64(a.Seed), null(a.Score), a.Status}
			}))
	})
}

// Read reads a record: a file, or a run's folder with one in it.
func Read(path string) (r Record, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, RecordFile)
	}
	err = format.Read(path, func(tx *sql.Tx) error {
		head, err := sqlitefile.ReadHead(tx)
		switch {
		case err != nil:
			return err
		case head.Application != format.Application:
			return fault.New(fault.Mismatch, "is a file of another program: name the folder of a hives steer run")
		case head.Version != format.Version:
			return fault.New(fault.Mismatch, "has version %d, this program reads version %d: run hives steer run again, which "+
				"asks nothing twice", head.Version, format.Version)
		}
		return r.read(tx)
	})
	if err == nil {
		err = r.Check()
	}
	return r, err
}

// read fills the record table by table, rows by key.
func (r *Record) read(tx *sql.Tx) error {
	var about string
	if err := tx.QueryRow(`SELECT about FROM about`).Scan(&about); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(about), &r.About); err != nil {
		return fault.New(fault.Corrupt, "table about: %w", err)
	}
	return cmp.Or(
		rows(tx, `SELECT * FROM queries ORDER BY query`, &r.Queries, func(q *Query) []any {
			return []any{&q.ID, &q.Source, &q.Text, &q.Cluster, &q.Size}
		}),
		rows(tx, `SELECT * FROM conditions ORDER BY condition`, &r.Conditions, func(c *Condition) []any {
			return []any{&c.ID, &c.Regime, from(&c.Values), from(&c.Targets), &c.Prompt, &c.Hash, &c.Skipped}
		}),
		rows(tx, `SELECT * FROM answers ORDER BY query, condition`, &r.Answers, func(a *Answer) []any {
			return []any{&a.Query, &a.Condition, &a.Asked, from(&a.Texts), &a.Text, (*string)(&a.Finish), &a.Refusal, &a.Error,
				&a.Tokens, &a.Model}
		}),
		rows(tx, `SELECT * FROM scores ORDER BY query, condition, value_id, judge`, &r.Scores, func(s *Score) []any {
			return []any{&s.Query, &s.Condition, &s.Value, &s.Judge, number(&s.Score), number(&s.Lo), number(&s.Hi),
				number(&s.SE), number(&s.Beta), &s.Status, &s.Asked, &s.Used}
		}),
		rows(tx, `SELECT * FROM ablation ORDER BY query, value_id, judge, panel, k, m, seed`, &r.Ablation,
			func(a *Ablation) []any {
				return []any{&a.Query, &a.Value, &a.Judge, &a.Panel, &a.K, &a.M, (*bits)(&a.Seed), number(&a.Score), &a.Status}
			}))
}

// rows reads all rows of a table.
func rows[T any](tx *sql.Tx, query string, out *[]T, columns func(*T) []any) error {
	found, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var one T
		if err := found.Scan(columns(&one)...); err != nil {
			return err
		}
		*out = append(*out, one)
	}
	return found.Err()
}

// list is a list as JSON, [] where it is empty.
func list[T string | int](all []T) string {
	if len(all) == 0 {
		return "[]"
	}
	raw, _ := json.Marshal(all) // strings and whole numbers always marshal
	return string(raw)
}

// null is NULL for what nothing tells.
func null(n figure.Number) any {
	if !n.Known() {
		return nil
	}
	return float64(n)
}

// scanner is a column on its way into a field.
type scanner func(any) error

// Scan implements sql.Scanner.
func (s scanner) Scan(cell any) error { return s(cell) }

// from reads a list of JSON; [] is nil.
func from[T any](into *[]T) scanner {
	return func(cell any) error {
		text, _ := cell.(string)
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return fault.New(fault.Corrupt, "%w", err)
		}
		if len(*into) == 0 {
			*into = nil
		}
		return nil
	}
}

// number reads a number, NULL as NaN.
func number(into *figure.Number) scanner {
	return func(cell any) error {
		switch cell := cell.(type) {
		case nil:
			*into = figure.Number(math.NaN())
		case float64:
			*into = figure.Number(cell)
		default:
			return fmt.Errorf("holds %T where a number is wanted", cell)
		}
		return nil
	}
}

// bits is a uint64 that is stored as the int64 of the same bits.
type bits uint64

// Scan implements sql.Scanner.
func (b *bits) Scan(cell any) error {
	n, ok := cell.(int64)
	if !ok {
		return fmt.Errorf("holds %T where a whole number is wanted", cell)
	}
	*b = bits(n)
	return nil
}
