package chatapi

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/serve"
	"hives/internal/serve/share"
	"hives/internal/talk"
)

// linger is how long an idle engine waits for company after a first row has come: requests that are sent at once
// arrive a millisecond apart, and a batch that began without them is answered to its end before theirs begins. An
// answer takes seconds.
const linger = 10 * time.Millisecond

// entry is one row in the line. It belongs to two goroutines. The engine's writes the row until done is closed; the
// handler reads it afterwards. Only the pieces, which both touch while the row is written, are guarded.
type entry struct {
	row  *talk.Row
	wake chan struct{} // of its request: something came, or the row is done

	mu     sync.Mutex
	pieces []talk.Piece
	done   chan struct{} // closed when the row is answered; err and row.Reply hold then
	err    error
}

// newEntry takes the channel that all rows of a request share: their handler sleeps on one thing.
func newEntry(wake chan struct{}) *entry { return &entry{wake: wake, done: make(chan struct{})} }

// emit keeps a piece until the handler fetches it: the engine waits for no client.
func (e *entry) emit(p talk.Piece) {
	e.mu.Lock()
	e.pieces = append(e.pieces, p)
	e.mu.Unlock()
	e.nudge()
}

// nudge never waits. The channel holds one sign; a handler that wakes looks at all its rows, so a second sign would
// tell it nothing.
func (e *entry) nudge() {
	select {
	case e.wake <- struct{}{}:
	default: // it has been told, and has not looked yet
	}
}

// fetch takes what came since the last time.
func (e *entry) fetch() []talk.Piece {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.pieces
	e.pieces = nil
	return out
}

// finish ends a row, once. What was written before the channel was closed is seen by whoever has seen it closed.
func (e *entry) finish(err error) {
	e.err = err
	close(e.done)
	e.nudge()
}

// ended tells whether the row is done.
func (e *entry) ended() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// answer is what came of it, the row's own error included.
func (e *entry) answer() (llm.Reply, error) {
	if e.err != nil {
		return llm.Reply{}, e.err
	}
	reply := e.row.Reply()
	return reply, reply.Err
}

// queue is the line in front of the one engine. Its places are shared among callers as the server's others are: one
// caller leaves room for the next.
//
// A place is taken by a handler before its rows join the line, and given back when the handler returns. So places
// count requests' rows that somebody waits for, and the line is never longer than the places.
//
//	handler    enter, add, wait for done or the context, leave
//	engine     next, answer, finish each row, next …
type queue struct {
	model  *talk.Model
	log    *slog.Logger
	places *share.Pool
	ctx    context.Context // ends when the queue is closed
	cancel context.CancelFunc
	over   chan struct{} // closed when the engine's goroutine has ended
	lose   func(error)   // ends the server
	lost   chan struct{} // closed when the engine hangs

	mu      sync.Mutex
	come    *sync.Cond // a row has come, or the queue is closed
	waiting []*entry
	at      int // rows of the batch that is being answered
	failed  int // batches in a row
	stats   Figures
}

// lostBatches that fail in a row end the server: a restart is what may help.
const lostBatches = 3

func newQueue(m *talk.Model, o Options, lose func(error)) *queue {
	q := &queue{model: m, log: o.Log, over: make(chan struct{}), lost: make(chan struct{}), lose: lose}
	q.places = share.NewPool(o.Rows, func(who share.Who) {
		o.Log.Warn("a limit was reached: this caller had no room", "limit", "language model's rows", "size", o.Rows,
			"caller", who.Caller)
	})
	q.come = sync.NewCond(&q.mu)
	q.ctx, q.cancel = context.WithCancel(context.Background())
	go q.run()
	if o.Hang > 0 {
		go q.watch(o.Hang)
	}
	return q
}

// enter takes places for a request's rows, or refuses it: an answer takes seconds, so a client is better told to come
// again than kept. A request of more rows than there are places is let in when all are free.
func (q *queue) enter(who share.Who, rows int) (*share.Place, error) {
	if place, ok := q.places.TryEnter(who, rows); ok {
		return place, nil
	}
	q.mu.Lock()
	q.stats.Refused++
	q.mu.Unlock()
	return nil, serve.Refuse(fault.Exhausted, "QUEUE_FULL", "%d of %d answers are under way or waiting already; try "+
		"again later", q.places.Used(), q.places.Size())
}

// add puts rows at the end of the line, in one go: rows of one request that share a shape share a batch.
func (q *queue) add(entries []*entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil { // nobody would take them out again
		for _, e := range entries {
			e.finish(errEnding)
		}
		return
	}
	q.waiting = append(q.waiting, entries...)
	q.come.Signal()
}

// leave takes a request's rows that have not been begun out of the line. Those that are being answered end by their
// context.
func (q *queue) leave(entries []*entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := len(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, func(e *entry) bool { return slices.Contains(entries, e) })
	q.stats.Canceled += uint64(was - len(q.waiting))
}

