package judge

import (
	"context"
	"errors"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
)

// Question is one thing asked about one item. A Form fills in all but About and Parse.
type Question struct {
	Item   Item   // a text, or several as one JSON array; stored before it is asked about
	Prompt Prompt // hashed: it must differ wherever the request does, but for the item
	About  string // for people: what is asked

	System, User string
	Before       []llm.Message  // what was said before User, of a conversation of several turns
	Schema       map[string]any // of the answer; nil for free text
	Sampling     *llm.Sampling  // how an open answer is drawn; nil: at the voter's temperature

	// A closed question has all its answers here, each as it would be written behind Prefix: a voter that is asked by
	// choices takes one of them. Blank is User with N/A in the text's place, for those that are calibrated.
	Choices       []string
	Prefix, Blank string

	// Draw sets apart questions in the same words that are to have answers of their own; Drawn fills it in.
	Draw string

	// Parse reads an answer into the JSON to be stored, or says why it cannot; the reason must not repeat the answer.
	Parse func(raw string) (string, error)

	// Keep takes Parse's place where an answer is free text and more counts than its words, such as why it ended. There
	// is no form that it could miss, so it is never asked for in other words.
	Keep func(llm.Reply) (string, error)
}

// Drawn is the same question asked for another answer: its request has the same words, but a draw of its own on a local
// model, and a place of its own in the votes file.
//
//	q.Drawn("attempt 0")   an answer
//	q.Drawn("attempt 1")   another one
//	q.Drawn("attempt 0")   the first again, from the file
func (q Question) Drawn(draw string) Question {
	q.Draw = draw
	q.Prompt.Text += "\n\ndraw " + draw
	return q
}

// askAgain is added to the question after an unusable answer; at temperature 0 the same words would only get
// the same answer.
const askAgain = "\n\nYour last answer did not have the form asked for. Answer with the JSON object alone."

// ask returns a usable vote, from the store or else from the voter, or the last unusable one when there have been
// most. asked tells whether the voter was asked.
//
// Invariant: an answer is in the file before it is returned, and a stored usable one is never asked for again. So a
// kill at any moment costs the requests under way and no other: the next start finds attempts 1…n and goes on.
func (j *Judge) ask(ctx context.Context, s seat, q Question) (vote Vote, asked bool, err error) {
	known, err := j.store.Attempts(ctx, j.run, q.Prompt.Hash(), q.Item.ID, s.Name)
	if err != nil {
		return Vote{}, false, err
	}
	for n := len(known); ; n++ {
		if n > 0 && (known[n-1].Parsed != "" || n >= j.cfg.Attempts) {
			return known[n-1], asked, nil
		}
		asked = true
		v, err := j.attempt(ctx, s, q, n+1)
		if err != nil {
			return Vote{}, asked, err
		}
		// An answer that came is paid for: it is stored even when the run is being stopped.
		if err := j.store.PutVote(context.WithoutCancel(ctx), v); err != nil {
			return Vote{}, asked, err
		}
		known = append(known, v)
	}
}

// attempt asks once. A request that is refused as such counts as an unusable answer: the other voters may still
// decide. Times are whole seconds and milliseconds, as the file has them: a vote that is read back equals the one
// that was put.
func (j *Judge) attempt(ctx context.Context, s seat, q Question, n int) (Vote, error) {
	v := Vote{Run: j.run, Prompt: q.Prompt.Hash(), Item: q.Item.ID, Voter: s.Name, Attempt: n, Question: q.About,
		Model: s.name}
	put := j.write
	if s.byChoice() && q.Choices != nil {
		put = j.choose
	}
	parse := q.Parse
	if q.Keep != nil {
		put = j.write
		parse = func(string) (string, error) { return v.Parsed, nil }
	}
	said, err := put(ctx, s, q, &v)
	v.At = time.Now().UTC().Truncate(time.Second)
	switch {
	case fault.Of(err) == fault.Invalid:
		v.Error = err.Error()
		return v, nil
	case err != nil:
		return v, err
	}
	if v.Parsed, err = parse(said); err != nil {
		// What was parsed in part is dropped: a vote is usable or it is not.
		v.Parsed, v.Error = "", err.Error()
	} else if v.Parsed == "" {
		return v, errors.New("judge: an answer was read into nothing")
	}
	return v, nil
}

// write lets the voter write its answer. A schema is given to those that can keep to one; the others have the prompt.
//
//	attempt 1   the question                       I would rather not.
//	attempt 2   the question, and askAgain         {"choice": "care/harm"}
func (j *Judge) write(ctx context.Context, s seat, q Question, v *Vote) (string, error) {
	user := q.User
	if v.Attempt > 1 && q.Keep == nil {
		user += askAgain
	}
	sampling := llm.Sampling{Temperature: s.Temperature, MaxTokens: s.MaxTokens}
	if q.Sampling != nil {
		sampling = *q.Sampling
	}
	if s.AtHome() {
		sampling.Seed = seed(s.Name + q.Draw) // an endpoint draws by itself: its requests stay as they were
	}
	r := llm.Request{Messages: q.messages(user), Sampling: sampling}
	if s.can.Schema {
		r.Schema = q.Schema
	}
	reply, err := s.voice.generate(ctx, r)
	if err != nil {
		return "", err
	}
	if !s.AtHome() {
		v.Model = reply.Model
		if err := j.sameModel(s.Name, reply.Model); err != nil {
			return "", err
		}
	}
	v.Raw, v.TokensIn, v.TokensOut = reply.Text, reply.In, reply.Out
	v.CostMicro, v.Latency = reply.Micro, reply.Latency.Truncate(time.Millisecond)
	if q.Keep != nil {
		v.Parsed, err = q.Keep(reply)
	}
	return reply.Text, err
}

// messages are the conversation that every way of asking begins with. Without a system message there is none: an empty
// one would take the place of the one that a model's template puts there by itself.
func (q Question) messages(user string) (out []llm.Message) {
	if q.System != "" {
		out = append(out, llm.Message{Role: llm.System, Content: q.System})
	}
	out = append(out, q.Before...)
	return append(out, llm.Message{Role: llm.User, Content: user})
}
