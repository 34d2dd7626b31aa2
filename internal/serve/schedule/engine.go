package schedule

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hives/internal/fault"
	"hives/pack"
)

// windowBatches is how many full batches' texts are looked at to make up one. Against texts that are all known
// before, 1 costs 4 % on the 0.6B shape and 25 % on the demo's, 2 cost 1 and 7 %, 4 cost 1 and 4 % but let a text
// wait for up to 40 batches where 2 let it wait for 14 (docs/PACKING.md).
const windowBatches = 2

// loop is the engine goroutine: it runs all batches of texts. It owns last; everything else it touches under mu. It
// ends in two cases only: the scheduler failed, or it is closing and no ticket is outstanding. Until then somebody may
// still bring texts.
func (s *Scheduler) loop() {
	defer close(s.stopped)
	for {
		idle, ok := s.await()
		if !ok {
			return
		}
		if !idle {
			s.linger()
		}
		s.step()
	}
}

// await blocks until something waits, and says whether the engine was idle meanwhile; not ok is the end. The wake
// channel holds one signal, and a signal may be older than the state it announces, so the state is read again after
// each: a stale signal costs one more turn of the loop, and none is lost, since the channel keeps it until it is
// read.
func (s *Scheduler) await() (idle, ok bool) {
	for {
		s.mu.Lock()
		work, over := s.waiting > 0, s.closing && s.held == 0 // a ticket is a promise
		failed := s.err != nil
		s.mu.Unlock()
		switch {
		case failed:
			return idle, false
		case work:
			return idle, true
		case over:
			return idle, false
		}
		<-s.wake
		idle = true
	}
}

// linger gives the clients of the batch that has just ended a moment to bring their next texts, which would
// otherwise ride in every second batch only.
//
// Why that matters: 64 clients that each ask, wait for the answer and ask again fall into two halves, one of which
// is always in the engine while the other waits. The wait costs at most a twentieth of that batch's time, and ends
// at once when a full batch is there. A batch with texts of one flow alone has nobody to wait for: its client has
// sent what it has.
func (s *Scheduler) linger() {
	if s.last.Flows < 2 {
		return
	}
	timer := time.NewTimer(min(s.opt.MaxLinger, s.last.Run/20))
	defer timer.Stop()
	for s.waitingTokens() < s.used.Load().tokens {
		select {
		case <-s.wake:
		case <-timer.C:
			return
		}
	}
}

// waitingTokens is read without the lock being kept: it may be out of date when it is used, which costs a shorter or
// longer wait and nothing else.
func (s *Scheduler) waitingTokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// step runs one batch: the text whose turn it is and, of those behind it, the ones beside which it is cheapest. So
// texts of like lengths share a batch, and every batch brings the line on. Choosing happens outside mu, so that
// requests come and go meanwhile; take then sees who still waits.
//
// Invariant: the first text of the window is in the batch, so no text waits for ever behind others that fit better
// (TestHugeRequestDoesNotStarveSmallOnes, TestFlowsShareInTokens).
func (s *Scheduler) step() {
	u := s.used.Load()
	s.mu.Lock()
	items := s.queue.window(windowBatches*u.tokens, windowBatches*u.texts)
	s.mu.Unlock()
	if len(items) == 0 {
		return
	}
	ids := make([][]int32, len(items))
	for i, it := range items {
		ids[i] = it.ids
	}
	b, err := pack.Next(ids, u.shapes, s.runner.Attention())
	if err != nil { // a text longer than every row: the caller broke its promise
		s.answer(items[:1], Result{Err: err})
		return
	}
	members := make([]*item, len(b.Members))
	for slot, member := range b.Members {
		members[slot] = items[member]
	}
	if s.take(members) {
		s.runBatch(members, &b)
	}
}

// take takes members out of the queue. One that has been cancelled since is computed in vain, unless all have. A
// batch is packed by then, and packing it anew for every cancellation could go on for as long as clients cancel.
func (s *Scheduler) take(members []*item) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := slices.DeleteFunc(slices.Clone(members), func(it *item) bool { return it.state != waiting })
	if len(wanted) == 0 {
		return false
	}
	s.queue.take(wanted)
	for _, it := range wanted {
		s.unqueue(it)
	}
	return true
}

