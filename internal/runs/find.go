package runs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// runFile is what makes a folder a run (package runstore): it is written first, and whole.
const runFile = "run.json"

// Find lists the folders of runs at or below root, absolute and in order. It does not look inside runs, nor into
// hidden folders or those that may not be read: they belong to somebody else. A run folder is not looked into:
// checkpoints and final models inside are parts of it. Links to folders are not followed, so a circle of them does
// no harm.
//
//	runs/a/run.json                     runs/a
//	runs/a/checkpoints/…                a part of runs/a, not looked into
//	runs/old/b/run.json                 runs/old/b
//	runs/.trash/c/run.json              hidden
//	runs/d/final                        no run.json: no run
func Find(root string) ([]string, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	var found []string
	err = filepath.WalkDir(abs, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == abs:
			return fault.New(fault.NotFound, "%s: no such folder of runs", root)
		case err != nil && path == abs:
			return fsutil.Classify(err, root)
		case err != nil: // not ours to read, or gone since
			return nil
		case entry.IsDir() && path != abs && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() && exists(filepath.Join(path, runFile)):
			found = append(found, path)
			return fs.SkipDir
		}
		return nil
	})
	return found, err
}

// exists follows links: a run.json that is one makes a run. What may not be looked at counts as absent.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
