package checkpoints

import (
	"math"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Prune removes all checkpoints of dir but the last ones, and the one of the highest score if keepBest;
// of equal scores the earlier is the best. It also clears what a kill left of earlier writes. Call it
// after a Save, so that the newest is known to be good.
func Prune(dir string, last int, keepBest bool) error {
	if last < 1 {
		return fault.New(fault.Invalid, "keep the last %d checkpoints: at least 1", last)
	}
	if err := fsutil.Restore(dir); err != nil {
		return err
	}
	entries, err := List(dir)
	if err != nil {
		return err
	}
	best := ""
	if keepBest {
		best = bestOf(entries)
	}
	// Oldest first, so that a kill in between leaves the newer ones.
	for _, e := range entries[:max(0, len(entries)-last)] {
		if e.Path == best {
			continue
		}
		if err := fsutil.RemoveFolder(e.Path); err != nil {
			return err
		}
	}
	return nil
}

// bestOf returns the folder of the highest score, "" if none has one. A damaged state.json has none.
func bestOf(entries []Entry) (path string) {
	highest := math.Inf(-1)
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(e.Path, stateFile))
		if err != nil {
			continue
		}
		if m, err := decodeMeta(raw); err == nil && m.Score != nil && *m.Score > highest {
			path, highest = e.Path, *m.Score
		}
	}
	return path
}
