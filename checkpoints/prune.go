package checkpoints

import (
	"math"
	"path/filepath"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Keep says which checkpoints of a run stay. With Last 2 and Best "ranking", of
//
//	step    100   200   300   400   500
//	score   .51   .56   .54         .55
//
// 200 (the best), 400 and 500 (the last two) stay. 400 has no score, which is no lower score.
type Keep struct {
	Newest int    // the step of the checkpoint just saved
	Last   int    // so many of the newest, at least 1
	Best   string // and the one of the highest score of this name, the earlier of equals; "" for none
}

// Prune removes all other checkpoints of dir, and what a kill left of earlier writes. Those of later steps
// than Newest go first: the run came back from before them because they are damaged, and counted among the
// last they would push good ones out. Call it after a Save, so that the newest is known to be good.
func Prune(dir string, k Keep) error {
	if k.Last < 1 {
		return fault.New(fault.Invalid, "keep the last %d checkpoints: at least 1", k.Last)
	}
	if err := fsutil.Restore(dir); err != nil {
		return err
	}
	entries, err := List(dir)
	if err != nil {
		return err
	}
	past, future := entries, []Entry(nil)
	for i, e := range entries {
		if e.Step > k.Newest {
			past, future = entries[:i], entries[i:]
			break
		}
	}
	best, _ := bestOf(past, k.Best)
	// Oldest first, so that a kill in between leaves the newer ones.
	for _, e := range append(future, past[:max(0, len(past)-k.Last)]...) {
		if e.Path == best.Path {
			continue
		}
		if err := fsutil.RemoveFolder(e.Path); err != nil {
			return err
		}
	}
	return nil
}

// Best returns the step and score of dir's checkpoint with the highest score of the given name, among those
// up to a step; found is false if none has one.
func Best(dir, name string, upTo int) (step int, score float64, found bool, err error) {
	entries, err := List(dir)
	if err != nil {
		return 0, 0, false, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Step > upTo })
	best, score := bestOf(entries, name)
	return best.Step, score, best.Path != "", nil
}

// bestOf returns the entry of the highest score by that name, an empty one if none has it. A damaged state.json
// has none. Scores of another name are passed over: a loss and an accuracy have no order.
func bestOf(entries []Entry, name string) (best Entry, highest float64) {
	if name == "" {
		return best, 0
	}
	highest = math.Inf(-1)
	for _, e := range entries {
		raw, err := fsutil.ReadRegular(filepath.Join(e.Path, stateFile))
		if err != nil {
			continue
		}
		if m, err := decodeMeta(raw); err == nil && m.Score != nil && m.ScoreName == name && *m.Score > highest {
			best, highest = e, *m.Score
		}
	}
	return best, highest
}
