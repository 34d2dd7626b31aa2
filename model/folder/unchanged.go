package folder

import (
	"errors"
	"os"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/model/transformer"
)

// Unchanged runs read, which reads a model's weights and their hash, and refuses what came of it where a file of
// weights was replaced, written to or cut meanwhile: vectors would bear the hash of other weights, or come from a
// mixture of two.
//
// What happens otherwise: a daemon loads a model of two shards, and a script that deploys the next release copies them
// in between. The first shard is of the old release, the second of the new, the shapes fit, and nothing fails.
//
// Files are told apart by number, length and time of writing, before and after. A write within the clock's grain that
// changes neither is not seen; the hash that is computed in between sees it, if it is compared with one from elsewhere.
func Unchanged(dir string, read func() error) error {
	before, err := stats(dir)
	if err != nil {
		if failed := read(); failed != nil { // it says better what the path is instead
			return failed
		}
		return err
	}
	failed := read()
	after, err := stats(dir)
	for path, was := range before {
		now, ok := after[path]
		same := ok && os.SameFile(was, now) && was.Size() == now.Size() && was.ModTime().Equal(now.ModTime())
		if err != nil || !same {
			err = fault.New(fault.Corrupt, "%s changed while the weights in %s were loaded; "+
				"load them again once all files are in place", path, dir)
			return errors.Join(err, failed)
		}
	}
	return failed
}

// stats describes the files of weights by path: also which they are, so that a shard more or less is a change.
func stats(dir string) (map[string]os.FileInfo, error) {
	files, err := transformer.WeightFiles(dir)
	if err != nil {
		return nil, err
	}
	all := map[string]os.FileInfo{}
	for _, path := range files {
		if all[path], err = os.Stat(path); err != nil {
			return nil, fsutil.Classify(err, path)
		}
	}
	return all, nil
}
