package intensity

import (
	"cmp"
	"math"

	"hives/internal/fault"
	"hives/ranking"
)

// Status says what a score rests on. A status other than OK is never turned into 0.
type Status string

// The statuses.
const (
	OK       Status = "ok"
	Above    Status = "above"    // first in every window: at least the highest anchor
	Below    Status = "below"    // last in every window
	Unranked Status = "unranked" // no usable window: no score
)

// guardStep is how far beyond the outermost anchor a response is put that stood beyond all of them: enough to sort
// behind it, and to survive six decimals of a table.
const guardStep = 1e-6

// Scorer scores responses ranked among the texts of one pool. One Scorer serves all responses of one judge; Map and
// Final must be of the same pool.
type Scorer struct {
	Final []float64 // [N] final scores of the pool's texts
	Map   *Calibration
	// Logit takes the anchors' utilities in logits, the scale on which the windows were fitted. Without it the final
	// scores are taken as utilities, as the paper does: a gap of 4 units is then odds of 55 : 1 whatever the judge,
	// and the interval covers .79 in place of .93.
	Logit bool
	Scale float64 // β of the judge, from ranking.FitScale; 0 counts as 1
}

// Window is one usable answer: the anchors' numbers with the best first, and the response's rank among them from 1.
type Window struct {
	Anchors []int
	Rank    int
}

// Score is the intensity of one response.
type Score struct {
	Value  float64 // −10 … 10; NaN for Unranked
	Status Status
	U      float64 // the maximum-likelihood utility, infinite for Above and Below
	Raw    float64 // U on the scale of scores, before the guards
	SE     float64 // on the scale of scores; +Inf where U is infinite
	Lo, Hi float64 // 95 %, mapped and cut at the ends. A guarded Value may lie outside.
	LogLik float64
}

// Score estimates the utility from all windows at once and maps it. At k = 6 and m = 3 one response's interval is seven
// units wide: means over many responses carry claims, a single score does not.
//
// No window is no error but a status, since a judge's answer may have been unusable. A text that the pool has not is
// an error that names the window, from 0.
func (s Scorer) Score(windows []Window) (Score, error) {
	nan := math.NaN()
	if len(windows) == 0 {
		return Score{Value: nan, Status: Unranked, U: nan, Raw: nan, SE: nan, Lo: nan, Hi: nan, LogLik: nan}, nil
	}
	ranked, low, high, err := s.ranked(windows)
	if err != nil {
		return Score{}, err
	}
	r, err := ranking.Estimate(ranked)
	if err != nil {
		return Score{}, err
	}
	return s.guard(s.mapped(r), r.Place, low, high), nil
}

// Posterior is the mean utility under the windows and the density of the pool, which never is infinite and needs no
// guard. It shrinks towards the pool's middle: differences and means of groups take Score. Lo and Hi are ±1.96 SD.
func (s Scorer) Posterior(windows []Window, pool []float64) (Score, error) {
	if len(windows) == 0 {
		return s.Score(nil)
	}
	ranked, _, _, err := s.ranked(windows)
	if err != nil {
		return Score{}, err
	}
	theta := make([]float64, len(pool))
	for at, final := range pool {
		theta[at] = s.scale() * s.utility(final)
	}
	u, sd, err := ranking.Posterior(ranked, theta)
	if err != nil {
		return Score{}, err
	}
	return s.about(u, sd), nil
}

// PosteriorFrom is Posterior under what is expected of this response alone, mean ± sd in utilities of the pool, in the
// place of the pool's density. It shrinks towards the mean.
func (s Scorer) PosteriorFrom(windows []Window, mean, sd float64) (Score, error) {
	if len(windows) == 0 {
		return s.Score(nil)
	}
	ranked, _, _, err := s.ranked(windows)
	if err != nil {
		return Score{}, err
	}
	u, spread, err := ranking.PosteriorNormal(ranked, s.scale()*mean, s.scale()*sd)
	if err != nil {
		return Score{}, err
	}
	return s.about(u, spread), nil
}

