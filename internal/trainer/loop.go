package trainer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hives/internal/fault"
	"hives/samplers"
)

// StepLine is a training step as a line of metrics.jsonl.
type StepLine struct {
	Kind            string    `json:"kind"` // "train"
	Step            int       `json:"step"` // updates done, this one included
	Epoch           int       `json:"epoch"`
	Loss            float64   `json:"loss"`
	LossLevels      []float64 `json:"loss_levels"`   // 0 where no anchor has a positive
	LevelAnchors    []float64 `json:"level_anchors"` // share of anchors with a positive, per level
	LearningRate    float64   `json:"learning_rate"`
	GradNorm        float64   `json:"grad_norm"` // before the clip
	Clip            float64   `json:"clip"`      // factor applied to the gradients
	Tokens          int       `json:"tokens"`    // of this step, without padding
	PaddedTokens    int       `json:"padded_tokens"`
	TokensPerSecond float64   `json:"tokens_per_second"` // without padding, since the line before
}

// stepInput is what goes into a step.
type stepInput struct {
	drawn samplers.Batch
	batch *Batch
	rate  float64
}

// draw makes the input of a step: a function of configuration, rows and step, of nothing before it.
func (l *loop) draw(step int) (in stepInput, err error) {
	in.drawn = l.sampler.Batch(step)
	if in.batch, err = l.corpus.Batch(in.drawn.Rows, l.sequences); err != nil {
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
		step := l.done
		in, err := l.draw(step)
		if err != nil {
			return err
		}
		batch := in.batch
		result, err := l.stepper.Step(batch, step, in.rate)
		if err != nil {
			return fault.New(fault.Unavailable, "%w; go on from the last checkpoint with --resume", err)
		}
		if !result.Finite() {
			return l.notFinite(step, in, result)
		}
		l.done, l.lastStep = step+1, result
		tokens += batch.Tokens()
		line := &StepLine{
			Kind: "train", Step: l.done, Epoch: in.drawn.Epoch, Loss: result.Loss, LossLevels: result.Levels,
			LevelAnchors: result.LevelAnchors, LearningRate: in.rate, GradNorm: result.GradNorm, Clip: result.Clip,
			Tokens: batch.Tokens(), PaddedTokens: len(batch.IDs),
			TokensPerSecond: float64(tokens) / time.Since(since).Seconds(),
		}
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

// validate measures the model on held-out rows and logs it; without such rows it does nothing.
func (l *loop) validate(ctx context.Context) error {
	if l.validator == nil {
		return nil
	}
	v, err := l.validator.Measure(ctx, l.encoder, l.cfg.Sampler.BatchSize)
	if err != nil {
		return err
	}
	v.Step, v.TrainLevels, v.TrainLevelAnchors, v.TrainGradNorm = l.done, l.lastStep.Levels, l.lastStep.LevelAnchors, l.lastStep.GradNorm
	if err := l.metrics.Append(v); err != nil {
		return err
	}
	l.last, l.validated = v, l.done
	l.o.Observer.Note(v.String())
	if v.Warning != "" {
		l.o.Observer.Note("warning: " + v.Warning)
	}
	return nil
}

// String is the validation in one line for a person.
func (v *Validation) String() string {
	show := func(p *float64) string {
		if p == nil {
			return "–"
		}
		return strings.TrimPrefix(fmt.Sprintf("%.3f", *p), "0")
	}
	return fmt.Sprintf("step %d, held out: ranking %s (within corpus %s), correlation %s (within corpus %s), direction %s, loss %s, mean cosine %s, effective rank %.1f",
		v.Step, show(v.RankingAccuracy["all"]), show(v.RankingAccuracy["within_corpus"]),
		show(v.SimilarityCorrelation["all"]), show(v.SimilarityCorrelation["within_corpus"]),
		show(v.DirectionAccuracy), show(v.Loss), show(&v.MeanCosine), v.EffectiveRank)
}
