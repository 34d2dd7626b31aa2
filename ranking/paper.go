package ranking

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
)

// PaperOptions are the paper's constants, to be changed by trials only.
type PaperOptions struct {
	Rate    float64 // η, of a gradient that is summed over all rankings
	Epsilon float64 // stop when the step is shorter
	Epochs  int     // at most
	NoGuard bool    // go on although the steps grow
}

// DefaultPaper are the constants as published.
func DefaultPaper() PaperOptions { return PaperOptions{Rate: .05, Epsilon: 1e-5, Epochs: 50} }

// guardEpochs is over how many epochs the guard compares step lengths.
const guardEpochs = 10

// PaperTrace is the paper's solver with all it went through.
type PaperTrace struct {
	S        []float64 // [N] after the last epoch; not centred
	StepNorm []float64 // of each epoch
	LogLik   []float64 // after each epoch
}

// PaperFit is plain gradient ascent with a fixed step, as the paper prints it, from s0, [N] small random numbers:
//
//	s ← s + η g,    g summed, not averaged, over all rankings
//
// It is here so that published figures can be made again; Fit is what to use. It settles only while
// η < 2/λ, λ the largest eigenvalue of the information; for pairs λ ≈ ¼(a + 2√a) with a appearances an item, so with
// η = .05 the steps grow from about a = 150 on, and errors with them: five judges on every window end with a
// correlation of .83 with the truth where Fit has .98. The guard stops that. With undefeated or winless items the
// maximum is at infinity and the number of epochs decides how far they get.
//
// Near the maximum a step multiplies the distance along an eigenvector by 1 − ηλ, whose magnitude is above 1 as soon
// as ηλ > 2. H of pairs is ¼(a − the graph's adjacency), and a random graph's smallest eigenvalue is about −2√a; so
// at even bets it is at a = 137, and later where outcomes are surer and p(1−p) is below ¼.
func PaperFit(r *Rankings, s0 []float64, o PaperOptions) (*PaperTrace, error) {
	if len(s0) != r.items {
		return nil, fault.New(fault.Mismatch, "ranking: %d numbers to start from for %d items", len(s0), r.items)
	}
	if !(o.Rate > 0) || o.Epochs < 1 || !(o.Epsilon >= 0) {
		return nil, fault.New(fault.Invalid, "ranking: rate %v, %d epochs, epsilon %v: want a rate above 0, at least "+
			"one epoch and an epsilon of 0 or more", o.Rate, o.Epochs, o.Epsilon)
	}
	p := newPoint(r)
	trace := &PaperTrace{S: slices.Clone(s0)}
	p.evaluate(trace.S)
	for epoch := range o.Epochs {
		step := o.Rate * norm(p.gradient)
		floats.AddScaled(trace.S, o.Rate, p.gradient)
		p.evaluate(trace.S) // the likelihood after this epoch, and the gradient of the next
		trace.StepNorm = append(trace.StepNorm, step)
		trace.LogLik = append(trace.LogLik, p.loglik)
		if math.IsNaN(step) || math.IsInf(step, 0) {
			return trace, fault.New(fault.Invalid, "ranking: the paper's solver left the finite numbers in epoch %d", epoch+1)
		}
		if step < o.Epsilon {
			break
		}
		if before := epoch - guardEpochs; !o.NoGuard && before >= 0 && step > trace.StepNorm[before] {
			return trace, fault.New(fault.Invalid, "ranking: the paper's solver does not settle: its step grew from "+
				"%.3g to %.3g over %d epochs, since the rate %v is too large for so many rankings an item: use the "+
				"newton solver", trace.StepNorm[before], step, guardEpochs, o.Rate)
		}
	}
	return trace, nil
}
