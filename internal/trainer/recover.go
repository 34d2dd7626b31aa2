package trainer

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
)

// Recovered says what Recover did.
type Recovered struct {
	Checkpoint string
	Step       int
	Written    []string // names of files, none where nothing was amiss
	Skipped    []error  // damaged checkpoints that are newer
}

// Recover makes run.json and config.toml of the run in out again, where they are damaged or gone, from its newest
// whole checkpoint. settings, which may be empty, names a copy of config.toml, for checkpoints of older programs,
// which hold its hash alone. Nothing is written over that is whole, so it may be asked for a run that has no damage.
func Recover(out, settings string) (r Recovered, err error) {
	c, skipped, err := checkpoints.Latest(runstore.CheckpointDir(out))
	if err != nil {
		return r, fmt.Errorf("nothing to make a run again from: %w", err)
	}
	defer c.Close()
	config, err := settingsOf(c, out, settings)
	if err != nil {
		return r, err
	}
	r = Recovered{Checkpoint: c.Path, Step: c.Meta.Step, Skipped: skipped}
	r.Written, err = runstore.Rebuild(out, config, runstore.Info{
		Stage: c.Meta.Stage, Status: runstore.Interrupted, Step: c.Meta.Step,
		Versions: c.Meta.Versions, Hashes: c.Meta.Hashes, Theories: c.Meta.Theories,
	})
	return r, err
}

// settingsOf finds the settings that a checkpoint was trained under, by their hash: in the checkpoint itself, in the
// run folder, or in the file that was named.
//
//	checkpoint's own copy     there since checkpoints hold it
//	OUT/config.toml           whole, while run.json is gone
//	--settings FILE           a copy of one's own
func settingsOf(c *checkpoints.Checkpoint, out, settings string) ([]byte, error) {
	// A copy that was edited since is not what the run was trained under, however plausible it looks.
	want := c.Meta.Hashes["config"]
	places := []string{filepath.Join(out, "config.toml")}
	if settings != "" {
		if err := fsutil.CheckReadable(settings); err != nil {
			return nil, err
		}
		places = append(places, settings)
	}
	// By hash, so that it does not matter where they are from: the checkpoint's own copy is there unless it is older.
	candidates := [][]byte{[]byte(c.Meta.Config)}
	for _, place := range places {
		if raw, err := fsutil.ReadRegular(place); err == nil {
			candidates = append(candidates, raw)
		}
	}
	for _, raw := range candidates {
		if fmt.Sprintf("%x", sha256.Sum256(raw)) == want {
			return raw, nil
		}
	}
	return nil, fault.New(fault.Corrupt,
		"checkpoint %s holds the hash of the run's settings alone, as older programs saved it, and none of %q "+
			"has that hash; give --settings FILE, a copy of the run's config.toml whose SHA-256 is %s", c.Path, places, want)
}
