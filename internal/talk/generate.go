package talk

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/model/lm"
)

// row is one request on its way through a batch. What it needs is worked out once, in prepare; from then on a token
// costs one choice and one spelling.
type row struct {
	at     int // in the caller's list
	runner *lm.Runner
	prompt []int32
	steer  []lm.Steer
	length int

	choose sampler
	draw   func(token int) float64
	speech speech
	text   []byte
	reply  llm.Reply
	done   bool
	emit   func(string) // nil: nobody reads along
}

// Generate implements llm.Provider. Requests are sorted by the bucket of their prompts, which follows from each
// alone, and answered B at a time; a batch runs until its last row has ended. A cancelled context ends all rows; what
// they said so far is returned with FinishCanceled, and the context's error beside it.
func (m *Model) Generate(ctx context.Context, rs []llm.Request) ([]llm.Reply, error) {
	return m.generate(ctx, rs, nil)
}

// Converse answers one request and hands on the text as it comes. emit is given parts that are settled: whole
// characters, and nothing that may yet turn out to begin a stop string. Joined they are the reply's Text, also where
// the context was cancelled.
func (m *Model) Converse(ctx context.Context, r llm.Request, emit func(string)) (llm.Reply, error) {
	replies, err := m.generate(ctx, []llm.Request{r}, emit)
	if len(replies) == 0 {
		return llm.Reply{}, err
	}
	return replies[0], err
}

// generate sorts the requests and answers them batch by batch. Replies stand in the order of the requests, whatever
// order they were answered in. An error of a request names it by its place, from 1; one of the engine ends the call,
// with the replies so far beside it.
//
//	B 2, prompts of 20, 300, 25 and 31 tokens: buckets 32, 512, 32, 32
//	batches (1, 3), (4), (2); another list would group them otherwise, and give each the same answer
func (m *Model) generate(ctx context.Context, rs []llm.Request, emit func(string)) ([]llm.Reply, error) {
	type kind struct { // of batches
		runner *lm.Runner
		bucket int
	}
	var kinds []kind // in the order they first come
	members := make(map[kind][]*row)
	replies := make([]llm.Reply, len(rs))
	for at, r := range rs {
		if err := m.Can().Check("the local model", r); err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		// A choice is a matter of scores, which have batches of their own.
		if r.Choices != nil {
			var err error
			if replies[at], err = m.choice(ctx, r); err != nil {
				return nil, fmt.Errorf("question %d: %w", at+1, err)
			}
			continue
		}
		one, bucket, err := m.prepare(r)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		one.at, one.emit = at, emit
		k := kind{one.runner, bucket}
		if members[k] == nil {
			kinds = append(kinds, k)
		}
		members[k] = append(members[k], one)
	}
	for _, k := range kinds {
		for batch := range slices.Chunk(members[k], m.rows) {
			err := m.run(ctx, batch)
			for _, one := range batch {
				replies[one.at] = one.reply
			}
			if err != nil {
				return replies, err
			}
		}
	}
	return replies, nil
}

// prepare renders a request, holds it to the model's length and finds its bucket. An answer of no stated length takes
// what the model has left, where that is less than the default. One that states a length which does not fit is
// refused: it asked for more than it could get.
func (m *Model) prepare(r llm.Request) (*row, int, error) {
	ids, err := m.renderer.Render(r.Messages, r.Prefix)
	if err != nil {
		return nil, 0, err
	}
	length := r.Sampling.Length()
	if most := m.weights.Config.MaxPositions; most > 0 {
		if left := most - len(ids); r.Sampling.MaxTokens == 0 && left > 0 {
			length = min(length, left)
		}
		if len(ids)+length > most {
			return nil, 0, fault.New(fault.Invalid, "a prompt of %d tokens and an answer of up to %d: "+
				"the model has %d positions; shorten the text or max_tokens",
				len(ids), length, most)
		}
	}
	runner, err := m.adapted(r.Adapter)
	if err != nil {
		return nil, 0, err
	}
	bucket, err := lm.Bucket(len(ids))
	one := &row{
		runner: runner, prompt: ids, length: length, choose: sampler{r.Sampling}, draw: sampler{r.Sampling}.draws(ids),
		speech: speech{tok: m.tok, stops: r.Sampling.Stop}, steer: steers(r.Steer),
	}
	one.reply.In = int64(len(ids))
	return one, bucket, err
}

