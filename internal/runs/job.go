package runs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/page"
	"hives/internal/report"
)

// Job is what the three commands share. The index is an aid and no input: two jobs that differ in DB alone print
// the same.
type Job struct {
	DB     string // the index; empty: runs.db in the first folder
	In     string // where runs that are named by their id lie
	JSON   bool   // one object on Stdout and nothing else
	Page   string // file of a self-contained page; empty writes none
	Stdout io.Writer
}

// most is how many runs a comparison can tell apart by colour. More lines on one plot are told apart by nobody.
const most = 6

// List prints the runs at or below the folders. All runs of the index are asked for too, since a run may have begun
// with the weights of one that lies elsewhere.
// dirs has one folder at least; the index lies in the first of them unless Job.DB names a place.
func List(ctx context.Context, j Job, dirs []string) error {
	return j.with(ctx, dirs, func(x *Index) error {
		found, err := x.Runs(ctx, dirs...)
		if err != nil {
			return err
		}
		all, err := x.Runs(ctx)
		if err != nil {
			return err
		}
		list, err := summaries(ctx, x, found, all)
		if err != nil {
			return err
		}
		if j.JSON {
			return j.encode(map[string]any{"runs": list})
		}
		return writeList(j.Stdout, list)
	})
}

// Show prints one run, Compare several side by side. A run is named by its folder, or by the beginning of its id
// among those in j.In.
func Show(ctx context.Context, j Job, name string) error { return j.compare(ctx, []string{name}) }

// Compare is Show for several runs. Runs of both stages may stand beside each other; what only one of them has is
// empty in the other's column.
func Compare(ctx context.Context, j Job, names []string) error {
	if len(names) < 2 || len(names) > most {
		return fault.Usage(fault.New(fault.Invalid, "%d runs to compare: name 2 to %d", len(names), most))
	}
	return j.compare(ctx, names)
}

// compare finds the runs, brings the index up to date over where they lie, and prints one document of all of them.
// An index may hold more than was asked for: all of it is looked through for a run that another began with.
func (j Job) compare(ctx context.Context, names []string) error {
	roots := roots(names, j.In)
	return j.with(ctx, roots, func(x *Index) error {
		all, err := x.Runs(ctx)
		if err != nil {
			return err
		}
		var chosen []Run
		for _, name := range names {
			r, err := pick(all, name, j.In)
			if err != nil {
				return err
			}
			chosen = append(chosen, r)
		}
		list, err := summaries(ctx, x, chosen, all)
		if err != nil {
			return err
		}
		d, err := newDocument(ctx, x, list)
		if err != nil {
			return err
		}
		return j.print(d)
	})
}

// print writes the document in the form that was asked for. The page bears a date, unlike other pages: a run that
// is under way is another one tomorrow.
func (j Job) print(d *Document) error {
	if j.Page != "" {
		err := fsutil.WriteFile(j.Page, func(w io.Writer) error {
			return report.WriteRuns(w, d.page(), page.About{Date: time.Now().UTC().Format(time.RFC3339)})
		})
		if err != nil {
			return err
		}
	}
	if j.JSON {
		return j.encode(d)
	}
	return d.write(j.Stdout)
}

// encode writes the one object that --json promises.
func (j Job) encode(v any) error {
	enc := json.NewEncoder(j.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// with opens the index over the folders and brings it up to date. Nobody should need to ask for an index: it lies
// beside the runs where that is allowed, and where it is not, it is made for this one look and thrown away.
//
//	roots[0] runs, writable           runs/runs.db
//	roots[0] runs/a, itself a run     runs/runs.db: a run folder holds nothing foreign
//	roots[0] /srv/runs, read-only     a file in a scratch folder, gone afterwards
//	--db FILE                         FILE, wherever the runs lie
func (j Job) with(ctx context.Context, roots []string, do func(*Index) error) (err error) {
	path := j.DB
	if info, err := os.Stat(roots[0]); err != nil || !info.IsDir() {
		return fault.New(fault.NotFound, "%s: there is no such folder of runs", roots[0])
	}
	if path == "" {
		path = filepath.Join(roots[0], File)
		if isRun(roots[0]) { // a run folder holds nothing foreign
			path = filepath.Join(filepath.Dir(filepath.Clean(roots[0])), File)
		}
	}
	if j.DB == "" && !writable(path) { // somebody else's runs can be looked at too
		dir, done, err := fsutil.Scratch("hives-runs-*")
		if err != nil {
			return err
		}
		defer done()
		path = filepath.Join(dir, File)
	}
	x, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = closed(err, x) }()
	if err := x.Refresh(ctx, roots...); err != nil {
		return err
	}
	return do(x)
}

// writable tells whether an index may be kept at path: its folder and what is there already may be written.
// SQLite writes two files beside its own (-wal, -shm), which another user may have left there.
func writable(path string) bool {
	for _, p := range []string{filepath.Dir(path), path, path + "-wal", path + "-shm"} {
		if err := unix.Access(p, unix.W_OK); err != nil && !errors.Is(err, unix.ENOENT) {
			return false
		}
	}
	return true
}

// closed keeps the first error and still closes: of two, the earlier one is the cause.
// A Close that fails alone is told too: the index may not hold what was read.
func closed(err error, x *Index) error {
	if closeErr := x.Close(); err == nil {
		return closeErr
	}
	return err
}

// isRun tells a run folder, as package runstore does.
func isRun(dir string) bool { return exists(filepath.Join(dir, runFile)) }

// roots are the folders that names point to, and in where one is an id. Only these are brought up to date, so that
// the look at one run does not read hundreds.
//
//	names runs/a, 3f2a; in "."     runs/a and .
func roots(names []string, in string) (out []string) {
	for _, name := range names {
		root := in
		if isRun(name) {
			root = name
		}
		if !slices.Contains(out, root) {
			out = append(out, root)
		}
	}
	return out
}

// pick finds a run by its folder or the beginning of its id. A folder wins over an id: the name of an existing run
// is never taken for the beginning of another's id.
//
// Kinds of error: NotFound where nothing is called so, Invalid where an id's beginning is that of several.
func pick(all []Run, name, in string) (Run, error) {
	var found []Run
	abs, err := filepath.Abs(name)
	if err != nil {
		return Run{}, err
	}
	for _, r := range all {
		switch {
		case r.Path == abs:
			return r, nil
		case strings.HasPrefix(r.Info.ID, name) && r.Info.ID != "":
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	// runs/stage1/final is what people name who think of the model.
	case 0:
		if parent := filepath.Dir(filepath.Clean(abs)); isRun(parent) {
			return Run{}, fault.New(fault.NotFound, "%s is a part of a run: name the run's folder %s", name,
				filepath.Dir(filepath.Clean(name)))
		}
		return Run{}, fault.New(fault.NotFound, "no run %s: neither a run folder nor the beginning of an id in "+
			"%s; hives runs list shows them", name, in)
	}
	return Run{}, fault.New(fault.Invalid, "%d runs have an id that begins with %s, %s and %s among them: name a "+
		"folder", len(found), name, found[0].Path, found[1].Path)
}