// Expected is an expectation in utilities on the scale of scores, before any window.
func (s Scorer) Expected(mean, sd float64) Score { return s.about(s.scale()*mean, s.scale()*sd) }

// about is a score that is a mean with an SD, and ±1.96 of them.
func (s Scorer) about(u, sd float64) Score {
	out := s.mapped(ranking.Response{U: u, SE: sd, Lo: u - z95*sd, Hi: u + z95*sd, LogLik: math.NaN()})
	out.Value = clip(out.Raw)
	return out
}

// z95 is the .975 quantile of the standard normal distribution.
const z95 = 1.959963984540054

// ranked carries windows to utilities, and says between which final scores their anchors lie.
func (s Scorer) ranked(windows []Window) (out []ranking.Window, low, high float64, err error) {
	low, high = math.Inf(1), math.Inf(-1)
	out = make([]ranking.Window, len(windows))
	for at, w := range windows {
		out[at].Rank = w.Rank
		for _, text := range w.Anchors {
			if text < 0 || text >= len(s.Final) {
				return nil, 0, 0, fault.New(fault.Invalid, "intensity: window %d holds text %d of a pool of %d", at, text,
					len(s.Final))
			}
			low, high = min(low, s.Final[text]), max(high, s.Final[text])
			out[at].Anchors = append(out[at].Anchors, s.scale()*s.utility(s.Final[text]))
		}
	}
	return out, low, high, nil
}

// utility is what an anchor of a final score counts as.
func (s Scorer) utility(final float64) float64 {
	if s.Logit {
		return s.Map.Utility(final)
	}
	return final
}

// scale is the judge's β. Anchors are multiplied by it, and what is estimated among them divided: a dull judge's
// orders prove less, so the interval is wider, and the estimate keeps the unit of the pool.
func (s Scorer) scale() float64 { return cmp.Or(s.Scale, 1) }

// mapped carries an estimate to the scale of scores, before the guards. A standard error is a length and not a place,
// so it takes the map's slope alone: β⁻¹ · 10/M of the zscore map.
func (s Scorer) mapped(r ranking.Response) Score {
	onScale := func(u float64) float64 {
		if u /= s.scale(); s.Logit && !math.IsInf(u, 0) {
			return s.Map.Score(u)
		}
		return u
	}
	unit := 1 / s.scale()
	if s.Logit {
		unit *= s.Map.slope(r.Lo/s.scale(), r.Hi/s.scale())
	}
	return Score{
		Status: OK, U: r.U / s.scale(), Raw: onScale(r.U), SE: r.SE * unit,
		Lo: clip(onScale(r.Lo)), Hi: clip(onScale(r.Hi)), LogLik: r.LogLik,
	}
}

// guard puts a response that stood beyond all its anchors just beyond the outermost, and any other between them: a
// window says nothing of what lies outside it. The paper guards the lower end alone, which makes the scale lopsided.
//
//	anchors between −6 and 2     last in every window     below, −6.000001
//	                             first in every window    above,  2.000001
//	                             Raw 3.4                  ok,     2
func (s Scorer) guard(out Score, place ranking.Place, low, high float64) Score {
	switch place {
	case ranking.Below:
		out.Status, out.Value = Below, low-guardStep
	case ranking.Above:
		out.Status, out.Value = Above, high+guardStep
	default:
		out.Value = min(high, max(low, out.Raw))
	}
	out.Value = clip(out.Value)
	return out
}

// Blend is the final score of a text that people have looked at: (1−λ) score + λ h̄.
func Blend(score, human, lambda float64) (float64, error) {
	if !(lambda >= 0 && lambda <= 1) {
		return 0, fault.New(fault.Invalid, "intensity: blend λ = %v: want 0 to 1", lambda)
	}
	return (1-lambda)*score + lambda*human, nil
}
