package trainer

import (
	"maps"
	"slices"
	"strings"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/metrics"
)

// figures are the validation figures that log.best may name, each turned so that larger is better.
func figures() map[string]func(*Validation) *float64 {
	out := map[string]func(*Validation) *float64{
		"direction_accuracy": func(v *Validation) *float64 { return v.DirectionAccuracy },
		"loss": func(v *Validation) *float64 {
			if v.HeldOutLoss() == nil {
				return nil
			}
			return defined(-*v.HeldOutLoss())
		},
		"similarity_correlation_corpus_mean": func(v *Validation) *float64 { return v.SimilarityCorrelationCorpusMean },
	}
	for _, scope := range metrics.ScopeNames {
		out["ranking_accuracy."+scope] = func(v *Validation) *float64 { return v.RankingAccuracy[scope] }
		out["similarity_correlation."+scope] = func(v *Validation) *float64 { return v.SimilarityCorrelation[scope] }
	}
	return out
}

// checkFigure refuses a name that log.best does not know; "" keeps no best.
func checkFigure(name string) error {
	if _, ok := figures()[name]; ok || name == "" {
		return nil
	}
	return fault.New(fault.Invalid, "log.best %q: want one of %s, or nothing to keep only the last checkpoints",
		name, strings.Join(slices.Sorted(maps.Keys(figures())), ", "))
}

// judge compares a validation with the best so far. A run's starting weights are no checkpoint, so the
// validation at step 0 is not a candidate.
func (l *loop) judge(v *Validation) (improved bool) {
	score := l.score(v)
	if score == nil || v.Step == 0 || l.best != nil && *score <= l.best.Score {
		return false
	}
	l.best = &runstore.Best{Step: v.Step, Metric: l.cfg.Log.Best, Score: *score}
	l.o.Observer.Note("best so far: " + l.best.String())
	return true
}

// score is the figure of a validation that decides, nil if it is undefined or none was named.
func (l *loop) score(v *Validation) *float64 {
	figure, ok := figures()[l.cfg.Log.Best]
	if !ok {
		return nil
	}
	return figure(v)
}

// recallBest finds the best among the checkpoints that a resumed run has behind it. What run.json says may
// be of a step that a damaged checkpoint took back.
func (l *loop) recallBest() error {
	step, score, found, err := checkpoints.Best(l.run.CheckpointDir(), l.cfg.Log.Best, l.done)
	if err != nil {
		return err
	}
	if found {
		l.best = &runstore.Best{Step: step, Metric: l.cfg.Log.Best, Score: score}
	}
	return l.run.SetBest(l.best)
}

// saved shows a checkpoint in run.json once it is there, if it is the best.
func (l *loop) saved(meta checkpoints.Meta) error {
	best := l.best != nil && l.best.Step == meta.Step
	l.record(func(r Recorder) { r.Saved(Saved{Step: meta.Step, Took: l.saveTook, Best: best}) })
	if !best {
		return nil
	}
	return l.run.SetBest(l.best)
}
