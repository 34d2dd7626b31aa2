package vidb

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"hives/data/theories"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/sqlitefile"
)

// File is a database that was looked at. It is closed between calls: it may be replaced while its values are in use.
type File struct {
	Path   string
	Values []About // by value_id

	known theories.Set
}

// Open reads what the file holds, not yet its texts; known are the theories by which values are named. A file that does
// not exist is fs.ErrNotExist.
func Open(path string, known theories.Set) (*File, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("vidb: %w", fsutil.Classify(err, path))
	}
	f := &File{Path: path, known: known}
	err := f.read(func(tx *sql.Tx) (err error) {
		f.Values, err = readAbouts(tx)
		return err
	})
	return f, err
}

// Value reads one value with its texts and scores, and checks the pool's hash.
func (f *File) Value(id string) (*Value, error) { return f.load(id, false) }

// Full is Value with the windows and their answers.
func (f *File) Full(id string) (*Value, error) { return f.load(id, true) }

// load reads one value in one transaction. Windows are most of a file, and scoring needs none.
func (f *File) load(id string, windows bool) (*Value, error) {
	about, err := f.find(id)
	if err != nil {
		return nil, err
	}
	v := &Value{About: about, known: f.known}
	err = f.read(func(tx *sql.Tx) error {
		if err := cmp.Or(readScores(tx, v), readJurors(tx, v)); err != nil || !windows {
			return err
		}
		return readWindows(tx, v)
	})
	if err != nil {
		return nil, err
	}
	// A text that was changed is another text: its orders and its score are not about it.
	if got := poolHash(v.Texts); got != v.PoolHash {
		return nil, fault.New(fault.Mismatch, "vidb %s: the texts of %s have the hash %.12s, its run has %.12s: restore "+
			"a copy or draw the pool again", f.Path, v.ValueID, got, v.PoolHash)
	}
	return v, nil
}

// find takes an id in any spelling that the theory knows.
//
//	mft/care-harm, mft/Care/Harm, mft/care_harm     mft/care-harm
//	svt/self-enhancement/hedonism                   svt/openness-to-change/hedonism, where it has its home
//
//	of a value with two parents either path finds it
func (f *File) find(id string) (About, error) {
	theory, path, unknown := f.known.ParseID(id)
	if unknown == nil {
		id = theories.ValueID(theory, f.known.Canonical(theory, path))
	}
	var ids []string
	for _, a := range f.Values {
		if a.ValueID == id {
			return a, nil
		}
		ids = append(ids, a.ValueID)
	}
	if unknown != nil { // no theory has it: it was mistyped
		return About{}, fault.Usage(fault.New(fault.Invalid, "vidb %s: %w; the file holds %v", f.Path, unknown, ids))
	}
	return About{}, fault.Usage(fault.New(fault.NotFound, "vidb %s: holds no value %q; it holds %v", f.Path, id, ids))
}

// read opens the file for one reading. It refuses other versions before any table is asked for.
//
// Each call opens the file anew. It may have been replaced since, by another Save: then Value checks the new file's
// hash and not the old one's.
func (f *File) read(use func(*sql.Tx) error) error {
	return format.Read(f.Path, func(tx *sql.Tx) error {
		head, err := sqlitefile.ReadHead(tx)
		switch {
		case err != nil:
			return err
		case head.Application != format.Application:
			return fault.New(fault.Mismatch, "is a file of another program: name a file that hives vidb made")
		case head.Version != format.Version:
			return fault.New(fault.Mismatch, "has version %d, this program reads version %d: use the program that made "+
				"it, or build it again", head.Version, format.Version)
		}
		return use(tx)
	})
}

