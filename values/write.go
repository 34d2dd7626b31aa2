package values

import (
	"database/sql"
	_ "embed"
	"encoding/json"

	"hives/internal/sqlitefile"
)

//go:embed schema.sql
var schema string

// format is what an SQLite file of value vectors is.
var format = sqlitefile.Kind{
	Name: "values", Wanted: "a file of value vectors, which hives vectors build makes", Made: "hives vectors build",
	Application: 0x48695656, // "HiVV"
	Version:     2, Schema: schema,
}

// build is the part of a Set that concerns how it was made. With the rows and the model it is what would make the
// file again.
type build struct {
	Seed      uint64 `json:"seed"`
	Resamples int    `json:"resamples"`
	MinSide   int    `json:"min_side"`
	Sides     Sides  `json:"sides"`
	OwnSplit  bool   `json:"own_split"`
}

// Write puts the set into one SQLite file, whole or not at all. Equal sets give equal bytes.
//
//	about          key, value                  model, data, build, validation (JSON), sha256 of all content
//	theories       theory …, mean              the vector that prototypes are centred by
//	value_vectors  value_id …, vector          a row a node, those without a vector too
//	heads          value_id, question, facts, weights     about, supports; of a theory: sense, its guard
//	anchors        bank, id, text …, vector    sentences
func (s *Set) Write(path string) error {
	return format.Write(path, func(tx *sql.Tx) error {
		for _, step := range []func(*sql.Tx) error{s.storeAbout, s.storeTheories, s.storeValues, s.storeHeads,
			s.storeAnchors} {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeAbout writes what the file is as JSON under keys, and the digest of all else.
//
//	build        {"seed": …, "resamples": …, "min_side": …, "sides": …, "own_split": …}
//	sha256       "9f86d081…"
//	validation   what was held out; null where nothing was
func (s *Set) storeAbout(tx *sql.Tx) error {
	sum, err := s.digest()
	if err != nil {
		return err
	}
	for _, fact := range []struct {
		key   string
		value any
	}{
		{"build", build{s.Seed, s.Resamples, s.MinSide, s.Sides, s.OwnSplit}}, {"data", s.Source}, {"model", s.Model},
		{"sha256", sum},
		{"validation", s.Held},
	} {
		text, err := toJSON(fact.value)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO about VALUES (?, ?)`, fact.key, text); err != nil {
			return err
		}
	}
	return nil
}

// storeTheories writes the trees in order. place keeps the order, which no other column has.
func (s *Set) storeTheories(tx *sql.Tx) error {
	for place, t := range s.Theories {
		names, err := toJSON(t.LevelNames)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO theories VALUES (?, ?, ?, ?, ?, ?)`, place, t.Theory, t.Name, names, t.Rows,
			column(t.Mean))
		if err != nil {
			return err
		}
	}
	return nil
}

// storeValues writes a row a value: what people ask for in columns of its own, the rest as JSON. So the file answers
// plain SQL: SELECT value_id, degrees FROM value_vectors WHERE kind = 'directional' ORDER BY degrees.
func (s *Set) storeValues(tx *sql.Tx) error {
	insert, err := tx.Prepare(`INSERT INTO value_vectors VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ` +
		`?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for place := range s.Values {
		v := &s.Values[place]
		var parts [5]string // JSON columns
		for k, part := range []any{v.Path, v.Works, v.Corpora, v.Rests, v.Evidence} {
			if parts[k], err = toJSON(part); err != nil {
				return err
			}
		}
		// NULL where there is no spread: 0 would be a perfect one.
		var draws, cosine, low, degrees any
		if v.Spread != nil {
			draws, cosine, low, degrees = v.Spread.Draws, v.Spread.Cosine, v.Spread.Low, v.Spread.Degrees
		}
		_, err := insert.Exec(place, v.ID, v.Theory, v.Level, parts[0], v.Definition, parts[1], string(v.Kind), v.Note,
			v.Supports, v.Opposes, v.Neither, v.Groups, parts[2], draws, cosine, low, degrees, column(v.Vector), parts[3],
			parts[4], column(v.Background))
		if err != nil {
			return err
		}
	}
	return nil
}

// storeHeads writes the regressions and, by theory in the place of a value, the guards.
//
//	mft/care-harm   about      facts, weights     is a text about it?
//	mft/care-harm   supports   facts, weights     if it is: which way?
//	mft             sense      facts, weights     does a text say anything that the theory could be asked of?
//
// A value id has a slash and a theory's name none, so the two cannot be taken for each other.
func (s *Set) storeHeads(tx *sql.Tx) error {
	// The key is (value or theory, question); a head is its facts as JSON and its weights as bytes.
	store := func(id, question string, facts any, weights []float32) error {
		text, err := toJSON(facts)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO heads VALUES (?, ?, ?, ?)`, id, question, text, blob(weights))
		return err
	}
	for _, t := range s.Theories {
		if t.Guard != nil {
			if err := store(t.Theory, questionSense, t.Guard, t.Guard.Weights); err != nil {
				return err
			}
		}
	}
	for i := range s.Values {
		v := &s.Values[i]
		if v.About != nil {
			if err := store(v.ID, questionAbout, v.About, v.About.Weights); err != nil {
				return err
			}
		}
		if v.Support != nil {
			if err := store(v.ID, questionSupports, v.Support, v.Support.Weights); err != nil {
				return err
			}
		}
	}
	return nil
}

// What a head answers, in the file.
const (
	questionAbout    = "about"
	questionSupports = "supports"
	questionSense    = "sense"
)

// storeAnchors writes the banks' sentences in the order of the set, bank by bank. Their ids are the banks': rows that
// were assigned to an anchor name it by the same number.
func (s *Set) storeAnchors(tx *sql.Tx) error {
	insert, err := tx.Prepare(`INSERT INTO anchors VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, a := range s.Anchors {
		ids, err := toJSON(a.ValueIDs)
		if err != nil {
			return err
		}
		if _, err := insert.Exec(a.Bank, a.ID, a.Kind, a.Text, ids, a.Count, a.Provenance, column(a.Vector)); err != nil {
			return err
		}
	}
	return nil
}

// toJSON orders the keys of objects, as encoding/json does: equal maps are equal texts, and the file has the same
// bytes.
func toJSON(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}