// run is the engine's goroutine: batch after batch, until the queue is closed.
func (q *queue) run() {
	defer close(q.over)
	for {
		batch := q.next()
		if batch == nil {
			return
		}
		q.answer(batch)
	}
}

// next waits for rows and takes a batch: the first of the line, and those behind it that have its shape.
//
//	line a b a a c, at most 3 rows     batch a a a     line b c
//	                                   batch b         line c
//
// Invariant: the row that has waited longest is in the next batch, so nobody waits for ever.
func (q *queue) next() (batch []*entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 {
		if q.ctx.Err() != nil {
			return nil
		}
		q.come.Wait()
		// Others may add, and leave, while it lingers: the line is looked at anew.
		q.mu.Unlock()
		time.Sleep(linger)
		q.mu.Lock()
	}
	if q.ctx.Err() != nil {
		for _, e := range q.waiting {
			e.finish(errEnding)
		}
		q.waiting = nil
		return nil
	}
	shape := q.waiting[0].row.Shape()
	q.waiting = slices.DeleteFunc(q.waiting, func(e *entry) bool {
		takes := len(batch) < q.model.Rows() && e.row.Shape() == shape
		if takes {
			batch = append(batch, e)
		}
		return takes
	})
	q.at = len(batch)
	return batch
}

// errEnding is for those whose answer the end of the server has cut.
var errEnding = serve.Refuse(fault.Unavailable, "DRAINING", "the server is ending")

// answer runs a batch and tells each row's request.
func (q *queue) answer(batch []*entry) {
	began := time.Now()
	rows := make([]*talk.Row, len(batch))
	for at, e := range batch {
		rows[at] = e.row
	}
	// An error of one row is in its reply; this one is everybody's.
	err := q.contained(rows)
	switch {
	case q.ctx.Err() != nil:
		err = errEnding
	case err != nil:
		q.log.Error("the language model's engine", "error", err)
		err = serve.Refuse(fault.Unavailable, "UNAVAILABLE", "the engine could not answer; the server's log says more")
	}
	q.count(rows, err, time.Since(began))
	for _, e := range batch {
		e.finish(err)
	}
	if q.failures() >= lostBatches {
		q.lose(fault.New(fault.Unavailable, "the language model's engine failed %d batches in a row", lostBatches))
	}
}

// watch looks whether the engine moves while there is a batch. It is told to compile now and then, which takes seconds.
func (q *queue) watch(hang time.Duration) {
	tick := time.NewTicker(hang / 10)
	defer tick.Stop()
	for last, since := uint64(0), time.Now(); ; {
		select {
		case <-q.over:
			return
		case now := <-tick.C:
			steps := q.model.Steps()
			if steps != last || !q.working() {
				last, since = steps, now
				continue
			}
			if now.Sub(since) > hang {
				close(q.lost)
				q.lose(fault.New(fault.Unavailable, "the language model's engine has done nothing for %v", hang))
				return
			}
		}
	}
}

// busy tells whether anybody waits or is answered.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.at > 0 || len(q.waiting) > 0
}

// working tells whether a batch is being answered.
func (q *queue) working() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.at > 0
}

// failures is how many batches in a row have failed.
func (q *queue) failures() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed
}

// contained turns a panic of the engine into an error. Its value may quote a text and stays out of the log.
func (q *queue) contained(rows []*talk.Row) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fault.New(fault.Unknown, "a panic of type %T was contained", value)
		}
	}()
	return q.model.Answer(q.ctx, rows)
}

// count files a batch. Rows that ended early count with what they had written: the engine's time went into it.
func (q *queue) count(rows []*talk.Row, err error, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.at = 0
	q.stats.Batches++
	q.stats.Seconds += took.Seconds()
	q.failed++
	if err == nil {
		q.failed = 0
	} else if q.ctx.Err() == nil {
		q.stats.Troubled++
	}
	for _, row := range rows {
		reply := row.Reply()
		if reply.Finish == llm.FinishCanceled {
			q.stats.Canceled++
		} else if err == nil {
			q.stats.Answers++
		}
		q.stats.TokensIn += uint64(reply.In)
		q.stats.TokensOut += uint64(reply.Out)
	}
}

func (q *queue) figures() Figures {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.stats
	out.Rows, out.MaxRows = q.places.Used(), q.places.Size()
	return out
}

// close ends the batch under way and answers who still waits. It tells whether the engine has come to rest; one that
// hangs does not.
func (q *queue) close() bool {
	q.cancel()
	q.mu.Lock()
	q.come.Broadcast()
	q.mu.Unlock()
	select {
	case <-q.over:
		return true
	case <-q.lost:
		return false
	}
}
