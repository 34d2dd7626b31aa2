package runstore

import (
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"hives/internal/fsutil"
)

// lookTime is how long a trainer waits for those who look at its lock.
const lookTime = 100 * time.Millisecond

// Held tells whether a process of this machine holds the run in dir: a run that says it is running and is held by
// nobody was killed. To see it, the lock is shared for a moment. The kernel frees a lock when its holder dies,
// however it dies, which a file with a process's number could not tell: numbers come again. Locks of another machine
// on a shared disk may not carry over.
func Held(dir string) bool {
	path := filepath.Join(dir, lockFile)
	if fsutil.CheckRegular(path) != nil {
		return false
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	defer lock.Close()
	shared, err := lock.TryRLock()
	return err == nil && !shared
}
