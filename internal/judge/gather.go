package judge

import (
	"context"
	"sync"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
)

// batches stands between many askers and a model that answers in batches.
//
//	B = 8, 40 texts under way, 3 voters     what the model is handed
//	the first asks                          up to 8 · portion questions, as soon as no more come
//	the others ask meanwhile                the next as many, once the first are answered
//
// Invariant: which questions are handed over together changes no answer, since a row's numbers do not depend on the
// rows beside it; so runs of other speed, and resumed ones, end alike.
//
// Written and scored answers have a queue each, and one turn between them.
type batches struct {
	generates *gather[llm.Request, llm.Reply]
	scores    *gather[llm.ScoreRequest, llm.Scores]
}

// portion is how many batches' questions are handed over at once. More of them let the engine sort more rows of one
// length together; fewer lose less when a run is stopped.
const portion = 2

// newBatches puts both queues in front of a model of B rows.
func newBatches(p llm.Provider, rows int) *batches {
	var turn sync.Mutex // the engine holds one batch at a time, be it to be written or scored
	return &batches{
		generates: &gather[llm.Request, llm.Reply]{most: portion * rows, turn: &turn, serve: p.Generate,
			came: func(r llm.Reply) bool { return r.Err == nil && r.Finish != "" && r.Finish != llm.FinishCanceled },
			own:  func(r llm.Reply) error { return r.Err }},
		scores: &gather[llm.ScoreRequest, llm.Scores]{most: portion * rows, turn: &turn, serve: p.Score,
			came: func(s llm.Scores) bool { return s.Total != nil },
			own:  func(llm.Scores) error { return nil }},
	}
}

// generate and score make batches a voice.
func (b *batches) generate(ctx context.Context, r llm.Request) (llm.Reply, error) {
	return b.generates.ask(ctx, r)
}

func (b *batches) score(ctx context.Context, r llm.ScoreRequest) (llm.Scores, error) {
	return b.scores.ask(ctx, r)
}

// gather collects questions of one kind.
//
// Invariant: serving is true exactly while a work runs, so there is one at most.
type gather[Q, A any] struct {
	most  int
	turn  *sync.Mutex
	serve func(context.Context, []Q) ([]A, error)
	came  func(A) bool  // an answer is whole, although the call that brought it failed
	own   func(A) error // an error that is one question's alone

	mu      sync.Mutex
	waiting []*ticket[Q, A]
	serving bool
}

// ticket is one question that waits for its answer.
type ticket[Q, A any] struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one call
	asked  Q
	answer A
	err    error
	done   chan struct{}
}

// settling is how long the first question of an idle model waits for others: askers start together, and their looks
// into the store take a millisecond or two. A batch takes a hundred times as long.
const settling = 5 * time.Millisecond

// ask waits until the model has answered. It does not leave earlier when the run is stopped: the model is then told to
// stop, and what it had finished is kept.
func (g *gather[Q, A]) ask(ctx context.Context, q Q) (A, error) {
	t := &ticket[Q, A]{ctx: ctx, asked: q, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, t)
	if !g.serving {
		g.serving = true
		go g.work()
	}
	g.mu.Unlock()
	<-t.done
	return t.answer, t.err
}

// work serves until nobody waits. What comes while it serves is taken next, in the order in which it came.
func (g *gather[Q, A]) work() {
	time.Sleep(settling)
	for {
		g.mu.Lock()
		batch := g.waiting[:min(len(g.waiting), g.most)]
		g.waiting = g.waiting[len(batch):]
		g.serving = len(batch) > 0
		g.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		g.turn.Lock()
		g.answer(batch)
		g.turn.Unlock()
		for _, t := range batch {
			close(t.done)
		}
	}
}

// answer asks for a batch. A refusal of one question (a text too long for the model) is told of the whole call: it is
// asked again in halves, so that the others are answered and it alone is refused.
//
//	a b c d, of which c is too long     a b c d refused → a b answered, c d refused → c refused, d answered
//
// Of n questions with one that is refused at most 2 log₂ n + 1 calls are made.
func (g *gather[Q, A]) answer(batch []*ticket[Q, A]) {
	asked := make([]Q, len(batch))
	for i, t := range batch {
		asked[i] = t.asked
	}
	answers, err := g.serve(batch[0].ctx, asked)
	if fault.Of(err) == fault.Invalid && len(batch) > 1 {
		g.answer(batch[:len(batch)/2])
		g.answer(batch[len(batch)/2:])
		return
	}
	for i, t := range batch {
		switch t.err = err; {
		case err == nil:
			t.answer, t.err = answers[i], g.own(answers[i])
		case i < len(answers) && g.came(answers[i]):
			t.answer, t.err = answers[i], nil
		}
	}
}
