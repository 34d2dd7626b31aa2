package trainer

import (
	"context"
	"fmt"
	"hives/data/theories"
	"math"

	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/optim"
)

// due tells whether something that happens every n steps happens now; the last step always counts.
func (l *loop) due(every int) bool {
	return l.done == l.cfg.Steps || every > 0 && l.done%every == 0
}

// catchUp validates the starting weights, and on a resume the weights of a step whose validation a signal
// had cut short, so that no validation is missing from the log.
func (l *loop) catchUp(ctx context.Context) error {
	if l.validated == l.done || l.done > 0 && !l.due(l.cfg.Log.ValidateEvery) {
		return nil
	}
	if err := l.validate(ctx); err != nil {
		return err
	}
	return l.saveBest()
}

// housekeeping validates and saves when it is time, and returns the error of an earlier save.
func (l *loop) housekeeping(ctx context.Context) error {
	if err := l.saver.poll(); err != nil {
		return err
	}
	if l.due(l.cfg.Log.ValidateEvery) {
		if err := l.validate(ctx); err != nil {
			return err
		}
		if err := l.saveBest(); err != nil {
			return err
		}
	}
	if every := l.cfg.Log.CheckpointEvery; every > 0 && l.done%every == 0 && l.done < l.cfg.Steps && l.saver.meta.Step != l.done {
		return l.save(l.saver.begin)
	}
	return nil
}

// saveBest saves when the validation just done is the best so far: the best weights are kept although no
// checkpoint may be due.
func (l *loop) saveBest() error {
	if l.last == nil || l.last.Step != l.done || !l.judge(l.last) {
		return nil
	}
	return l.save(l.saver.begin)
}

// save hands the state after the updates done to one of the saver's ways of saving.
func (l *loop) save(how func(checkpoints.Meta, *model.Store) error) error {
	meta, err := l.meta()
	if err != nil {
		return err
	}
	return how(meta, l.start.model.Variables())
}

// meta describes the state that the weights and moments belong to.
func (l *loop) meta() (checkpoints.Meta, error) {
	schedule, err := l.cfg.schedule()
	if err != nil {
		return checkpoints.Meta{}, err
	}
	meta := checkpoints.Meta{
		Stage: l.cfg.Stage, Step: l.done, SamplerStep: l.done, Seed: l.cfg.Seed,
		Hashes: l.hashes, Versions: l.o.Versions, Counters: l.counters(), Config: l.stored, Theories: theories.Sources(),
		Schedule: checkpoints.Schedule{
			Name: string(schedule.Kind), PeakLearningRate: l.cfg.Optimizer.LearningRate,
			WarmupSteps: schedule.WarmupSteps, TotalSteps: schedule.TotalSteps,
		},
	}
	if l.last != nil && l.last.Step == l.done {
		if meta.Score = l.score(l.last); meta.Score != nil {
			meta.ScoreName = l.cfg.Log.Best
		}
	}
	return meta, nil
}

// Names of Meta.Counters.
const (
	counterScale    = "loss_scale"
	counterGood     = "loss_scale_good_steps"
	counterSkipped  = "loss_scale_skipped_steps"
	counterGradNorm = "grad_norm"
	counterLevel    = "loss_level_%d"    // from 0
	counterAnchors  = "level_anchors_%d" // from 0
)

// counters are the state of the host that is no tensor, the figures of the newest step among them: a validation
// that a signal cut short is logged with them after a resume. setCounters takes them back.
func (l *loop) counters() map[string]float64 {
	c := map[string]float64{}
	if l.options.LossScaling {
		s := l.lossScale
		c[counterScale], c[counterGood], c[counterSkipped] = s.Scale, float64(s.Good), float64(s.Skipped)
	}
	if norm := l.lastStep.GradNorm; l.lastStep.Levels != nil && norm-norm == 0 { // gradients that overflow f16 have none
		c[counterGradNorm] = norm
	}
	for i, loss := range l.lastStep.Levels {
		c[fmt.Sprintf(counterLevel, i)], c[fmt.Sprintf(counterAnchors, i)] = loss, l.lastStep.LevelAnchors[i]
	}
	return c
}

func (l *loop) setCounters(c map[string]float64) {
	if scale := c[counterScale]; l.options.LossScaling && scale > 0 {
		l.lossScale = optim.LossScale{Scale: scale, Good: int(c[counterGood]), Skipped: int(c[counterSkipped])}
	}
	var last StepResult
	for i := 0; ; i++ {
		loss, ok := c[fmt.Sprintf(counterLevel, i)]
		if !ok {
			break
		}
		last.Levels, last.LevelAnchors = append(last.Levels, loss), append(last.LevelAnchors, c[fmt.Sprintf(counterAnchors, i)])
	}
	if norm, ok := c[counterGradNorm]; ok || last.Levels == nil {
		last.GradNorm = norm
	} else {
		last.GradNorm = math.NaN()
	}
	l.lastStep = last
}
