package steer

import (
	"context"
	"math"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk"
	"hives/metrics"
)

// push is one way of moving the model: vectors between its layers, or an instruction as a system message, or nothing.
// The key is its name in the report with the sign behind it, "random 3+": one name for both signs of a thing.
type push struct {
	key    string // in the journal
	steer  []llm.Steer
	system string
}

// towards adds c times a vector behind a number of blocks, 1 … L, at the tokens of the answer. Row l of a vector is
// what l blocks have built, and a Steer counts blocks from 0.
func towards(key string, layer int, vector []float32, c float64) push {
	return push{key: key, steer: []llm.Steer{{Layer: layer - 1, Vector: vector, Coefficient: c, Positions: "response"}}}
}

// scores are the log-probabilities of all pairs' answers under one push. Totals, not means over tokens: both answers of
// a pair keep their lengths from push to push, so that a difference between pushes does not see them.
type scores struct {
	For     []float64 `json:"for"` // with the end of the turn
	Against []float64 `json:"against"`
	Tokens  []int     `json:"tokens"` // of both answers
}

// odds of a pair: how much more probable the answer for the value is than the one against it.
func (s scores) odds(pair int) float64 { return s.For[pair] - s.Against[pair] }

// level is the mean log-probability of a token over all answers of both sides: what falls when a push breaks the model.
func (s scores) level() float64 {
	total, tokens := 0., 0
	for pair := range s.For {
		total += s.For[pair] + s.Against[pair]
		tokens += s.Tokens[pair]
	}
	return total / float64(tokens)
}

// score asks for what the journal does not hold yet, a push at a time.
// A push is the unit that a stop can lose: some seconds of a small model.
func score(ctx context.Context, m *talk.Model, half string, pairs []Pair, pushes []push, j *journal,
	bar *cli.Progress) (map[string]scores, error) {
	out := map[string]scores{}
	for _, p := range pushes {
		var s scores
		if j.get(half+"/"+p.key, &s) {
			out[p.key] = s
			bar.Replay(int64(len(pairs)))
			continue
		}
		if ctx.Err() != nil {
			return nil, fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
		}
		var err error
		if s, err = scoreOne(ctx, m, pairs, p); err != nil {
			return nil, err
		}
		if err := j.put(half+"/"+p.key, s); err != nil {
			return nil, err
		}
		out[p.key] = s
		bar.Add(int64(len(pairs)))
	}
	return out, nil
}

// scoreOne asks for all answers to a question at once: they share the pass over its prompt.
func scoreOne(ctx context.Context, m *talk.Model, pairs []Pair, p push) (s scores, err error) {
	var qs []llm.ScoreRequest
	asked := map[string]int{} // place of a question among them
	for _, pair := range pairs {
		at, ok := asked[pair.Question]
		if !ok {
			at = len(qs)
			asked[pair.Question] = at
			qs = append(qs, llm.ScoreRequest{Messages: p.messages(pair.Text), Steer: p.steer})
		}
		qs[at].Options = append(qs[at].Options, pair.For, pair.Against)
	}
	all, err := m.Score(ctx, qs)
	if err != nil {
		return s, err
	}
	// Options stand in the order of the pairs, two each, so that they come back by counting.
	next := make([]int, len(qs)) // option of each question that was not taken yet
	for _, pair := range pairs {
		at := asked[pair.Question]
		one, n := all[at], next[at]
		s.For, s.Against = append(s.For, one.Total[n]), append(s.Against, one.Total[n+1])
		s.Tokens = append(s.Tokens, len(one.Token[n])+len(one.Token[n+1]))
		next[at] += 2
	}
	return s, nil
}

// messages are the conversation that a push is seen in. Without an instruction the template's own system message
// stands, as it does for whoever talks to the model.
func (p push) messages(question string) []llm.Message {
	var out []llm.Message
	if p.system != "" {
		out = append(out, llm.Message{Role: llm.System, Content: p.system})
	}
	return append(out, llm.Message{Role: llm.User, Content: question})
}

// Estimate is a mean over pairs with its 95 % interval, by bootstrap over pairs.
type Estimate struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// estimate takes all figures from the same draws, so that what an odd draw does to two of them cancels. A mean is
// linear in the weights of a draw, so that what Interval takes as a first order is exact here: mean + Σ (w − 1)·x/n.
func estimate(r *metrics.Resamples, xs []float64) Estimate {
	// Of 40 pairs each weighs a fortieth; a draw that takes one twice moves the mean by as much.
	influence := make([]float64, len(xs))
	for n, x := range xs {
		influence[n] = x / float64(len(xs))
	}
	mean := sum(influence)
	i := r.Interval(mean, influence)
	return Estimate{mean, i.Low, i.High}
}

// Effect is what a push and its opposite do to the log-odds of the pairs.
//
//	              o(−c)   o(0)   o(+c)    odd   even
//	steers          −3     −1      1       2     0
//	breaks           1     −1      1       0     2     the answers for are shorter, say: whatever is added favours them
type Effect struct {
	Name   string   `json:"name"`
	Odd    Estimate `json:"odd"`  // ½(o(+c) − o(−c)): what follows the sign
	Even   Estimate `json:"even"` // ½(o(+c) + o(−c)) − o(0): what does not
	Up     Estimate `json:"up"`   // o(+c) − o(0)
	Down   Estimate `json:"down"` // o(−c) − o(0)
	Cost   float64  `json:"cost"` // nats a token that all answers lose, mean of both signs
	Length float64  `json:"length,omitempty"`
}

// effect compares a push with its opposite and with none.
func effect(name string, r *metrics.Resamples, none, plus, minus scores) Effect {
	n := len(none.For)
	odd, even, up, down := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for pair := range n {
		o, p, m := none.odds(pair), plus.odds(pair), minus.odds(pair)
		odd[pair], even[pair], up[pair], down[pair] = (p-m)/2, (p+m)/2-o, p-o, m-o
	}
	return Effect{
		Name: name, Odd: estimate(r, odd), Even: estimate(r, even), Up: estimate(r, up), Down: estimate(r, down),
		Cost: none.level() - (plus.level()+minus.level())/2,
	}
}

// turns tells whether the log-odds rise with the one sign and fall with the other, both beyond their intervals.
// Random vectors can have an odd part too: a direction that lowers both sides, the one more than the other, has a sign.
// Whoever steers wants more of the value with + and less with −, and not less of everything.
func (e Effect) turns() bool {
	return e.Up.Low > 0 && e.Down.High < 0 || e.Up.High < 0 && e.Down.Low > 0
}

// outside tells whether an effect's interval has no point in common with that of any of the controls.
//
//	vector     [.4, .8]     random [−.2, .1], [−.1, .3]        outside: .4 > .3
//	vector     [.2, .8]     the same                           not: .2 … .3 is in both
//
// Intervals that do not meet are a stricter rule than a difference that is not 0, and ten random vectors make it
// stricter still: chance alone passes it rarely.
func (e Effect) outside(controls []Effect) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range controls {
		low, high = min(low, c.Odd.Low), max(high, c.Odd.High)
	}
	return e.Odd.Low > high || e.Odd.High < low
}
