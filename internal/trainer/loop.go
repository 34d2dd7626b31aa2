package trainer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/optim"
)

// StepLine is a training step as a line of metrics.jsonl.
type StepLine struct {
	Kind  string  `json:"kind"` // "train"
	Step  int     `json:"step"` // updates done, this one included
	Epoch int     `json:"epoch"`
	Loss  float64 `json:"loss"`
	// The unweighted terms of Stage 2.
	LossHierarchical *float64 `json:"loss_hierarchical,omitempty"`
	LossIndividual   *float64 `json:"loss_individual,omitempty"`
	LossTheory       *float64 `json:"loss_theory,omitempty"`

	LossLevels      []Number `json:"loss_levels"`             // null where no anchor has a positive
	LevelAnchors    []Number `json:"level_anchors"`           // share of anchors with a positive, per level; null for a level that no row has
	IgnoredPairs    *int     `json:"ignored_pairs,omitempty"` // of (anchor, row), with false_negatives all
	LearningRate    float64  `json:"learning_rate"`
	GradNorm        Number   `json:"grad_norm"`            // before the clip; null where f16 overflowed and the step was skipped
	Clip            Number   `json:"clip"`                 // factor applied to the gradients
	LossScale       *float64 `json:"loss_scale,omitempty"` // of this step, f16 only
	Skipped         int      `json:"skipped,omitempty"`    // steps that overflowed so far
	Tokens          int      `json:"tokens"`               // of this step, without padding
	ComputedTokens  int      `json:"computed_tokens"`      // with padding
	TokensPerSecond float64  `json:"tokens_per_second"`    // without padding, since the line before
}

// stepInput is what goes into a step.
type stepInput struct {
	drawn Drawn
	batch *Batch
	rate  float64
}

// draw makes the input of a step: a function of configuration, rows and step, of nothing before it.
func (l *loop) draw(step int) (in stepInput, err error) {
	in.drawn = l.sample(step)
	if in.batch, err = l.corpus.Batch(in.drawn, l.banks, l.layout); err != nil {
		return in, err
	}
	schedule, err := l.cfg.schedule()
	in.rate = l.cfg.Optimizer.LearningRate * schedule.Multiplier(step)
	return in, err
}

// train runs steps from where the run stands to the end of the schedule.
func (l *loop) train(ctx context.Context) error {
	if err := l.catchUp(ctx); err != nil {
		return err
	}
	since, tokens := time.Now(), 0
	for l.done < l.cfg.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := l.step(ctx)
		if err != nil {
			return err
		}
		tokens += line.Tokens
		line.TokensPerSecond = float64(tokens) / time.Since(since).Seconds()
		l.o.Observer.Step(l.done, l.cfg.Steps, line)
		logged := l.due(l.cfg.Log.Every)
		if logged {
			if err := l.metrics.Append(line); err != nil {
				return err
			}
		}
		if err := l.housekeeping(ctx); err != nil {
			return err
		}
		if logged {
			since, tokens = time.Now(), 0
		}
	}
	return nil
}

// step computes the next step and moves the run's position.
func (l *loop) step(ctx context.Context) (*StepLine, error) {
	step, scale := l.done, l.lossScale.Scale
	in, err := l.draw(step)
	if err != nil {
		return nil, err
	}
	result, goOn, err := l.compute(ctx, in)
	if err != nil {
		return nil, err
	}
	if !goOn {
		return nil, l.notFinite(step, in, result)
	}
	line := &StepLine{
		Kind: "train", Step: step + 1, Epoch: in.drawn.Epoch, Loss: result.Loss, LearningRate: in.rate, GradNorm: Number(result.GradNorm), Clip: Number(result.Clip),
		Tokens: in.batch.Tokens(), ComputedTokens: in.batch.Computed(),
	}
	line.LossLevels, line.LevelAnchors = levels(result, l.corpus.Labels)
	if l.corpus.Pairs.Ignores {
		ignored := count(in.batch.Ignore)
		line.IgnoredPairs = &ignored
	}
	if l.banks != nil {
		line.LossHierarchical, line.LossIndividual, line.LossTheory = &result.Hierarchical, &result.Individual, &result.Theory
	}
	if l.options.LossScaling {
		line.LossScale, line.Skipped = &scale, l.lossScale.Skipped
	}
	l.lastStep = result
	return line, nil
}

