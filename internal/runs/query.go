package runs

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"

	"hives/internal/runstore"
)

// Run is a run as the index knows it: as of the last Refresh. What may have changed since, its lock and its
// checkpoints, is asked of the folder.
type Run struct {
	Path    string
	Info    runstore.Info
	Config  string // config.toml
	Problem string // why the folder cannot be read, "" where it can
	Weights string // SHA-256 of the final weights, "" before the end
	Bad     int    // whole lines of metrics.jsonl that are no record

	row int64
}

// Runs lists the runs at or below the roots, by path; without roots all. The roots are compared here and not in SQL:
// what lies below a folder is a question of paths, not of text.
// Unreadable runs are among them, with their problem.
func (x *Index) Runs(ctx context.Context, roots ...string) ([]Run, error) {
	rows, err := x.db.QueryContext(ctx, `SELECT id, path, info, config, problem, weights, bad FROM runs ORDER BY path`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Run
	for rows.Next() {
		var r Run
		var info string
		if err := rows.Scan(&r.row, &r.Path, &info, &r.Config, &r.Problem, &r.Weights, &r.Bad); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(info), &r.Info); err != nil {
			return nil, err
		}
		if len(roots) == 0 || below(r.Path, roots) {
			out = append(out, r)
		}
	}
	return out, rows.Err()
}

// below tells whether a path is one of the roots or lies in one. Paths in the index are absolute, roots need not
// be.
func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		abs, err := filepath.Abs(root)
		return err == nil && within(path, abs)
	})
}

// Figure is a value of a figure and the step that it is of: the newest in a Summary, each in a Curve.
type Figure struct {
	Step  int     `json:"step"`
	Value float64 `json:"value"`
}

// Last returns the newest value of each figure of a run. max(step) with a plain column beside it takes that column
// from the row of the maximum, which SQLite promises and others do not.
// Newest means of the largest step that has the figure: a validation's figure is mostly older than a step's.
func (x *Index) Last(ctx context.Context, r *Run) (map[string]Figure, error) {
	rows, err := x.db.QueryContext(ctx,
		`SELECT name, max(step), value FROM points JOIN figures ON figures.id = figure WHERE run = ? GROUP BY figure`, r.row)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]Figure{}
	for rows.Next() {
		var name string
		var f Figure
		if err := rows.Scan(&name, &f.Step, &f.Value); err != nil {
			return nil, err
		}
		out[name] = f
	}
	return out, rows.Err()
}

// Curve returns a figure over the steps of a run, ascending, each step once; none where the run has no such figure.
func (x *Index) Curve(ctx context.Context, r *Run, name string) (out []Figure, err error) {
	rows, err := x.db.QueryContext(ctx,
		`SELECT step, value FROM points WHERE run = ? AND figure = (SELECT id FROM figures WHERE name = ?) ORDER BY step`,
		r.row, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f Figure
		if err := rows.Scan(&f.Step, &f.Value); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}
