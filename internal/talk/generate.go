package talk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/model/lm"
)

// Generate implements llm.Provider. Requests are sorted by the shape of their batch, which follows from each alone,
// and answered B at a time; a batch runs until its last row has ended. A cancelled context ends all rows; what they
// said so far is returned with FinishCanceled, and the context's error beside it. Many requests at once are answered
// sooner than one by one, and alike.
func (m *Model) Generate(ctx context.Context, rs []llm.Request) ([]llm.Reply, error) {
	return m.generate(ctx, rs, nil)
}

// Converse answers one request and hands on the text as it comes. emit is given parts that are settled: whole
// characters, and nothing that may yet turn out to begin a stop string. Joined they are the reply's Text, also where
// the context was cancelled.
func (m *Model) Converse(ctx context.Context, r llm.Request, emit func(string)) (llm.Reply, error) {
	replies, err := m.generate(ctx, []llm.Request{r}, func(p Piece) { emit(p.Text) })
	if len(replies) == 0 {
		return llm.Reply{}, err
	}
	return replies[0], err
}

// generate sorts the requests and answers them batch by batch. Replies stand in the order of the requests, whatever
// order they were answered in. An error of a request names it by its place, from 1, before any is answered; one of the
// engine ends the call, with the replies so far beside it.
//
//	B 2, prompts of 20, 300, 25 and 31 tokens, answers of 100: shapes 32 + 100, 512 + 100, 32 + 100, 32 + 100
//	batches (1, 3), (4), (2); another list would group them otherwise, and give each the same answer
func (m *Model) generate(ctx context.Context, rs []llm.Request, emit func(Piece)) ([]llm.Reply, error) {
	var shapes []Shape // in the order they first come
	members := make(map[Shape][]*Row)
	rows := make([]*Row, len(rs))
	for at, r := range rs {
		var err error
		if rows[at], err = m.Prepare(Job{Request: r, Emit: emit}); err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
		shape := rows[at].Shape()
		if members[shape] == nil {
			shapes = append(shapes, shape)
		}
		members[shape] = append(members[shape], rows[at])
	}
	var err error
	for _, shape := range shapes {
		for batch := range slices.Chunk(members[shape], m.rows) {
			if err == nil {
				err = m.Answer(ctx, batch)
			}
		}
	}
	replies := make([]llm.Reply, len(rs))
	for at, row := range rows {
		replies[at] = row.Reply()
	}
	return replies, err
}

// Answer answers at most B rows of one shape, one batch after the other whoever calls: a cache holds one. A row whose
// own context ends ends with FinishCanceled, and the others go on. Latency is the batch's for every row of it: an
// early one waits for the last. Each row keeps its own reply, so their order does not matter.
func (m *Model) Answer(ctx context.Context, batch []*Row) error {
	m.busy.Lock()
	defer m.busy.Unlock()
	began := time.Now()
	defer func() {
		for _, one := range batch {
			one.reply.Latency = time.Since(began)
		}
	}()
	for _, one := range batch {
		if one.shape != batch[0].shape {
			return fault.New(fault.Mismatch, "rows of two shapes in one batch")
		}
	}
	if batch[0].shape.alone != nil {
		return m.choice(ctx, batch[0])
	}
	return m.run(ctx, batch)
}

// run answers one batch. A step serves all rows: each that is still busy chooses its token, then all are fed at once.
//
//	step   logits of                row 0     row 1
//	0      the prompts              "Yes"     "I"
//	1      "Yes", "I"               end       "think"
//	2      end, "think"             –         end, and the batch is over
//
// The contexts are looked at before each step, so a cancelled call ends within a token's time.
//
// Invariant: Next never finds the cache full. room is the longest answer, and a row ends at its own length at the
// latest.
func (m *Model) run(ctx context.Context, batch []*Row) error {
	prompts, pushes := make([][]int32, len(batch)), make([][]lm.Steer, len(batch))
	room := 0
	for at, one := range batch {
		prompts[at], pushes[at] = one.prompt, one.steer
		room = max(room, one.length)
	}
	runner := batch[0].shape.runner
	logits, err := runner.Begin(prompts, room, pushes)
	for step := 0; err == nil; step++ {
		m.steps.Add(1)
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
			if one.gone() {
				one.end(llm.FinishCanceled)
			}
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

// steers are the same thing in the model's words: llm knows no model, and model/lm knows no provider. The vectors are
// shared and not copied, so nobody may change one while it is asked with.
func steers(all []llm.Steer) (out []lm.Steer) {
	for _, s := range all {
		out = append(out, lm.Steer{Layer: s.Layer, Vector: s.Vector, Coefficient: s.Coefficient,
			Positions: lm.Positions(s.Positions)})
	}
	return out
}
