package runs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/model/folder"
)

// Refresh brings the index up to date with the runs at or below the roots. A run that cannot be read stands in
// the index with its problem and keeps nobody else from being read.
// A cancelled ctx ends it between two runs: those that were read stay read.
func (x *Index) Refresh(ctx context.Context, roots ...string) error {
	for _, root := range roots {
		found, err := Find(root)
		if err != nil {
			return err
		}
		if err := x.dropGone(ctx, root, found); err != nil {
			return err
		}
		for _, dir := range found { // a transaction each: others may read and write between
			if err := x.write(ctx, func(tx *sql.Tx) error { return refresh(tx, dir) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropGone removes runs below root that were not found again. Only below root: runs of other folders were not looked
// for, and keep their place.
func (x *Index) dropGone(ctx context.Context, root string, found []string) error {
	abs, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, dir := range found {
		there[dir] = true
	}
	return x.write(ctx, func(tx *sql.Tx) error {
		paths, err := texts(tx, `SELECT path FROM runs`)
		for _, path := range paths {
			if err == nil && within(path, abs) && !there[path] {
				_, err = tx.Exec(`DELETE FROM runs WHERE path = ?`, path)
			}
		}
		return err
	})
}

// within tells whether a path is root or lies below it; both are clean. The separator matters: /runs2 is not below
// /runs.
func within(path, root string) bool {
	return path == root ||
		strings.HasPrefix(path, strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator))
}

// texts reads one column; the rows are closed before the transaction goes on, since SQLite's one connection cannot
// write while a query stands open.
func texts(tx *sql.Tx, query string) (out []string, err error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// refresh reads one run. A log that cannot be read leaves the points that are known and stands as the run's
// problem.
//
//	the run's row → run.json, config.toml → what is new of the log → points, and how far they reach
//
// Invariant: points and log_size change in one transaction, so a command that is killed in between reads the same
// lines again and none twice (TestOnlyWhatIsNewIsRead).
func refresh(tx *sql.Tx, dir string) error {
	id, from, err := stand(tx, dir)
	if err != nil {
		return err
	}
	info, config, problem := describe(dir)
	points, now, again, err := readLog(filepath.Join(dir, "metrics.jsonl"), from)
	if err != nil {
		points, now, again, problem = nil, from, false, err.Error()
	}
	raw, err := json.Marshal(info)
	if err != nil {
		return err
	}
	// The log was read from its start, so its points replace all that are there.
	if again {
		if _, err := tx.Exec(`DELETE FROM points WHERE run = ?`, id); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE runs SET run_id = ?, info = ?, config = ?, problem = ?, weights = ?, log_size = ?, `+
		`log_tail = ?, bad = ? WHERE id = ?`,
		info.ID, string(raw), config, problem, finalWeights(dir), now.size, now.tail, now.bad, id)
	if err != nil {
		return err
	}
	return add(tx, id, points)
}

// stand returns the run's row and how far its log was read, and begins a row where there is none. A row belongs to
// a path: a run that was moved is dropped and read anew under its new one.
func stand(tx *sql.Tx, dir string) (id int64, from logState, err error) {
	err = tx.QueryRow(`SELECT id, log_size, log_tail, bad FROM runs WHERE path = ?`, dir).Scan(&id, &from.size,
		&from.tail, &from.bad)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, from, err
	}
	r, err := tx.Exec(`INSERT INTO runs (path, run_id, info, config, problem, weights, log_size, log_tail, bad) VALUES `+
		`(?, '', '{}', '', '', '', 0, x'', 0)`, dir)
	if err == nil {
		id, err = r.LastInsertId()
	}
	return id, from, err
}

// describe reads what is small and may change: run.json and config.toml. They are read at each look, whole; what is
// wrong with them is returned as words, for the line that the list shows.
func describe(dir string) (info runstore.Info, config, problem string) {
	info, err := runstore.Read(dir)
	if err != nil {
		return runstore.Info{}, "", err.Error()
	}
	info.Theories = nil // whole files, which nobody asks an index for
	raw, err := fsutil.ReadRegular(filepath.Join(dir, "config.toml"))
	if err != nil {
		return info, "", err.Error()
	}
	return info, string(raw), ""
}

// finalWeights is the digest that the final model's hives.json gives, "" before the end. It is what later runs name
// as their base, and how origin finds who made it.
// The digest is believed and not computed: hashing every final model of hundreds would take longer than all else
// here.
func finalWeights(dir string) string {
	info, err := folder.Read(filepath.Join(dir, "final"))
	if err != nil {
		return ""
	}
	return info.WeightsSHA256
}

// add writes points; a step that was logged again replaces what it said before. A figure's name is looked up once a
// call: thousands of points have a dozen names.
func add(tx *sql.Tx, run int64, points []point) error {
	insert, err := tx.Prepare(`INSERT OR REPLACE INTO points (run, figure, step, value) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	ids := map[string]int64{}
	for _, p := range points {
		if _, known := ids[p.name]; !known {
			if ids[p.name], err = figure(tx, p.name); err != nil {
				return err
			}
		}
		if _, err := insert.Exec(run, ids[p.name], p.step, p.value); err != nil {
			return err
		}
	}
	return nil
}

// figure returns the number of a name. Points hold numbers, since a name of fifty letters in each of a million rows
// would be most of the file.
func figure(tx *sql.Tx, name string) (id int64, err error) {
	if _, err = tx.Exec(`INSERT OR IGNORE INTO figures (name) VALUES (?)`, name); err == nil {
		err = tx.QueryRow(`SELECT id FROM figures WHERE name = ?`, name).Scan(&id)
	}
	return id, err
}
