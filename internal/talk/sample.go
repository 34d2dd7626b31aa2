package talk

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"hives/internal/fault"
	"hives/internal/llm"
)

// sampler chooses tokens as a llm.Sampling says. It holds no state: which numbers it draws is said from outside, so a
// choice can be made again.
type sampler struct{ llm.Sampling }

// candidate is one token that may come next. p is a scaled logit at first, and a probability from the softmax on.
type candidate struct {
	id int32
	p  float64
}

// candidates returns the tokens that are left, the most probable first, of equal ones the lower id; their p add up to
// 1.
//
//	logits 2, 1, 0, −1 at temperature 1      p .644 .237 .087 .032
//	top-k 3                                  p .665 .245 .090
//	top-p .8: .665 < .8, .91 ≥ .8            p .731 .269           the token that crosses p is kept
//	min-p .5: .269 < .5 · .731               p 1
//
// Each step sees the probabilities that the one before it left, made to add up to 1 again. Softmax is in float64
// about the largest logit. Tokens that may not come are left out before all of it. Invariant: one token at least is
// left.
func (s sampler) candidates(logits []float32, may func(id int32) bool) []candidate {
	left := make([]candidate, 0, len(logits))
	for id, logit := range logits {
		if may == nil || may(int32(id)) {
			left = append(left, candidate{int32(id), float64(logit) / s.Temperature})
		}
	}
	slices.SortFunc(left, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.id, b.id)) })
	if s.TopK > 0 {
		left = left[:min(s.TopK, len(left))]
	}
	top := left[0].p
	for at := range left {
		left[at].p = math.Exp(left[at].p - top)
	}
	normalise(left)
	if s.TopP > 0 && s.TopP < 1 {
		var sum float64
		crossing := slices.IndexFunc(left, func(c candidate) bool { sum += c.p; return sum >= s.TopP })
		if crossing >= 0 {
			left = left[:crossing+1]
		}
		normalise(left)
	}
	if s.MinP > 0 {
		least := s.MinP * left[0].p
		if below := slices.IndexFunc(left, func(c candidate) bool { return c.p < least }); below >= 0 {
			left = left[:below]
		}
		normalise(left)
	}
	return left
}

// normalise makes the p add up to 1. The sum is never 0: of the most probable token p is 1 before the first call.
func normalise(left []candidate) {
	var sum float64
	for _, c := range left {
		sum += c.p
	}
	for at := range left {
		left[at].p /= sum
	}
}

// next chooses a token out of those that may come (nil: all). u in [0, 1) is the draw; greedy takes the highest
// logit, of equal ones the lowest id. A logit that is no number is an error, also where it may not come: a model that
// makes one answers nonsense from there on.
//
// A draw walks along the probabilities until u is used up:
//
//	p .731 .269    u .5: .5 − .731 < 0, the first      u .8: .8 − .731 = .069, .069 − .269 < 0, the second
func (s sampler) next(logits []float32, u float64, may func(id int32) bool) (int32, error) {
	best := -1
	for id, logit := range logits {
		if f := float64(logit); math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, fault.New(fault.Corrupt, "logit of token %d is %v", id, logit)
		}
		if (best < 0 || logit > logits[best]) && (may == nil || may(int32(id))) {
			best = id
		}
	}
	if best < 0 {
		return 0, fault.New(fault.Corrupt, "no token may come")
	}
	if s.Temperature == 0 {
		return int32(best), nil
	}
	left := s.candidates(logits, may)
	for _, c := range left {
		if u -= c.p; u < 0 {
			return c.id, nil
		}
	}
	return left[len(left)-1].id, nil // rounding left a little of u
}

// draws gives the random numbers of one request: a function of the seed, the prompt and the token's number, and of
// nothing else, so that an answer does not hang on the slot, the batch or the time in which it was written. The same
// request with the same seed is answered alike again; another request draws other numbers.
func (s sampler) draws(prompt []int32) func(token int) float64 {
	h := sha256.New()
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], s.Seed)
	h.Write(word[:])
	for _, id := range prompt {
		binary.LittleEndian.PutUint32(word[:4], uint32(id))
		h.Write(word[:4])
	}
	key := [32]byte(h.Sum(nil))
	return func(token int) float64 {
		binary.LittleEndian.PutUint64(word[:], uint64(token))
		own := sha256.Sum256(append(key[:len(key):len(key)], word[:]...))
		return rand.New(rand.NewChaCha8(own)).Float64()
	}
}

// highest are the ids of the n largest logits, the largest first, of equal ones the lowest id: a list kept in order,
// since n is a handful of a whole vocabulary.
//
//	logits 1, 3, 2, 3, n 2     ids 1, 3
func highest(logits []float32, n int) (ids []int32) {
	for id, logit := range logits {
		at := len(ids)
		for at > 0 && logits[ids[at-1]] < logit {
			at--
		}
		if at < n {
			ids = slices.Insert(ids, at, int32(id))
			ids = ids[:min(n, len(ids))]
		}
	}
	return ids
}
