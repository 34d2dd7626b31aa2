package ranking

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
)

// Window is one ranking of a response among anchors whose utilities are known.
type Window struct {
	Anchors []float64 // [k−1] utilities of the anchors, in the order the judge gave them, the best first
	Rank    int       // of the response, 1 … k; 1: before all anchors
}

// Place says on which side of all anchors a response stands in all its windows.
type Place int

// The three places. Above and Below have no finite utility.
const (
	Within Place = iota
	Above        // first in every window: the likelihood rises for ever
	Below        // last in every window
)

// Response is the utility of one response, estimated from its windows.
//
// The anchors 1, 0, −1 and rank 2, one window: U .86, SE 1.47, Lo −2.44, Hi 4.16. The interval is not U ± 1.96 SE,
// which would end at 3.74: far above, each further logit costs less likelihood than the curvature at U promises.
type Response struct {
	U      float64 // the maximum; +Inf Above, −Inf Below
	Place  Place
	LogLik float64 // ℓ(U), see stagesOf; its supremum where U is infinite
	SE     float64 // 1/√(−ℓ″); +Inf where U is infinite
	Lo, Hi float64 // where ℓ lies 1.92 below its supremum: 95 % by the likelihood ratio; one end may be infinite
}

// halfChiSquare is half the .95 quantile of χ² with one degree of freedom. At the true utility 2(ℓ(U) − ℓ) is
// distributed as χ² (Wilks), so it lies above 3.84 in one case of twenty.
const halfChiSquare = 3.841458820694124 / 2

// stagesOf are the windows with what the likelihood takes from them. In a window with rank r only the stages up to
// the response's own count, the anchors behind it say nothing of it:
//
//	ℓ(u) = Σ_t [ 1(r_t < k) u − Σ_{j ≤ min(r_t, k−1)} log(e^u + S_tj) ],   S_tj = Σ exp of the anchors left at stage j
//
// Anchors 1, 0, −1 and rank 2: first the anchor 1 was chosen before the response (stage 1, with S over all three
// anchors), then the response before 0 and −1 (stage 2, with S over these two):
// ℓ = u − log(e^u + e + 1 + 1/e) − log(e^u + 1 + 1/e).
type stagesOf struct {
	wins float64   // windows in which the response was not last: each gives u once
	logS []float64 // log S of every stage

	precision float64 // of a normal prior about 0; 0 without one
}

// newStages takes the anchors into log S once, since they are known: all that varies afterwards is u. Of a window
// with rank r it keeps min(r, k−1) stages.
func newStages(windows []Window) (*stagesOf, error) {
	if len(windows) == 0 {
		return nil, fault.New(fault.Invalid, "ranking: a response without a ranked window has no utility")
	}
	s := &stagesOf{}
	for at, w := range windows {
		k := len(w.Anchors) + 1
		if k < 2 || w.Rank < 1 || w.Rank > k {
			return nil, fault.New(fault.Invalid, "ranking: window %d: rank %d among %d anchors", at, w.Rank, k-1)
		}
		for _, u := range w.Anchors {
			if math.IsNaN(u) || math.IsInf(u, 0) {
				return nil, fault.New(fault.Invalid, "ranking: window %d: an anchor of utility %v", at, u)
			}
		}
		if w.Rank < k {
			s.wins++
		}
		for j := range min(w.Rank, k-1) {
			s.logS = append(s.logS, floats.LogSumExp(w.Anchors[j:]))
		}
	}
	return s, nil
}

// at returns ℓ and its first two derivatives: with q_j = e^u/(e^u + S_j) they are wins − Σ q and −Σ q(1−q).
func (s *stagesOf) at(u float64) (value, slope, bend float64) {
	value, slope = s.wins*u, s.wins
	for _, logS := range s.logS {
		value -= logAddExp(u, logS)
		q := 1 / (1 + math.Exp(logS-u))
		slope -= q
		bend -= q * (1 - q)
	}
	return value - s.precision/2*u*u, slope - s.precision*u, bend - s.precision
}

