package corpora

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
)

// find lists the files in dir that match the first pattern with a match, in the order of their names: rows come
// in the order of files, and the order of a folder differs from system to system. Patterns go from the published
// name to any file of the ending, so that a renamed file is still read.
//
//	mfrc*.tsv, *.tsv     mfrc_b.tsv mfrc_a.tsv notes.tsv     mfrc_a.tsv, mfrc_b.tsv
//	                     comments.tsv                        comments.tsv
func find(dir string, patterns ...string) ([]string, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fault.New(fault.NotFound, "%s: there is no such folder", dir)
	} else if !info.IsDir() {
		return nil, fault.New(fault.Invalid, "%s is a file; --in is the folder of the corpus", dir)
	}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(escape(dir), pattern))
		if err != nil {
			return nil, err
		}
		if len(paths) > 0 {
			slices.Sort(paths)
			return paths, nil
		}
	}
	return nil, fault.New(fault.NotFound, "%s: holds no file %s", dir, strings.Join(patterns, " or "))
}

// escape keeps a folder's own brackets and stars from being read as a pattern.
//
//	/data/corpora [old]     /data/corpora \[old]
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