// answer gives the same result to several items, under one lock.
func (s *Scheduler) answer(items []*item, out Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range items {
		s.finish(it, out)
	}
}

// runBatch runs one batch and answers its items. After an error the probe decides whether the engine still works: a
// batch that it cannot run must not end the service, an engine that is lost must. It runs without mu: the engine
// takes milliseconds to seconds, and admitting must not wait for it.
//
// A vector that is not finite needs a second look. Texts of one row share one attention matrix, where 0 · NaN is
// NaN, so one text with a broken vector may spoil its neighbours'. Each suspect is run once more alone; then what is
// not finite is its own fault. The depth of this recursion is one, since a batch of one has no other to suspect.
func (s *Scheduler) runBatch(members []*item, b *pack.Batch) {
	began := time.Now()
	flat, err := s.run(b)
	took := time.Since(began)
	if err != nil {
		s.answer(members, Result{Err: fault.New(fault.Unavailable, "the engine could not run the batch: %w", err)})
		s.probe(err)
		return
	}
	var suspects []*item
	s.mu.Lock()
	for slot, it := range members {
		out := s.result(flat, slot)
		if out.Err != nil && len(members) > 1 {
			suspects = append(suspects, it)
			continue
		}
		if out.Err != nil {
			s.stats.NonFinite++
		}
		out.Wait, out.Run, out.Batch = began.Sub(it.entered), took, s.stats.Batches+1
		s.finish(it, out)
	}
	// last is what linger looks at: how many flows this batch served, and how long it took.
	s.last = s.count(b, members, began, took)
	s.mu.Unlock()
	if s.opt.OnBatch != nil {
		s.opt.OnBatch(s.last)
	}
	for _, it := range suspects { // one text whose vector is not finite spoils its whole row: who is to blame?
		if b, err := pack.One([][]int32{it.ids}, s.used.Load().shapes); err != nil {
			s.answer([]*item{it}, Result{Err: err})
		} else {
			s.runBatch([]*item{it}, &b)
		}
	}
}

// result cuts a slot's vector out of a batch's; one that is not finite never leaves. h numbers from slot·h on are
// the slot's: flat is [T, H].
func (s *Scheduler) result(flat []float32, slot int) Result {
	h := s.runner.Dim()
	v := append([]float32(nil), flat[slot*h:(slot+1)*h]...) // the batch's array would live as long as the vector
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return Result{Err: fault.New(fault.Corrupt, "the model's vector is not finite")}
		}
	}
	return Result{Vector: v}
}

// run calls the engine; a panic is an error, and a call that hangs fails the scheduler. A hung call cannot be
// stopped from Go: the goroutine stays in it, everybody who waits is answered, and the program ends
// (docs/EMBEDD.md). The panic's value is left out because it may quote a text.
func (s *Scheduler) run(b *pack.Batch) (flat []float32, err error) {
	if s.opt.RunTimeout > 0 {
		// It fires in a goroutine of its own, while this one is still inside the engine.
		hung := time.AfterFunc(s.opt.RunTimeout, func() {
			s.fail(fault.New(fault.Unavailable, "the engine has not answered for %v", s.opt.RunTimeout))
		})
		defer hung.Stop()
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic of type %T in the engine", r)
		}
	}()
	flat, err = s.runner.Run(context.Background(), b)
	if err == nil && len(flat) != b.Shape.Texts*s.runner.Dim() {
		err = fmt.Errorf("%d numbers for %d slots of %d", len(flat), b.Shape.Texts, s.runner.Dim())
	}
	return flat, err
}

// probe embeds a text that is known to work, and fails the scheduler if that goes wrong too. The probe is a text of
// the self-check, so it ran in every shape before that was used: an engine that cannot run it now has changed
// since.
func (s *Scheduler) probe(cause error) {
	b, err := pack.One([][]int32{s.opt.Probe}, s.used.Load().shapes)
	var flat []float32
	if err == nil {
		flat, err = s.run(&b)
	}
	s.mu.Lock()
	s.stats.EngineErrors++
	if err == nil {
		err = s.result(flat, 0).Err
	}
	s.mu.Unlock()
	if err != nil {
		s.fail(fault.New(fault.Unavailable, "the engine is lost: %w, then %w", cause, err))
	}
}
