package profiles

import (
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/sqlitefile"
)

//go:embed schema.sql
var schema string

// format is what a file of a fitted text model is.
var format = sqlitefile.Kind{
	Name: "profiles", Wanted: "a profile model, which hives profile fit makes", Made: "hives profile fit",
	Application: 0x48695054, // "HiPT"
	Version:     2, Schema: schema,
}

// Write puts the model into one SQLite file, whole or not at all. Equal models give equal bytes. FORMAT.md draws it.
func (m *TextModel) Write(path string) error {
	return format.Write(path, func(tx *sql.Tx) error {
		for _, step := range []func(*sql.Tx) error{m.storeAbout, m.storeVectors, m.storeValues} {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeAbout writes what the file rests on, and the digest of all of it.
func (m *TextModel) storeAbout(tx *sql.Tx) error {
	for _, fact := range []struct {
		key   string
		value any
	}{{"model", m.Model}, {"rows", m.Rows}, {"rules", m.Rules}, {"sha256", m.digest()}, {"vidb", m.VIDB}} {
		raw, err := json.Marshal(fact.value)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO about VALUES (?, ?)`, fact.key, string(raw)); err != nil {
			return err
		}
	}
	return nil
}

// storeVectors writes nodes and texts in their order, by which values name them.
func (m *TextModel) storeVectors(tx *sql.Tx) error {
	for place, n := range m.Nodes {
		_, err := tx.Exec(`INSERT INTO nodes VALUES (?, ?, ?, ?, ?)`, place, n.ID, n.Theory, n.Level, blob(n.Vector))
		if err != nil {
			return err
		}
	}
	insert, err := tx.Prepare(`INSERT INTO texts VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for place, x := range m.Texts {
		if _, err := insert.Exec(place, m.IDs[place], blob(x)); err != nil {
			return err
		}
	}
	return nil
}

func (m *TextModel) storeValues(tx *sql.Tx) error {
	for i := range m.Values {
		v := &m.Values[i]
		facts, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if v.Fit == nil {
			_, err = tx.Exec(`INSERT INTO fitted_values (value_id, facts) VALUES (?, ?)`, v.ID, string(facts))
		} else {
			_, err = tx.Exec(`INSERT INTO fitted_values VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, v.ID, string(facts), v.Fit.Lambda,
				v.Fit.R2, v.Fit.Q, v.Fit.Rank, v.Fit.Ridge.Intercept, blob(v.Fit.Ridge.W), blob(v.Fit.Misses))
		}
		if err != nil {
			return err
		}
		for place, text := range v.Rows {
			if _, err := tx.Exec(`INSERT INTO trained VALUES (?, ?, ?)`, v.ID, place, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// digest is over all that the model answers by. It is taken of what was read, so it sees a wrong reader as well as a
// wrong bit.
func (m *TextModel) digest() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	if err := e.Encode(m); err != nil {
		panic(err) // numbers, words and nulls: it cannot fail
	}
	for _, n := range m.Nodes {
		h.Write(blob(n.Vector))
	}
	for place, x := range m.Texts {
		fmt.Fprintln(h, m.IDs[place])
		h.Write(blob(x))
	}
	for i := range m.Values {
		v := &m.Values[i]
		if v.Fit != nil {
			fmt.Fprintln(h, v.ID, v.Rows, v.Fit.Lambda, v.Fit.R2, v.Fit.Q, v.Fit.Rank, v.Fit.Ridge.Intercept)
			h.Write(blob(v.Fit.Ridge.W))
			h.Write(blob(v.Fit.Misses))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// OpenTextModel reads a whole file into memory and closes it, so that it may be replaced while it is in use.
//
//	rows, a VIDB, a folder                  refused by what it is
//	another program's SQLite file           Mismatch: name another
//	version 3                               Mismatch: use a newer program
//	version 1                               read: it scores by CountSure
//	a torn page, a number changed           Corrupt: restore a copy, or fit again
func OpenTextModel(path string) (*TextModel, error) {
	m := &TextModel{}
	err := format.Read(path, m.load)
	if err == nil {
		m.SHA256, err = fsutil.SHA256(path)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *TextModel) load(tx *sql.Tx) error {
	head, err := sqlitefile.ReadHead(tx)
	switch {
	case err != nil:
		return err
	case head.Application != format.Application:
		return fault.New(fault.Mismatch, "holds no profile model: name a file that hives profile fit made")
	case head.Version < 1 || head.Version > format.Version:
		return fault.New(fault.Mismatch, "has version %d, this program reads up to version %d: use a newer program, or fit "+
			"it again", head.Version, format.Version)
	}
	var want string
	for key, into := range map[string]any{"model": &m.Model, "vidb": &m.VIDB, "rows": &m.Rows, "rules": &m.Rules,
		"sha256": &want} {
		var raw string
		if err := tx.QueryRow(`SELECT value FROM about WHERE key = ?`, key).Scan(&raw); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	for _, step := range []func(*sql.Tx) error{m.loadNodes, m.loadTexts, m.loadValues, m.loadTrained} {
		if err := step(tx); err != nil {
			return err
		}
	}
	if got := m.digest(); got != want {
		return fmt.Errorf("its content has the digest %.12s, %.12s was written", got, want)
	}
	if err := m.Rules.Validate(); err != nil {
		return err
	}
	return m.index()
}

func (m *TextModel) loadNodes(tx *sql.Tx) error {
	query := `SELECT value_id, theory, level, vector FROM nodes ORDER BY place`
	return sqlitefile.Each(tx, query, func(rows *sql.Rows) error {
		var n TextNode
		var raw []byte
		err := rows.Scan(&n.ID, &n.Theory, &n.Level, &raw)
		if err != nil {
			return err
		}
		n.Vector, err = numbers(raw, m.Model.Dimension)
		m.Nodes = append(m.Nodes, n)
		return err
	})
}

func (m *TextModel) loadTexts(tx *sql.Tx) error {
	return sqlitefile.Each(tx, `SELECT text_id, vector FROM texts ORDER BY place`, func(rows *sql.Rows) error {
		var id string
		var raw []byte
		if err := rows.Scan(&id, &raw); err != nil {
			return err
		}
		x, err := numbers(raw, m.Model.Dimension)
		m.Texts, m.IDs = append(m.Texts, x), append(m.IDs, id)
		return err
	})
}

func (m *TextModel) loadValues(tx *sql.Tx) error {
	return sqlitefile.Each(tx, `SELECT facts, lambda, r2, q, rank, intercept, weights, residuals FROM fitted_values
		ORDER BY value_id`,
		func(rows *sql.Rows) error {
			var v TextValue
			var facts string
			var lambda, r2, q, intercept sql.NullFloat64
			var rank sql.NullInt64
			var weights, misses []byte
			if err := rows.Scan(&facts, &lambda, &r2, &q, &rank, &intercept, &weights, &misses); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(facts), &v); err != nil {
				return err
			}
			if v.Why == "" {
				w, err := numbers(weights, m.Model.Dimension)
				if err != nil {
					return fmt.Errorf("%s: %w", v.ID, err)
				}
				v.Fit = &TextFit{Ridge: intensity.Ridge{W: w, Intercept: intercept.Float64}, Lambda: lambda.Float64,
					R2: r2.Float64, Q: q.Float64, Rank: int(rank.Int64)}
				if v.Fit.Misses, err = numbers(misses, len(misses)/8); err != nil {
					return fmt.Errorf("%s: %w", v.ID, err)
				}
			}
			m.Values = append(m.Values, v)
			return nil
		})
}

// loadTrained comes last: it names texts and values by what was read before.
func (m *TextModel) loadTrained(tx *sql.Tx) error {
	err := sqlitefile.Each(tx, `SELECT value_id, text FROM trained ORDER BY value_id, place`, func(rows *sql.Rows) error {
		var id string
		var text int
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		at, known := m.Find(id)
		if !known || text < 0 || text >= len(m.Texts) {
			return fmt.Errorf("value %q was trained on text %d: there is no such value or text", id, text)
		}
		m.Values[at].Rows = append(m.Values[at].Rows, text)
		return nil
	})
	for i := range m.Values {
		if v := &m.Values[i]; err == nil && v.Fit != nil && len(v.Rows) != len(v.Fit.Misses) {
			err = fmt.Errorf("value %s has %d training texts and %d residuals", v.ID, len(v.Rows), len(v.Fit.Misses))
		}
	}
	return err
}

// blob writes float64 little-endian: 384 numbers are 3,072 bytes.
func blob(x []float64) []byte {
	out := make([]byte, 0, 8*len(x))
	for _, v := range x {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}

// numbers reads a blob of d numbers. One of another length is of another model's width, or torn.
func numbers(raw []byte, d int) ([]float64, error) {
	if d < 1 || len(raw) != 8*d {
		return nil, fmt.Errorf("%d bytes, %d numbers need %d", len(raw), d, 8*d)
	}
	out := make([]float64, d)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		if math.IsNaN(out[i]) || math.IsInf(out[i], 0) {
			return nil, fmt.Errorf("number %d of a list is none", i)
		}
	}
	return out, nil
}
