package vidb

import (
	"cmp"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/url"
	"slices"

	"hives/data/theories"
	"hives/internal/sqlitefile"
)

//go:embed schema.sql
var schema string

// format is what an SQLite file of intensities is.
var format = sqlitefile.Kind{
	Name: "vidb", Wanted: "a value-intensity database, which hives vidb pool begins", Made: "hives vidb",
	Application: 0x48695649, // "HiVI"
	Version:     1, Schema: schema,
}

// tables in the order in which they are filled, with the order of their rows.
var tables = []struct{ name, order string }{
	{"about", "value_id"}, {"windows", "rowid"}, {"rankings", "rowid"}, {"scores", "value_id, text_id"},
	{"judges", "value_id, judge"},
}

// Save puts values into the file at path, in the place of those of the same id; the file's other values stay. It makes
// a whole new file and moves it into place: a reader sees the old one or the new one.
//
// Invariant: the bytes are a function of the values alone. They are written by value_id, and each value's rows in one
// order, into an empty database, whatever the file was before (TestBytesAreAFunctionOfTheValues).
func Save(path string, values ...*Value) error {
	kept, err := others(path, values)
	if err != nil {
		return fmt.Errorf("vidb %s: %w", path, err)
	}
	return format.Write(path, func(tx *sql.Tx) error { return store(tx, path, kept, values) })
}

// store fills a new file from memory, and with kept from the file before.
//
//	the file before has a b d, saved are b and c     a copied, b and c from memory, d copied: a b c d
func store(tx *sql.Tx, before string, kept []string, values []*Value) error {
	// Values that stay are copied inside SQLite, row by row: a file of 32 values need not fit in memory.
	if len(kept) > 0 {
		name, err := sqlitefile.URL(before, url.Values{"mode": {"ro"}})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`ATTACH ? AS before`, name); err != nil {
			return err
		}
	}
	fresh := map[string]*Value{}
	for _, v := range values {
		fresh[v.ValueID] = v
	}
	for _, id := range slices.Sorted(maps.Keys(fresh)) {
		kept = append(kept, id)
	}
	slices.Sort(kept)
	for _, id := range kept {
		if err := put(tx, id, fresh[id]); err != nil {
			return err
		}
	}
	return nil
}

// others are the values of a file that are not about to be replaced. They are copied as they stand, without being
// read: a theory that this reader does not know is no hindrance.
func others(path string, values []*Value) ([]string, error) {
	f, err := Open(path, theories.Builtin())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, a := range f.Values {
		if !slices.ContainsFunc(values, func(v *Value) bool { return v.ValueID == a.ValueID }) {
			out = append(out, a.ValueID)
		}
	}
	return out, nil
}

// put writes one value: from memory, or nil as it stands in the file before. Rows are copied in the order in which
// they were once written, so a value that is kept has the bytes of one that is written anew.
//
// Both ways write the same rows in the same order, so a value's pages are the same whichever way it came.
func put(tx *sql.Tx, id string, v *Value) error {
	if v != nil {
		return cmp.Or(putAbout(tx, v), putWindows(tx, v), putScores(tx, v), putJurors(tx, v))
	}
	for _, t := range tables {
		where := "value_id = ?"
		if t.name == "rankings" {
			where = "window IN (SELECT window FROM before.windows WHERE value_id = ?)"
		}
		_, err := tx.Exec(fmt.Sprintf("INSERT INTO main.%s SELECT * FROM before.%s WHERE %s ORDER BY %s", t.name, t.name,
			where, t.order), id)
		if err != nil {
			return err
		}
	}
	return nil
}

// putAbout writes a value's line; what has no column of its own is JSON.
func putAbout(tx *sql.Tx, v *Value) error {
	_, err := tx.Exec(`INSERT INTO about VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		v.ValueID, v.Run, v.DefinitionHash, v.PoolHash, int64(v.Seed), v.K, v.M, v.Format, v.Order, asJSON(v.Judges), v.Prior,
		v.Solver, string(v.Calibration), null(v.Mean), null(v.MaxAbs), null(v.Neutral), v.Licence, asJSON(v.Settings),
		asJSON(v.Report))
	return err
}

// putWindows writes all windows and then all answers, as a copy of the tables does: pages come in the order of the
// rows.
func putWindows(tx *sql.Tx, v *Value) error {
	return cmp.Or(
		sqlitefile.Insert(tx, `INSERT INTO windows VALUES (?,?,?,?,?,?,?)`, v.Windows, func(w Window) []any {
			return []any{w.ID, v.ValueID, v.Texts[w.Focal].ID, w.Rep, w.Judge, v.ids(w.Shown), w.Overlap}
		}),
		sqlitefile.Insert(tx, `INSERT INTO rankings VALUES (?,?,?,?,?)`, v.Windows, func(w Window) []any {
			if w.Answer == nil {
				return nil
			}
			return []any{w.ID, v.ids(w.Answer.Ranking), w.Answer.Tie, w.Answer.Error, w.Answer.Vote}
		}))
}

// ids are texts as a JSON list of text_ids.
func (v *Value) ids(texts []int) string {
	ids := make([]string, len(texts))
	for at, text := range texts {
		ids[at] = v.Texts[text].ID
	}
	return asJSON(ids)
}

// putScores writes a row a text. each goes through the texts in their order, so at is a text's number.
func putScores(tx *sql.Tx, v *Value) error {
	at := 0
	return sqlitefile.Insert(tx, `INSERT INTO scores VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, v.Texts,
		func(t Text) []any {
			s := v.Scores[at]
			at++
			return []any{t.ID, v.ValueID, null(s.Theta), null(s.SE), s.SEKind, s.Appearances, s.Wins, s.Losses,
				null(s.Score), s.Zeros, s.Answers, null(s.HumanMean), s.Humans, null(s.Final), string(s.Status), t.Target,
				t.Direction, t.Corpus, t.Licence, t.Text, t.Group, t.People.encode()}
		})
}

// putJurors writes the judges' figures, NULL for what nothing tells.
func putJurors(tx *sql.Tx, v *Value) error {
	return sqlitefile.Insert(tx,
		`INSERT INTO judges VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, v.Jurors, func(j JudgeFigures) []any {
			return []any{v.ValueID, j.Judge, j.Answers, j.Unusable, j.Ties, null(j.FirstShare), null(j.Lo), null(j.Hi),
				null(j.Consistency), null(j.Beta), asJSON(j.Bias), null(j.Agreement)}
		})
}

// null is NULL for what nothing tells: JSON and SQL have no NaN, and 0 would be a number.
func null(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return x
}

// asJSON is for lists and structs of the package, which always marshal: their numbers are finite.
func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("vidb: %v", err))
	}
	return string(raw)
}