// compute applies the step that the run stands before. Gradients that overflow f16 skip the update and lower
// the loss scale; after anything else that is not a number the run cannot go on, and stands where it stood.
func (l *loop) compute(ctx context.Context, in stepInput) (result StepResult, goOn bool, err error) {
	if err := l.refreshDue(ctx); err != nil {
		return result, false, err
	}
	l.meets(in.batch)
	result, err = l.stepper.Step(in.batch, l.done-l.lossScale.Skipped, in.rate, l.lossScale.Scale)
	if err != nil {
		err = fault.New(fault.Unavailable, "step %d: %w", l.done+1, err)
		if l.saver != nil && l.saver.meta.Step >= 0 {
			err = fmt.Errorf("%w; go on from the last checkpoint with: %s", err, l.goOnWith())
		}
		return result, false, err
	}
	goOn = result.Finite()
	if l.options.LossScaling && result.LossFinite() {
		goOn = l.lossScale.Step(goOn)
	}
	if goOn {
		l.done++
	}
	return result, goOn, nil
}

// validate measures the model on held-out rows and logs it; without such rows it does nothing.
func (l *loop) validate(ctx context.Context) error {
	if l.validator == nil {
		return nil
	}
	l.phase("validating")
	v, err := l.validator.Measure(ctx, l.encoder, l.cfg.Sampler.BatchSize)
	if err != nil {
		return err
	}
	v.Shared = l.shared
	v.Step, v.TrainGradNorm = l.done, Number(l.lastStep.GradNorm)
	v.TrainLevels, v.TrainLevelAnchors = levels(l.lastStep, l.corpus.Labels)
	if l.done > optim.WarmupSteps(l.cfg.Steps, l.cfg.Optimizer.WarmupFraction) {
		v.Warning = v.Collapse.Warning(v.Rows) // before, a narrow space is that of the starting weights
	}
	if err := l.metrics.Append(v); err != nil {
		return err
	}
	l.last, l.validated = v, l.done
	l.record(func(r Recorder) { r.Validated(v) })
	l.o.Observer.Note(v.String())
	if v.Warning != "" {
		l.o.Observer.Note("warning: " + v.Warning)
	}
	return nil
}

// levels are a step's losses and shares of anchors by level, without a number where there is nothing: no loss where no
// anchor of the batch has a positive, and no share of a level that no row has.
func levels(r StepResult, labels *data.Labels) (losses, anchors []Number) {
	losses, anchors = numbers(r.Levels), numbers(r.LevelAnchors)
	for k := range losses {
		if r.LevelAnchors[k] > 0 {
			continue
		}
		losses[k] = Number(math.NaN())
		if k < 3 && !slices.ContainsFunc(labels.Levels, func(path [3]int32) bool { return path[k] >= 0 }) {
			anchors[k] = losses[k]
		}
	}
	return losses, anchors
}

// String is the validation in one line for a person.
func (v *Validation) String() string {
	show := func(p *float64) string {
		if p == nil {
			return "–"
		}
		return strings.TrimPrefix(fmt.Sprintf("%.3f", *p), "0")
	}
	loss := "loss"
	if v.LossHierarchical != nil {
		loss = "hierarchical loss"
	}
	line := fmt.Sprintf("step %d, held out: ranking %s (within corpus %s), correlation %s (mean over corpora %s), direction %s, %s %s, mean cosine %s, effective rank %.1f",
		v.Step, show(v.RankingAccuracy["all"]), show(v.RankingAccuracy["within_corpus"]),
		show(v.SimilarityCorrelation["all"]), show(v.SimilarityCorrelationCorpusMean),
		show(v.DirectionAccuracy), loss, show(v.HeldOutLoss()), show(&v.MeanCosine), v.EffectiveRank)
	if v.Shared != nil {
		line += fmt.Sprintf("; not held out at all: %d of %d texts, rows of %d groups", v.Shared.Texts, v.Shared.OfTexts, v.Shared.Groups)
	}
	return line
}
