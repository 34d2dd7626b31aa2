package optim

import (
	"math"

	"hives/internal/fault"
)

// ScheduleKind names how the learning rate falls after the warm-up.
type ScheduleKind string

// The kinds of transformers' Trainer that are used here; the authors trained with Linear.
const (
	Linear ScheduleKind = "linear"
	Cosine ScheduleKind = "cosine"
)

// Schedule is the learning rate's course as a factor of the base rate.
type Schedule struct {
	Kind        ScheduleKind
	TotalSteps  int
	WarmupSteps int
}

// NewSchedule refuses an unknown kind, no steps, and a warm-up longer than the run.
func NewSchedule(kind ScheduleKind, totalSteps, warmupSteps int) (Schedule, error) {
	if kind != Linear && kind != Cosine {
		return Schedule{}, fault.New(fault.Invalid, "optim: schedule %q, want %s or %s", kind, Linear, Cosine)
	}
	if totalSteps < 1 || warmupSteps < 0 || warmupSteps > totalSteps {
		return Schedule{}, fault.New(fault.Invalid,
			"optim: schedule of %d steps with %d of warm-up, want 0 ≤ warm-up ≤ steps and at least one step",
			totalSteps, warmupSteps)
	}
	return Schedule{Kind: kind, TotalSteps: totalSteps, WarmupSteps: warmupSteps}, nil
}

// WarmupSteps is ⌈ratio · totalSteps⌉, the Trainer's rule. The small subtrahend keeps .1 · 70 at 7.
func WarmupSteps(totalSteps int, ratio float64) int {
	return int(math.Ceil(ratio*float64(totalSteps) - 1e-9))
}

// Multiplier is the factor at step t, counted from 0. With a warm-up the factor of step 0 is 0: the
// Trainer steps the schedule after the optimiser.
//
// Beyond TotalSteps Linear stays 0 and Cosine rises again, as transformers has it; a run ends before.
func (s Schedule) Multiplier(step int) float64 {
	if step < s.WarmupSteps {
		return float64(step) / float64(s.WarmupSteps)
	}
	decaySteps := max(1, s.TotalSteps-s.WarmupSteps)
	if s.Kind == Linear {
		return math.Max(0, float64(s.TotalSteps-step)/float64(decaySteps))
	}
	progress := float64(step-s.WarmupSteps) / float64(decaySteps)
	return .5 * (1 + math.Cos(math.Pi*progress))
}
