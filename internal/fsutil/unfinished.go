package fsutil

import (
	"os"
	"sync"
)

// unfinished are the paths that this process writes to and has not finished with. Whoever makes such a path or
// renames it into place holds the lock, so that Abandon sees all of them and nothing appears after it. The lock is
// held for as long as a rename takes, which is short; contents are written without it.
var unfinished = struct {
	sync.Mutex
	paths map[string]bool
}{paths: map[string]bool{}}

// Abandon removes everything half written. From then on nothing is begun and nothing appears under its name: writers
// wait until the process ends, which the caller sees to. It keeps the lock for good: that is how nothing appears
// after it. Whoever calls it owes the end of the process (package cli does).
func Abandon() {
	unfinished.Lock()
	for path := range unfinished.paths {
		os.RemoveAll(path)
	}
}

// Scratch makes a folder for passing files in the system's place for them, which done removes. Whoever calls it owes
// done; a signal that comes first has Abandon remove the folder.
func Scratch(pattern string) (dir string, done func(), err error) {
	err = begin(func() (path string, err error) {
		dir, err = os.MkdirTemp("", pattern)
		return dir, err
	})
	return dir, func() { drop(dir) }, Classify(err, os.TempDir())
}

// begin notes the path that create makes.
func begin(create func() (string, error)) error {
	unfinished.Lock()
	defer unfinished.Unlock()
	path, err := create()
	if err == nil {
		unfinished.paths[path] = true
	}
	return err
}

// end gives paths that were begun their places: rename moves them, and they are whole from then on. Abandon comes
// before or after it.
func end(rename func() error, paths ...string) error {
	unfinished.Lock()
	defer unfinished.Unlock()
	err := rename()
	if err == nil {
		for _, path := range paths {
			delete(unfinished.paths, path)
		}
	}
	return err
}

// drop removes a path that was begun. The path is removed before it is forgotten: Abandon in between removes it once
// more, which does no harm.
func drop(path string) error {
	err := os.RemoveAll(path)
	unfinished.Lock()
	defer unfinished.Unlock()
	delete(unfinished.paths, path)
	return err
}