// readAbouts reads the table about. SQLite's integers have a sign, so the seed is stored as the int64 of the same
// bits.
func readAbouts(tx *sql.Tx) (out []About, err error) {
	rows, err := tx.Query(`SELECT value_id, run, definition_hash, pool_hash, seed, k, m, format, "order", judges,
		prior, solver, calibration, mean, max_abs, neutral, licence, settings, report FROM about ORDER BY value_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a About
		var seed int64
		var judges, settings, report string
		var mean, most, neutral sql.NullFloat64
		err := rows.Scan(&a.ValueID, &a.Run, &a.DefinitionHash, &a.PoolHash, &seed, &a.K, &a.M, &a.Format, &a.Order, &judges,
			&a.Prior, &a.Solver, (*string)(&a.Calibration), &mean, &most, &neutral, &a.Licence, &settings, &report)
		if err != nil {
			return nil, err
		}
		a.Seed, a.Mean, a.MaxAbs, a.Neutral = uint64(seed), number(mean), number(most), number(neutral)
		err = cmp.Or(json.Unmarshal([]byte(judges), &a.Judges), json.Unmarshal([]byte(settings), &a.Settings),
			json.Unmarshal([]byte(report), &a.Report))
		if err != nil {
			return nil, fault.New(fault.Corrupt, "about %s: %w", a.ValueID, err)
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// readScores reads texts and scores, which are one table: a text belongs to a value's pool. Their order by id is that
// of their numbers.
func readScores(tx *sql.Tx, v *Value) error {
	rows, err := tx.Query(`SELECT text_id, theta, se, se_kind, appearances, wins, losses, score, zeros, answers,
		human_mean, humans, final, status, target, direction, corpus, licence, text, "group", people FROM scores WHERE
value_id = ?
		ORDER BY text_id`, v.ValueID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t Text
		var s Score
		var people string
		var theta, se, score, human, final sql.NullFloat64
		err := rows.Scan(&t.ID, &theta, &se, &s.SEKind, &s.Appearances, &s.Wins, &s.Losses, &score, &s.Zeros, &s.Answers,
			&human, &s.Humans, &final, (*string)(&s.Status), &t.Target, &t.Direction, &t.Corpus, &t.Licence, &t.Text, &t.Group,
			&people)
		if err != nil {
			return err
		}
		s.Theta, s.SE, s.Score, s.HumanMean, s.Final = number(theta), number(se), number(score), number(human), number(final)
		if t.People, err = decodePeople(people); err != nil {
			return fault.New(fault.Corrupt, "scores, text %s: column people: %w", t.ID, err)
		}
		if err := s.plausible(t.ID); err != nil {
			return err
		}
		v.Texts, v.Scores = append(v.Texts, t), append(v.Scores, s)
	}
	return rows.Err()
}

// hugest is a utility that no orders give: e to its power is infinite long before.
const hugest = 1e6

// rounding is how far beyond ±10 a score of an older file may lie: the outermost text's was 10·x/x there.
const rounding = 1e-9

// plausible refuses numbers that would go into sums of exponentials.
func (s Score) plausible(id string) error {
	for _, x := range []float64{s.Theta, s.SE} {
		if math.Abs(x) > hugest || math.IsInf(x, 0) {
			return fault.New(fault.Corrupt, "scores, text %s: utility %v or error %v is no logit", id, s.Theta, s.SE)
		}
	}
	for _, x := range []float64{s.Score, s.Final} {
		if math.Abs(x) > intensity.Limit+rounding {
			return fault.New(fault.Corrupt, "scores, text %s: score %v or final %v is not within ±%v", id, s.Score, s.Final,
				intensity.Limit)
		}
	}
	return nil
}

// readJurors reads the judges' figures as the last fit left them.
func readJurors(tx *sql.Tx, v *Value) error {
	rows, err := tx.Query(`SELECT judge, answers, unusable, ties, first_share, lo, hi, consistency, beta, bias, agreement
		FROM judges WHERE value_id = ? ORDER BY judge`, v.ValueID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var j JudgeFigures
		var bias string
		var n [6]sql.NullFloat64
		err := rows.Scan(&j.Judge, &j.Answers, &j.Unusable, &j.Ties, &n[0], &n[1], &n[2], &n[3], &n[4], &bias, &n[5])
		if err == nil {
			err = json.Unmarshal([]byte(bias), &j.Bias)
		}
		if err != nil {
			return err
		}
		j.FirstShare, j.Lo, j.Hi, j.Consistency = number(n[0]), number(n[1]), number(n[2]), number(n[3])
		j.Beta, j.Agreement = number(n[4]), number(n[5])
		v.Jurors = append(v.Jurors, j)
	}
	return rows.Err()
}

// readWindows needs the texts: it turns text_ids into their numbers. A window without a row in rankings was not
// answered. rowid keeps the order in which they were drawn.
//
// The tables name texts by text_id, so that a reader in another language needs no numbering; in memory a text is its
// place in the pool.
func readWindows(tx *sql.Tx, v *Value) error {
	place := map[string]int{}
	for i, t := range v.Texts {
		place[t.ID] = i
	}
	rows, err := tx.Query(`SELECT w.window, focal, rep, judge, "order", overlap, ranking, tie, error, vote FROM windows w
		LEFT JOIN rankings r ON r.window = w.window WHERE value_id = ? ORDER BY w.rowid`, v.ValueID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var w Window
		var focal, shown string
		var ranking, reason, vote sql.NullString
		var tie sql.NullBool
		err := rows.Scan(&w.ID, &focal, &w.Rep, &w.Judge, &shown, &w.Overlap, &ranking, &tie, &reason, &vote)
		if err != nil {
			return err
		}
		known := false
		if w.Focal, known = place[focal]; !known {
			return fault.New(fault.Corrupt, "windows, %s: text %s is none of the pool's", w.ID, focal)
		}
		if w.Shown, err = numbers(shown, place); err == nil && ranking.Valid {
			w.Answer = &Answer{Tie: tie.Bool, Error: reason.String, Vote: vote.String}
			w.Answer.Ranking, err = numbers(ranking.String, place)
		}
		if err != nil {
			return fault.New(fault.Corrupt, "windows, %s: %w", w.ID, err)
		}
		v.Windows = append(v.Windows, w)
	}
	return rows.Err()
}

// numbers reads a JSON list of text_ids as numbers of texts.
//
//	["9f86…", "1b4f…"]     3 17
func numbers(list string, place map[string]int) ([]int, error) {
	var ids []string
	if err := json.Unmarshal([]byte(list), &ids); err != nil {
		return nil, err
	}
	out := make([]int, len(ids))
	for at, id := range ids {
		text, known := place[id]
		if !known {
			return nil, fmt.Errorf("text %s is none of the pool's", id)
		}
		out[at] = text
	}
	return out, nil
}

// number is NaN for NULL.
func number(x sql.NullFloat64) float64 {
	if !x.Valid {
		return math.NaN()
	}
	return x.Float64
}

// poolHash is over the texts in their order. Each text goes in under its id, so neither a text nor an id can change
// without it. The length stands before the text, so that no text can look like two.
func poolHash(texts []Text) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%s %d %s\n", t.ID, len(t.Text), t.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}
