package judge

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Claim makes this store the only one that asks for a run until it is closed: two programs at the same
// questions would pay for every answer twice. Reviews and other runs go on beside it. The kernel frees the
// claim of a program that dies: a claim is a lock and not a row of the file, which would outlive the program, and
// somebody would have to say when it is stale. A store may claim a run again.
func (s *Store) Claim(run string) error {
	path := s.path + "-" + run + ".lock"
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.claims, func(l *flock.Flock) bool { return l.Path() == path }) {
		return nil
	}
	lock, err := hold(path)
	if err != nil {
		return err
	}
	if lock == nil {
		return fault.New(fault.Exists,
			"votes %s: %s is asking for the same run already: wait for it to end, or stop it; "+
				"the same command then goes on", s.path, holder(path))
	}
	s.claims = append(s.claims, lock)
	return nil
}

// hold takes the lock file, nil where another holds it. A file that its holder has just removed is no claim,
// since the next program would make another one of the name: it is tried again.
//
//	first program         second program          why it is tried again
//	holds votes.db-r.lock
//	                      opens the same file
//	removes it, unlocks
//	                      gets the lock           its file has no name: a third would make and hold another
func hold(path string) (*flock.Flock, error) {
	for {
		if err := fsutil.CheckRegular(path); err != nil {
			return nil, err
		}
		lock := flock.New(path, flock.SetPermissions(0o644))
		held, err := lock.TryLock()
		if err != nil || !held {
			lock.Close()
			return nil, fsutil.Classify(err, path)
		}
		mine, err := lock.Stat()
		if err == nil {
			var there os.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
				return lock, os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o644)
			}
		}
		lock.Close()
		if err != nil && !os.IsNotExist(err) {
			return nil, fsutil.Classify(err, path)
		}
	}
}

// holder names the process that holds a lock file as well as the file can tell.
func holder(path string) string {
	raw, err := fsutil.ReadRegular(path)
	if pid := strings.TrimSpace(string(raw)); err == nil && pid != "" {
		return "process " + pid
	}
	return "another process"
}

// release gives the claims back. The file goes while it is held, so that none stays behind. Removing it after the
// unlock could remove another program's claim.
func (s *Store) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lock := range s.claims {
		os.Remove(lock.Path())
		lock.Close()
	}
	s.claims = nil
}
