package runstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// Format is the newest run.json that this build reads and the one it writes.
const Format = 1

// Kind stands in every run.json.
const Kind = "hives.run"

// Status says how far a run has got. run.json is written when a run changes its status, not at every step: a log
// line says how far it is.
type Status string

const (
	Running     Status = "running" // or killed without a word, if nobody holds the lock
	Interrupted Status = "interrupted"
	Finished    Status = "finished"
	Failed      Status = "failed"
)

// Info is what run.json holds. It is read by programs of other versions: fields are added and never change their
// meaning; one that does is a new Format.
type Info struct {
	Format   int               `json:"format"`
	Kind     string            `json:"kind"`
	ID       string            `json:"id"` // random; names the run wherever its folder is moved
	Stage    int               `json:"stage"`
	Status   Status            `json:"status"`
	Step     int               `json:"step"`    // of the latest change of status
	Resumes  int               `json:"resumes"` // how often the run was opened again
	Versions map[string]string `json:"versions,omitempty"`
	Hashes   map[string]string `json:"hashes,omitempty"` // SHA-256, hex: config, data, tokenizer, base
	Best     *Best             `json:"best,omitempty"`   // the checkpoint that is kept for its score

	// Theories holds the files of own theories, whole, by theory: without them the rows cannot be read.
	Theories map[string]string `json:"theories,omitempty"`
}

// Knows returns the theories that the rows of the run in dir may be of: those given, and those of the run that are not
// among them.
func (i *Info) Knows(dir string, given theories.Set) (theories.Set, error) {
	known := given
	for _, name := range slices.Sorted(maps.Keys(i.Theories)) {
		if _, ok := given.Get(name); ok {
			continue
		}
		t, err := theories.Parse(filepath.Join(dir, runFile), []byte(i.Theories[name]))
		if err == nil {
			known, err = known.With(t)
		}
		if err != nil {
			return given, fmt.Errorf("theory of the run: %w", err)
		}
	}
	return known, nil
}

// Best is a checkpoint by its score on held-out rows.
type Best struct {
	Step   int     `json:"step"`
	Metric string  `json:"metric"` // as log.best names it
	Score  float64 `json:"score"`  // larger is better: a loss is turned
}

func (b Best) String() string { return fmt.Sprintf("%s %.4f at step %d", b.Metric, b.Score, b.Step) }

// Read returns run.json of the run in dir without taking the run. It never waits for the lock. Writers replace the
// file by rename, so what it reads is whole.
func Read(dir string) (Info, error) {
	var info Info
	path := filepath.Join(dir, runFile)
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		if saved, err := os.ReadDir(CheckpointDir(dir)); err == nil && len(saved) > 0 {
			return info, fault.New(fault.Corrupt, "%s holds checkpoints, but its %s is gone; %s", dir, runFile,
				wayOn(dir))
		}
		return info, fault.New(fault.NotFound, "%s holds no run: begin one without --resume", dir)
	}
	if err != nil {
		return info, fsutil.Classify(err, path)
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return info, fmt.Errorf("%w; or %s", whatis.JSON(path, fault.New(fault.Corrupt, "%s: %w", path, err)),
			wayOn(dir))
	}
	if info.Kind != Kind || info.Format < 1 {
		return info, fault.New(fault.Corrupt, "%s: kind %q, format %d: no run; if it holds checkpoints, %s", path,
			info.Kind, info.Format, wayOn(dir))
	}
	if info.Format > Format {
		return info, fault.New(fault.Mismatch, "%s has format %d, this build reads up to %d: use a newer build", path,
			info.Format, Format)
	}
	return info, nil
}

// wayOn is what to do where the files of a run are damaged and its checkpoints are not.
func wayOn(dir string) string {
	return "train recover --out " + dir + " makes it again from the newest checkpoint"
}
