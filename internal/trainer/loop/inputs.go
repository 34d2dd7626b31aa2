package loop

import (
	"crypto/sha256"
	"fmt"
	"maps"

	"hives/internal/runstore"
)

// Names of hashes that the loop itself knows.
const (
	hashConfig = "config" // of the configuration
	hashStates = "states" // of states kept on disk, known once they are there
)

// inputs are what a run is made of, as its folder has it: hashes, and the configuration.
type inputs struct {
	hashes map[string]string
	config string // as TOML
}

// compare notes the hashes of what was read, beside that of the folder's configuration, and refuses others than
// the run was begun with.
func compare(in Inputs, run *runstore.Run, refuse bool) (inputs, error) {
	config, err := run.Config()
	if err != nil {
		return inputs{}, err
	}
	now := inputs{hashes: map[string]string{hashConfig: fmt.Sprintf("%x", sha256.Sum256(config))}, config: string(config)}
	now.add(in.Hashes())
	if refuse {
		err = refuseChanged(run.Info().Hashes, now.hashes)
	}
	return now, err
}

func (i *inputs) add(hashes map[string]string) { maps.Copy(i.hashes, hashes) }

// refuseChanged compares the hashes of a run's inputs with those it was begun with. The configuration has been
// compared field by field, kept states are compared when they are there, and an input that an older program did
// not hash cannot be.
func refuseChanged(stored, now map[string]string) error {
	// What is not stored is not compared: an older program did not know it, and a new kind of input came with its
	// setting, which the comparison of configurations has seen.
	given := map[string]string{}
	for name := range stored {
		given[name] = now[name]
	}
	for _, later := range []string{hashConfig, hashStates} {
		if was, ok := stored[later]; ok {
			given[later] = was
		}
	}
	return runstore.RefuseChanges(runstore.Changes(stored, given))
}