// steers are the same thing in the model's words: llm knows no model, and model/lm knows no provider.
func steers(all []llm.Steer) (out []lm.Steer) {
	for _, s := range all {
		out = append(out, lm.Steer{Layer: s.Layer, Vector: s.Vector, Coefficient: s.Coefficient,
			Positions: lm.Positions(s.Positions)})
	}
	return out
}

// run answers one batch, of one adapter. A step serves all rows: each that is still busy chooses its token, then all
// are fed at once.
//
//	step   logits of                row 0     row 1
//	0      the prompts              "Yes"     "I"
//	1      "Yes", "I"               end       "think"
//	2      end, "think"             –         end, and the batch is over
//
// The context is looked at before each step, so a cancelled call ends within a token's time. Latency is the batch's
// for every row of it: an early one waits for the last.
//
// Invariant: Next never finds the cache full. room is the longest answer, and a row ends at its own length at the
// latest.
func (m *Model) run(ctx context.Context, batch []*row) error {
	began := time.Now()
	defer func() {
		for _, one := range batch {
			one.reply.Latency = time.Since(began)
		}
	}()
	prompts, pushes := make([][]int32, len(batch)), make([][]lm.Steer, len(batch))
	room := 0
	for at, one := range batch {
		prompts[at], pushes[at] = one.prompt, one.steer
		room = max(room, one.length)
	}
	runner := batch[0].runner
	logits, err := runner.Begin(prompts, room, pushes)
	for step := 0; err == nil; step++ {
		if ctx.Err() != nil {
			for _, one := range batch {
				one.end(llm.FinishCanceled)
			}
			return fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
		}
		// From here on every busy row has its token before the engine is called once for all of them.
		next := make([]int32, len(batch)) // of rows that have ended: any token, which nobody reads
		busy := false
		for at, one := range batch {
			if !one.done {
				next[at] = m.take(one, step, logits[at])
			}
			busy = busy || !one.done
		}
		if !busy {
			return nil
		}
		logits, err = runner.Next(next)
	}
	return err
}

// take chooses a row's next token and ends the row where that is its last. The token that ends a turn is neither kept
// nor spelled. A row whose logits are no numbers ends with the error in its own reply; those beside it go on.
func (m *Model) take(one *row, step int, logits []float32) int32 {
	u := 0.
	if one.choose.Temperature > 0 {
		u = one.draw(step)
	}
	id, err := one.choose.next(logits, u)
	if err != nil {
		one.reply.Err = fmt.Errorf("token %d of the answer: %w", step+1, err)
		one.end(llm.FinishStop)
		return 0
	}
	if m.ends(id) {
		one.end(llm.FinishStop)
		return id
	}
	one.reply.IDs = append(one.reply.IDs, id)
	one.say(one.speech.add(id))
	switch {
	case one.speech.done:
		one.end(llm.FinishStop)
	case len(one.reply.IDs) == one.length:
		one.end(llm.FinishLength)
	}
	return id
}

// say keeps a settled part for the reply, and passes it to whoever reads along.
func (r *row) say(text string) {
	r.text = append(r.text, text...)
	if r.emit != nil && text != "" {
		r.emit(text)
	}
}

// end closes a row; a second call changes nothing. What speech held back is said now: nothing can follow that would
// make a stop string of it. Of a stop string that did come nothing is held.
func (r *row) end(why llm.Finish) {
	if r.done {
		return
	}
	r.say(r.speech.end())
	r.done = true
	r.reply.Finish, r.reply.Text, r.reply.Out = why, string(r.text), int64(len(r.reply.IDs))
}

