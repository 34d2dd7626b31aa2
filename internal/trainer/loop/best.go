package loop

import (
	"time"

	"hives/checkpoints"
	"hives/internal/runstore"
)

// judge compares a validation with the best so far. A run's starting weights are no checkpoint, so the
// validation at step 0 is not a candidate.
func (l *Loop) judge(v *Validation) (improved bool) {
	score := l.score(v)
	// On a tie the earlier stays: it is on the disk already.
	if score == nil || v.Step == 0 || l.best != nil && *score <= l.best.Score {
		return false
	}
	l.best = &runstore.Best{Step: v.Step, Metric: l.Log.Best, Score: *score}
	l.watch.Note("best so far: " + l.best.String())
	return true
}

// score is the figure of a validation that decides, nil if it is undefined or none was named.
func (l *Loop) score(v *Validation) *float64 {
	if l.Log.Best == "" {
		return nil
	}
	return v.Score(l.Log.Best)
}

// recallBest finds the best among the checkpoints that a resumed run has behind it. What run.json says may
// be of a step that a damaged checkpoint took back.
//
// A checkpoint carries the score of its own weights, so the best is found by reading them, whatever was killed
// when. Of two with one score it is the earlier, as in a run left alone.
func (l *Loop) recallBest() error {
	step, score, found, err := checkpoints.Best(l.run.CheckpointDir(), l.Log.Best, l.done)
	if err != nil {
		return err
	}
	if found {
		l.best = &runstore.Best{Step: step, Metric: l.Log.Best, Score: score}
	}
	return l.run.SetBest(l.best)
}

// saved shows a checkpoint in run.json once it is there, if it is the best.
func (l *Loop) saved(meta checkpoints.Meta) error {
	best := l.best != nil && l.best.Step == meta.Step
	l.watch.Saved(Saved{Step: meta.Step, Took: l.saveTook, Best: best})
	if !best {
		return nil
	}
	return l.run.SetBest(l.best)
}

// timed measures a saver's writes. One save is under way at a time and its end is awaited before saved looks.
func (l *Loop) timed(write writeFunc) writeFunc {
	return func(dir string, meta checkpoints.Meta, source checkpoints.Source) (string, error) {
		began := time.Now()
		path, err := write(dir, meta, source)
		l.saveTook = time.Since(began)
		return path, err
	}
}
