package values

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/sqlitefile"
)

// Open reads a whole file into memory and closes it, so that it may be replaced while its vectors are in use.
//
// Three things are checked in turn, each with its own remedy: that it is a file of value vectors and of a version
// known here; that SQLite can read it; that the content has the digest it was written with.
//
//	rows, a model, a folder            refused by what it is
//	another program's SQLite file      Mismatch: name another
//	version 3                          Mismatch: use a newer program
//	a torn page, a number changed      Corrupt: restore a copy, or build it again
func Open(path string) (*Set, error) {
	s := &Set{}
	err := format.Read(path, s.load)
	if err == nil {
		s.SHA256, err = fsutil.SHA256(path)
	}
	if err != nil {
		return nil, err
	}
	s.index()
	return s, nil
}

// load reads everything: theories before values and values before heads, which are handed to them.
func (s *Set) load(tx *sql.Tx) error {
	head, err := sqlitefile.ReadHead(tx)
	if err != nil {
		return err
	}
	version := head.Version
	switch {
	case head.Application != format.Application:
		return fault.New(fault.Mismatch, "holds no value vectors: name a file that hives vectors build made")
	case version > format.Version:
		return fault.New(fault.Mismatch, "has version %d, this program reads up to %d: use a newer program", version,
			format.Version)
	}
	var want string
	for _, step := range []func() error{
		func() (err error) { want, err = s.loadAbout(tx, version); return err },
		func() error { return s.loadTheories(tx) },
		func() error { return s.loadValues(tx, version) },
		func() error { return s.loadHeads(tx, version) },
		func() error { return s.loadAnchors(tx) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	// The digest is of what was read, so it finds a wrong reader as well as a wrong bit.
	got, err := s.digest()
	if err == nil && got != want {
		err = fmt.Errorf("its content has the digest %.12s, %.12s was written", got, want)
	}
	return err
}

// loadAbout returns the digest that the content should have. Files of version 1 held nothing out.
//
// Every fact that is asked for must be there. A missing one is an error and not a zero: a set whose model is unknown
// would take any vector for its own.
func (s *Set) loadAbout(tx *sql.Tx, version int) (sum string, err error) {
	// The facts are a table of names and JSON: a fact that is added later leaves older readers as they are.
	var made build
	facts := map[string]any{"build": &made, "data": &s.Source, "model": &s.Model, "sha256": &sum}
	if version > 1 {
		facts["validation"] = &s.Held
	}
	for key, into := range facts {
		var text string
		if err := tx.QueryRow(`SELECT value FROM about WHERE key = ?`, key).Scan(&text); err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
	}
	s.Seed, s.Resamples, s.MinSide, s.Sides, s.OwnSplit = made.Seed, made.Resamples, made.MinSide, made.Sides,
		made.OwnSplit
	return sum, nil
}

// loadTheories reads the trees with their means, in the order in which they were written. The mean is NULL for a
// theory of which there were no rows.
func (s *Set) loadTheories(tx *sql.Tx) error {
	return sqlitefile.Each(tx, `SELECT theory, name, level_names, row_count, mean FROM theories ORDER BY place`,
		func(rows *sql.Rows) error {
			var t Theory
			var names string
			var mean []byte
			if err := rows.Scan(&t.Theory, &t.Name, &names, &t.Rows, &mean); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(names), &t.LevelNames); err != nil {
				return err
			}
			var err error
			t.Mean, err = floats(mean, s.Model.Dimension)
			s.Theories = append(s.Theories, t)
			return err
		})
}

// loadValues reads the values. A column that version 1 lacks is asked for as a constant, so one scan serves both. Of
// version 1 no value has heads or evidence, so every answer is "unsure": nothing was held out.
func (s *Set) loadValues(tx *sql.Tx, version int) error {
	later := `'null', 'null', NULL` // what files of version 1 do not have
	if version > 1 {
		later = `rests_on, evidence, background`
	}
	query := `SELECT value_id, theory, level, path, definition, works, kind, note, supports, opposes, neither, ` +
		`groups, corpora,
		draws, cosine, low, degrees, vector, ` + later + ` FROM value_vectors ORDER BY place`
	return sqlitefile.Each(tx, query, func(rows *sql.Rows) error {
		var v Value
		var path, works, corpora, rests, evidence string
		var background []byte
		var draws sql.NullInt64
		var cosine, low, degrees sql.NullFloat64
		var vector []byte
		if err := rows.Scan(&v.ID, &v.Theory, &v.Level, &path, &v.Definition, &works, &v.Kind, &v.Note,
			&v.Supports, &v.Opposes, &v.Neither, &v.Groups, &corpora, &draws, &cosine, &low, &degrees, &vector, &rests,
			&evidence, &background); err != nil {
			return err
		}
		// Five columns are JSON, since their length varies from value to value. A value without a spread has NULL in all
		// four of its columns; draws stands for them.
		texts := []string{path, works, corpora, rests, evidence}
		for k, into := range []any{&v.Path, &v.Works, &v.Corpora, &v.Rests, &v.Evidence} {
			if err := json.Unmarshal([]byte(texts[k]), into); err != nil {
				return err
			}
		}
		if draws.Valid {
			v.Spread = &Spread{Draws: int(draws.Int64), Cosine: cosine.Float64, Low: low.Float64, Degrees: degrees.Float64}
		}
		var err error
		if v.Vector, err = floats(vector, s.Model.Dimension); err == nil {
			v.Background, err = floats(background, backgroundSteps+1)
		}
		s.Values = append(s.Values, v)
		return err
	})
}

// loadHeads comes after the values, which it hands their heads. The guards of theories stand in the same table:
// they are regressions too, with a theory in the place of a value.
//
//	value_id                 question    facts                              weights
//	svt/…/tradition          about       {"yes": …, "auc": …, …}            4·D bytes
//	svt                      sense       {"held": …, …}, the guard of svt   4·D bytes
func (s *Set) loadHeads(tx *sql.Tx, version int) error {
	if version == 1 {
		return nil
	}
	s.index()
	return sqlitefile.Each(tx, `SELECT value_id, question, facts, weights FROM heads ORDER BY value_id, question`,
		func(rows *sql.Rows) error {
			var id, question, facts string
			var raw []byte
			if err := rows.Scan(&id, &question, &facts, &raw); err != nil {
				return err
			}
			// Weights are a column of their own; all else of a head is JSON, written over the struct that holds them. A head
			// without its value, or with a question that is not known here, is an error: left out, it would make a value
			// that can answer into one that cannot.
			weights, err := floats(raw, s.Model.Dimension)
			if err != nil {
				return err
			}
			if question == questionSense {
				t := s.theory(id)
				if t == nil {
					return fmt.Errorf("a guard of %q, which is no theory", id)
				}
				t.Guard = &Guard{Weights: weights}
				return json.Unmarshal([]byte(facts), t.Guard)
			}
			h := &Head{Weights: weights}
			v, known := s.Find(id)
			switch {
			case !known:
				return fmt.Errorf("a head of %q, which is no value", id)
			case question == questionAbout:
				v.About = h
			case question == questionSupports:
				v.Support = h
			default:
				return fmt.Errorf("a head that answers %q", question)
			}
			return json.Unmarshal([]byte(facts), h)
		})
}

// loadAnchors reads the sentences by bank and id, which is the order that searches rely on for ties: of two sentences
// as near as each other the first here is the first in every answer.
func (s *Set) loadAnchors(tx *sql.Tx) error {
	return sqlitefile.Each(tx, `SELECT bank, id, kind, text, value_ids, count, provenance, vector
		FROM anchors ORDER BY bank, id`,
		func(rows *sql.Rows) error {
			var a Anchor
			var ids string
			var vector []byte
			if err := rows.Scan(&a.Bank, &a.ID, &a.Kind, &a.Text, &ids, &a.Count, &a.Provenance, &vector); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(ids), &a.ValueIDs); err != nil {
				return err
			}
			var err error
			a.Vector, err = floats(vector, s.Model.Dimension)
			s.Anchors = append(s.Anchors, a)
			return err
		})
}