// choice answers out of a list: at temperature 0 the option of best total, else a draw from
// softmax(total/temperature). An option's total sinks with its length, so options of like length are the caller's to
// choose. The options take the places of tokens in the same sampler, with the same draws: top-k, top-p and min-p have
// no meaning here and are left out.
func (m *Model) choice(ctx context.Context, r llm.Request) (llm.Reply, error) {
	began := time.Now()
	scores, err := m.Score(ctx, []llm.ScoreRequest{{Messages: r.Messages, Prefix: r.Prefix, Options: r.Choices,
		Steer: r.Steer, Adapter: r.Adapter}})
	if err != nil {
		return llm.Reply{}, err
	}
	// float32 is what the sampler takes; totals that differ by less than that can tell are as good as equal.
	totals := make([]float32, len(r.Choices))
	for option, total := range scores[0].Total {
		totals[option] = float32(total)
	}
	s := sampler{llm.Sampling{Temperature: r.Sampling.Temperature, Seed: r.Sampling.Seed}}
	ids, err := m.renderer.Render(r.Messages, r.Prefix)
	if err != nil {
		return llm.Reply{}, err
	}
	option, err := s.next(totals, s.draws(ids)(0))
	if err != nil {
		return llm.Reply{}, err
	}
	return llm.Reply{
		Text: r.Choices[option], Finish: llm.FinishStop, In: int64(len(ids)), Out: int64(len(scores[0].Token[option])),
		Latency: time.Since(began),
	}, nil
}

// Score implements llm.Provider. An option's ids are its own encoding with the end of the turn behind, so that no
// option is the beginning of another: "no" would otherwise be at least as probable as "not at all".
//
// Logarithms are natural. Token holds those of the option's tokens and of the end of the turn, Total is their sum,
// Bytes the option's length, for callers who compare options of unlike length by byte.
//
//	option        ids behind the prompt      total
//	no            no end                     log p(no) + log p(end | no)
//	not at all    not at all end             log p(not) + log p(at | …) + log p(all | …) + log p(end | …)
func (m *Model) Score(ctx context.Context, qs []llm.ScoreRequest) ([]llm.Scores, error) {
	var all scored
	for at, q := range qs {
		if len(q.Options) == 0 {
			return nil, fault.New(fault.Invalid, "question %d has no options to score", at+1)
		}
		runner, err := m.adapted(q.Adapter)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		prompt, err := m.renderer.Render(q.Messages, q.Prefix)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		push := steers(q.Steer)
		for _, option := range q.Options {
			// A copy for each option: appended to one array, the last option would be all of them.
			ids, err := m.tok.EncodePlain(slices.Clone(prompt), option)
			if err != nil {
				return nil, fmt.Errorf("question %d, option %q: %w", at+1, option, err)
			}
			ids = append(ids, m.renderer.TurnEnd())
			if most := m.weights.Config.MaxPositions; most > 0 && len(ids) > most {
				return nil, fault.New(fault.Invalid, "question %d, option %q: %d tokens, the model has %d positions", at+1, option,
					len(ids), most)
			}
			all.add(runner, ids, len(prompt), push)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tokens, err := all.score()
	if err != nil {
		return nil, err
	}
	out := make([]llm.Scores, len(qs))
	next := 0
	for at, q := range qs {
		for _, option := range q.Options {
			total := 0.
			// tokens has a row for each option of each question, in that order.
			for _, logp := range tokens[next] {
				total += logp
			}
			if math.IsNaN(total) || math.IsInf(total, 0) {
				return nil, fault.New(fault.Corrupt, "question %d, option %q: log-probability %v", at+1, option, total)
			}
			out[at].Token, out[at].Total = append(out[at].Token, tokens[next]), append(out[at].Total, total)
			out[at].Bytes = append(out[at].Bytes, len(option))
			next++
		}
	}
	return out, nil
}
