package llm

import (
	"context"
	"errors"
	"time"

	"hives/internal/fault"
)

// Question is one thing asked of one voter about one item.
type Question struct {
	Run     string
	Prompt  Prompt // hashed: it must differ wherever the request does, but for the item
	Item    string
	Voter   string
	About   string // for people: what is asked
	Request Request
	// Parse reads an answer into the JSON to be stored, or says why it cannot; the reason must not repeat the answer.
	Parse func(raw string) (string, error)
	// MaxAttempts bounds how often unusable answers are asked for again.
	MaxAttempts int
}

// again is added to the question after an unusable answer; at temperature 0 the same words would only get
// the same answer.
const askAgain = "\n\nYour last answer did not have the form asked for. Answer with the JSON object alone."

// Ask returns a usable vote, from the store or else from the endpoint, or the last unusable one when there have
// been MaxAttempts. Every answer is stored before Ask goes on. asked tells whether the endpoint was asked.
func Ask(ctx context.Context, s *Store, c *Client, q Question) (vote Vote, asked bool, err error) {
	known, err := s.Attempts(ctx, q.Run, q.Prompt.Hash(), q.Item, q.Voter)
	if err != nil {
		return Vote{}, false, err
	}
	for n := len(known); ; n++ {
		if n > 0 && (known[n-1].Parsed != "" || n >= q.MaxAttempts) {
			return known[n-1], asked, nil
		}
		asked = true
		v, err := attempt(ctx, c, q, n+1)
		if err != nil {
			return Vote{}, asked, err
		}
		// An answer that came is paid for: it is stored even when the run is being stopped.
		if err := s.PutVote(context.WithoutCancel(ctx), v); err != nil {
			return Vote{}, asked, err
		}
		known = append(known, v)
	}
}

// attempt asks once. A request that the endpoint refuses as such counts as an unusable answer: the other
// voters may still decide.
func attempt(ctx context.Context, c *Client, q Question, n int) (Vote, error) {
	v := Vote{Run: q.Run, Prompt: q.Prompt.Hash(), Item: q.Item, Voter: q.Voter, Attempt: n, Question: q.About}
	r := q.Request
	if n > 1 {
		r.User += askAgain
	}
	reply, err := c.Complete(ctx, r)
	v.At = time.Now().UTC().Truncate(time.Second)
	switch {
	case fault.Of(err) == fault.Invalid:
		v.Error = err.Error()
		return v, nil
	case err != nil:
		return v, err
	}
	v.Raw, v.Model, v.TokensIn, v.TokensOut = reply.Text, reply.Model, reply.TokensIn, reply.TokensOut
	v.CostMicro, v.Latency = reply.CostMicro, reply.Latency.Truncate(time.Millisecond)
	if v.Parsed, err = q.Parse(reply.Text); err != nil {
		v.Parsed, v.Error = "", err.Error()
	} else if v.Parsed == "" {
		return v, errors.New("llm: an answer was read into nothing")
	}
	return v, nil
}
