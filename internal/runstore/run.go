package runstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Names inside a run folder.
const (
	runFile     = "run.json"
	configFile  = "config.toml"
	metricsFile = "metrics.jsonl"
	lockFile    = "lock"
)

// Run is a run folder held by this process.
type Run struct {
	dir  string
	lock *flock.Flock
	info Info
}

// Create begins a run in dir, which must be absent or empty. config is the effective configuration as TOML; of info
// the caller sets Stage, Versions, Hashes and Theories. A folder that is not empty is refused rather than written into:
// a mistyped --out must not cost somebody's files.
func Create(dir string, config []byte, info Info) (*Run, error) {
	// Before the lock file is made: a foreign folder must stay as it is.
	if err := Free(dir); err != nil {
		return nil, err
	}
	if err := fsutil.MakeFolders(dir); err != nil {
		return nil, fsutil.Classify(err, dir)
	}
	lock, err := hold(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, lock: lock, info: info}
	if err := r.begin(config); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// begin writes the files of a new run, run.json last: a kill before it leaves a folder that Create takes
// for an empty one.
func (r *Run) begin(config []byte) error {
	if err := Free(r.dir); err != nil { // another process may have been quicker
		return err
	}
	r.info.Format, r.info.Kind, r.info.ID = Format, Kind, newID()
	if err := writeConfig(r.dir, config); err != nil {
		return err
	}
	return r.SetStatus(Running, 0)
}

// newID is 64 random bits in hex: two runs of one seed, on two machines, are still told apart.
func newID() string {
	id := make([]byte, 8)
	rand.Read(id) // crypto/rand never fails
	return hex.EncodeToString(id)
}

// Open takes up the run in dir again. Its status is still that of the last time: a finished run needs
// nothing more. Without a run the error is NotFound.
func Open(dir string) (*Run, error) {
	if _, err := Read(dir); err != nil {
		return nil, err
	}
	lock, err := hold(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, lock: lock}
	if r.info, err = Read(dir); err == nil { // once more: it may have changed until we held the lock
		err = r.restore()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// restore clears what a killed predecessor left half written.
func (r *Run) restore() error {
	for _, dir := range []string{r.dir, r.CheckpointDir()} {
		if err := fsutil.Restore(dir); err != nil && fault.Of(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// Free refuses a folder with a run, or with anything that an interrupted Create did not leave. A kill within Create
// may leave the lock, the configuration and temporary names; with these alone the folder counts as empty.
func Free(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fsutil.Classify(err, dir)
	}
	if info, err := Read(dir); err == nil {
		return fault.New(fault.Exists, "%s holds run %s (%s, step %d): go on with --resume, or choose another --out",
			dir, info.ID, info.Status, info.Step)
	} else if fault.Of(err) != fault.NotFound {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if name != lockFile && name != configFile && !fsutil.IsLeftover(name) {
			return fault.New(fault.Exists, "%s is not empty (%s) and holds no run: choose another --out", dir, name)
		}
	}
	return nil
}

// hold takes the lock of a run folder and leaves the process's number in it. It does not wait: two trainers in one
// folder are a mistake, not a queue. The number in it is for the message alone, never for a decision.
func hold(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockFile)
	if err := fsutil.CheckRegular(path); err != nil {
		return nil, err
	}
	lock := flock.New(path, flock.SetPermissions(0o644))
	// Long enough for those who only look whether the run is held, see Held.
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	held, err := lock.TryLockContext(ctx, lookTime/10)
	if !held && (err == nil || errors.Is(err, context.DeadlineExceeded)) {
		err = fault.New(fault.Exists, "run folder %s is in use by %s: wait for it, or choose another --out", dir,
			holder(path))
	}
	if err == nil {
		// Whoever made the folder may not have seen to its name.
		err = fsutil.SyncName(dir)
	}
	if err == nil {
		// In place: the lock is on this file, not on its name.
		err = os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o644)
	}
	if err != nil {
		lock.Close()
		return nil, fsutil.Classify(err, path)
	}
	return lock, nil
}

// holder names the process that left its number in a lock.
func holder(path string) string {
	raw, err := fsutil.ReadRegular(path)
	if pid, convErr := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil && convErr == nil {
		return fmt.Sprintf("process %d", pid)
	}
	return "another process" // between its lock and its number
}

// SetStatus records how far the run has got.
func (r *Run) SetStatus(status Status, step int) error {
	r.info.Status, r.info.Step = status, step
	return r.write()
}

// Resumed records that the run goes on from a step, with the versions and theories that it now runs under.
func (r *Run) Resumed(step int, versions, theories map[string]string) error {
	r.info.Resumes++
	r.info.Versions, r.info.Theories = versions, theories
	return r.SetStatus(Running, step)
}

// SetHashes records what the run is made of.
func (r *Run) SetHashes(hashes map[string]string) error {
	r.info.Hashes = hashes
	return r.write()
}

// SetBest records which checkpoint is the best, nil for none.
func (r *Run) SetBest(b *Best) error {
	if b == nil && r.info.Best == nil || b != nil && r.info.Best != nil && *b == *r.info.Best {
		return nil
	}
	r.info.Best = b
	return r.write()
}

// SetConfig replaces the stored configuration, for a resume that was told to go on under another one.
func (r *Run) SetConfig(config []byte) error { return writeConfig(r.dir, config) }

func writeConfig(dir string, config []byte) error {
	return fsutil.WriteBytes(filepath.Join(dir, configFile), config)
}

// write replaces run.json whole; a reader without the lock sees the old or the new one.
func (r *Run) write() error {
	raw, err := json.MarshalIndent(r.info, "", "  ")
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(filepath.Join(r.dir, runFile), append(raw, '\n'))
}

// Info returns what run.json holds.
func (r *Run) Info() Info { return r.info }

// Config returns the configuration the run was begun with.
func (r *Run) Config() ([]byte, error) { return Config(r.dir) }

// Config returns the configuration of the run in dir without taking the run.
func Config(dir string) ([]byte, error) {
	path := filepath.Join(dir, configFile)
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%w; %s", err, wayOn(dir))
	}
	return raw, fsutil.Classify(err, path)
}

// CheckpointDir is where package checkpoints saves.
func (r *Run) CheckpointDir() string { return CheckpointDir(r.dir) }

// CheckpointDir is the folder of checkpoints of the run in dir.
func CheckpointDir(dir string) string { return filepath.Join(dir, "checkpoints") }

// FinalDir is the model folder of the finished run.
func (r *Run) FinalDir() string { return FinalDir(r.dir) }

// FinalDir is the model folder of the run in dir, once it is finished.
func FinalDir(dir string) string { return filepath.Join(dir, "final") }

// Close gives the run back. The lock file stays: removing it would let two processes hold two files of
// one name.
func (r *Run) Close() error { return r.lock.Close() }