// Estimate is the maximum-likelihood utility of a response.
//
// ℓ is concave in u, so the maximum is one point, at ±∞ exactly where the response was first, or last, in every
// window. An error names the window, from 0.
func Estimate(windows []Window) (Response, error) {
	s, err := newStages(windows)
	if err != nil {
		return Response{}, err
	}
	low, high := s.bracket()
	out := Response{SE: math.Inf(1), Lo: math.Inf(-1), Hi: math.Inf(1)}
	switch {
	case s.wins == float64(len(s.logS)): // one stage a window, each won
		out.Place, out.U, out.LogLik = Above, math.Inf(1), 0
		out.Lo = s.crossing(low, out.LogLik, -1)
		return out, nil
	case s.wins == 0:
		out.Place, out.U, out.LogLik = Below, math.Inf(-1), 0
		for _, logS := range s.logS {
			out.LogLik -= logS
		}
		out.Hi = s.crossing(high, out.LogLik, 1)
		return out, nil
	}
	out.U = s.maximum(low, high)
	value, _, bend := s.at(out.U)
	out.LogLik, out.SE = value, 1/math.Sqrt(-bend)
	out.Lo, out.Hi = s.crossing(out.U, value, -1), s.crossing(out.U, value, 1)
	return out, nil
}

// EstimateShrunk is the maximum of ℓ(u) − precision/2·u², and its value: the authors' estimate, with anchors at their
// final scores and precision 1e-3. It is finite always, but where a response was last in every window its place is the
// prior's: −13.6 for one whose lowest anchor stands at −8.
func EstimateShrunk(windows []Window, precision float64) (u, penalised float64, err error) {
	if !(precision > 0) {
		return 0, 0, fault.New(fault.Invalid, "ranking: precision %v of a prior: want a number above 0", precision)
	}
	s, err := newStages(windows)
	if err != nil {
		return 0, 0, err
	}
	s.precision = precision
	u = s.maximum(s.bracket())
	penalised, _, _ = s.at(u)
	return u, penalised, nil
}

// bracket is an interval around all stages, in which a finite maximum lies or close to which it does: at u = log S a
// stage is an even bet. maximum widens it where the slope has not changed its sign yet.
func (s *stagesOf) bracket() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, logS := range s.logS {
		low, high = min(low, logS-1), max(high, logS+1)
	}
	return low, high
}

// maximum finds the root of the slope: Newton's steps, and halves of the bracket where they leave it. Far out the slope
// is flat (every q is 0 or 1 there) and Newton alone would jump to ±∞; the bracket keeps the root between its ends.
// Invariant: the slope is positive at low and not positive at high.
func (s *stagesOf) maximum(low, high float64) float64 {
	for width := high - low; ; width *= 2 {
		if _, slope, _ := s.at(low); slope > 0 {
			break
		}
		low -= width
	}
	for width := high - low; ; width *= 2 {
		if _, slope, _ := s.at(high); slope < 0 {
			break
		}
		high += width
	}
	u := (low + high) / 2
	for range 200 {
		_, slope, bend := s.at(u)
		if slope > 0 {
			low = u
		} else {
			high = u
		}
		next := u - slope/bend
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-u) < 1e-12 {
			return next
		}
		u = next
	}
	return u
}

// crossing is where ℓ has fallen by half of χ² below its supremum, going from u in the direction of sign; infinite
// where it never falls that far. ℓ is concave, so there is one such place a side.
//
// Two walks: out from u in steps that double until ℓ is below the goal, then halving what lies between until no
// number is left in it. Invariant: ℓ(inside) ≥ goal > ℓ(outside).
func (s *stagesOf) crossing(u, supremum, sign float64) float64 {
	goal := supremum - halfChiSquare
	if limit := s.limit(sign); limit >= goal {
		return sign * math.Inf(1)
	}
	inside, outside := u, u+sign
	for step := 1.; ; step *= 2 {
		if value, _, _ := s.at(inside); value < goal { // a supremum at infinity: u is a finite guess, walk towards it first
			outside, inside = inside, inside-sign*step
			continue
		}
		if value, _, _ := s.at(outside); value < goal {
			break
		}
		inside, outside = outside, outside+sign*step
	}
	for range 200 {
		middle := (inside + outside) / 2
		if middle == inside || middle == outside {
			break
		}
		if value, _, _ := s.at(middle); value < goal {
			outside = middle
		} else {
			inside = middle
		}
	}
	return inside
}

// limit is ℓ at sign·∞. Upwards each stage tends to u − u = 0 if won, downwards to −log S if the response was never
// chosen; else to −∞.
func (s *stagesOf) limit(sign float64) float64 {
	if sign > 0 {
		if s.wins < float64(len(s.logS)) {
			return math.Inf(-1)
		}
		return 0
	}
	if s.wins > 0 {
		return math.Inf(-1)
	}
	var value float64
	for _, logS := range s.logS {
		value -= logS
	}
	return value
}

// logAddExp is log(e^a + e^b), which neither overflows nor loses the smaller of the two.
func logAddExp(a, b float64) float64 {
	return max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
}
