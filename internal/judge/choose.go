package judge

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
	"hives/internal/llm"
)

// Ways of choosing one answer by log-probabilities. No one of them is right for every model: a sum favours short
// answers, a mean long ones whose end is certain; calibrated takes away what the model would say of no text at all.
//
//	            log P under the text               tokens  bytes  under N/A  total   per_token  per_byte  calibrated
//	harm"}      −.4 −1.2 −.1 = −1.7                3       6      −1.1       ◂ −1.7  −.57       −.28      −.6
//	loyalty"}   −.9 −.3 −.2 −.3 −.3 −.1 = −2.1     6       9      −2.9       −2.1    ◂ −.35     ◂ −.23    ◂ .8
const (
	ByTotal    = "total"      // the sum over the answer's tokens, end of turn included
	PerToken   = "per_token"  // the sum by its number of tokens
	PerByte    = "per_byte"   // the sum by the answer's length in bytes
	Calibrated = "calibrated" // the sum less that under the same prompt with N/A in the text's place
)

// Chooses are all of them.
var Chooses = []string{ByTotal, PerToken, PerByte, Calibrated}

// Scored is the raw form of an answer that was chosen: all that any way of choosing needs, so that another can be tried
// on stored answers without asking anybody.
//
//	{"answer": "{\"choice\": \"care/harm\"}", "choose": "total", "options": [… 2], "total": [-1.7, -2.1],
//	 "tokens": [3, 6], "bytes": [6, 9]}
type Scored struct {
	Answer  string    `json:"answer"`
	Choose  string    `json:"choose"`
	Options []string  `json:"options"`
	Total   []float64 `json:"total"`
	Tokens  []int     `json:"tokens"`
	Bytes   []int     `json:"bytes"`
	Blank   []float64 `json:"blank,omitempty"` // Total with N/A in the text's place
}

// By is what a way of choosing compares, an option each. A way that is none of these is the total; Complete has
// refused others.
func (s Scored) By(choose string) []float64 {
	out := slices.Clone(s.Total)
	for i := range out {
		switch choose {
		case PerToken:
			out[i] /= float64(s.Tokens[i])
		case PerByte:
			out[i] /= float64(max(1, s.Bytes[i]))
		case Calibrated:
			out[i] -= s.Blank[i]
		}
	}
	return out
}

// Best is the option of the highest score, the first of equal ones.
func (s Scored) Best(choose string) string {
	by := s.By(choose)
	return s.Options[slices.Index(by, slices.Max(by))]
}

// Scored reads a vote's raw answer; ok is false where it was not chosen by log-probabilities.
func (v Vote) Scored() (s Scored, ok bool) {
	return s, json.Unmarshal([]byte(v.Raw), &s) == nil && len(s.Options) > 0 && len(s.Options) == len(s.Total)
}

// draw takes an option with probability softmax(score/temperature), u in [0, 1); temperature 0 takes the best.
//
//	scores −1.7 and −2.1, temperature 1: p .60 and .40     u .5 the first, u .9 the second
func (s Scored) draw(temperature, u float64) string {
	if temperature == 0 {
		return s.Best(s.Choose)
	}
	by := s.By(s.Choose)
	top, sum := slices.Max(by), 0.
	for i := range by {
		by[i] = math.Exp((by[i] - top) / temperature)
		sum += by[i]
	}
	for i, p := range by {
		if u -= p / sum; u < 0 {
			return s.Options[i]
		}
	}
	return s.Options[len(by)-1] // rounding left a little of u
}

// choose asks for the log-probabilities of a question's answers and takes one, which is of the form whatever the
// model would have written. Tokens that are written are those of all answers: each was computed. Blank and text are
// asked at once, so that both can share a batch: where texts come one by one, as in a search, that halves the wait.
func (j *Judge) choose(ctx context.Context, st seat, q Question, v *Vote) (string, error) {
	began := time.Now()
	if st.Choose == Calibrated && q.Blank == "" {
		return "", fault.New(fault.Mismatch,
			"voter %q: a question without a form for no text cannot be calibrated: choose otherwise", st.Name)
	}
	var blank []float64
	var g errgroup.Group
	g.Go(func() (err error) {
		blank, err = j.blank(ctx, st, q)
		return err
	})
	scores, err := st.voice.score(ctx, q.scored(q.User))
	if blankErr := g.Wait(); err == nil {
		err = blankErr
	}
	if err != nil {
		return "", err
	}
	s := Scored{Choose: st.Choose, Total: scores.Total, Bytes: scores.Bytes, Blank: blank}
	for i, option := range q.Choices {
		s.Options, s.Tokens = append(s.Options, q.Prefix+option), append(s.Tokens, len(scores.Token[i]))
	}
	s.Answer = s.draw(st.Temperature, chance(st.Name, q))
	raw, _ := json.Marshal(s) // strings and finite numbers always marshal
	v.Raw, v.TokensIn, v.TokensOut = string(raw), scores.In, scores.Out()
	v.Latency = time.Since(began).Truncate(time.Millisecond)
	return s.Answer, nil
}

// scored is the question as one about given answers.
func (q Question) scored(user string) llm.ScoreRequest {
	return llm.ScoreRequest{Messages: q.messages(user), Prefix: q.Prefix, Options: q.Choices}
}

// blank scores the answers with N/A in the text's place, once for each form of a voter's question: it is the same for
// all texts. Whoever comes first computes it, the others wait for that one; an error is told to all of them.
func (j *Judge) blank(ctx context.Context, st seat, q Question) ([]float64, error) {
	if q.Blank == "" {
		return nil, nil
	}
	key := strings.Join(append([]string{st.Name, q.Prompt.Hash(), q.Blank, q.Prefix}, q.Choices...), "\x00")
	j.mu.Lock()
	known := j.blanks[key]
	if known == nil {
		known = &blank{ready: make(chan struct{})}
		j.blanks[key] = known
		j.mu.Unlock()
		scores, err := st.voice.score(ctx, q.scored(q.Blank))
		known.total, known.err = scores.Total, err
		if err != nil { // who asks later, when the run goes on, asks again
			j.mu.Lock()
			delete(j.blanks, key)
			j.mu.Unlock()
		}
		close(known.ready)
	} else {
		j.mu.Unlock()
		<-known.ready
	}
	return known.total, known.err
}

// blank is one such form's, asked for by whoever comes first.
type blank struct {
	ready chan struct{}
	total []float64
	err   error
}

// chance is a voter's draw at one question: a function of the two alone, so that a resumed run draws the same. The
// upper 53 bits of a hash are what a float64 in [0, 1) holds.
func chance(voter string, q Question) float64 {
	return float64(seed(voter+"\x00"+q.Prompt.Hash()+"\x00"+q.Item.ID)>>11) / (1 << 53)
}

// seed makes a number of a text: voters of other names draw other numbers.
func seed(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:])
}
