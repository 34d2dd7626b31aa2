package schedule

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hives/internal/fault"
	"hives/internal/serve/share"
	"hives/pack"
)

// Runner is an engine with a model.
type Runner interface {
	// Shapes are the batches it can take, the cheapest first. Each is compiled before its first Run.
	Shapes() []pack.Shape
	// Compile may be called for several shapes at once.
	Compile(ctx context.Context, shape pack.Shape) error
	// Run returns T·H numbers: a raw vector, not divided by its norm, for each slot. The engine goroutine calls it,
	// and whoever checks a new shape: a second call waits for the first.
	Run(ctx context.Context, b *pack.Batch) ([]float32, error)
	// Dim is H.
	Dim() int
	// Attention is the row length at which attention costs as much as the rest.
	Attention() float64
}

// Key tells texts apart: equal keys have equal vectors. It covers all that a vector follows from
// (serve.Generation.keyer): a key that left something out would hand one text another's vector.
type Key [sha256.Size]byte

// Text is one text to embed.
type Text struct {
	Key   Key
	IDs   []int32
	Fresh bool // not cached; with a key of its own it is computed whatever is known
}

// Result is one text's raw vector. It is shared with other requests: nobody may change it.
type Result struct {
	Vector []float32     // [H]
	Err    error         // why there is none
	Wait   time.Duration // between entering and the engine, the item's own
	Run    time.Duration // of the batch
	Batch  uint64        // number of the batch, from 1; 0 if cached
}

// Options of a scheduler.
type Options struct {
	MaxTokens  int           // that may wait for the engine
	CacheTexts int           // vectors kept; 0 keeps none
	MaxLinger  time.Duration // upper bound of a batch's wait for more
	RunTimeout time.Duration // after which a batch counts as hung; 0 waits forever
	Probe      []int32       // ids of a text that the engine must be able to embed
	Shapes     []pack.Shape  // of the runner's, those that batches are made in until Use; nil for all
	OnBatch    func(Batch)   // called from the engine goroutine after each batch; may be nil
}

// Scheduler owns the engine goroutine of one model. Three parties touch it: request goroutines (Admit, Embed,
// Release), the engine goroutine (loop) and whoever closes it. mu guards the fields below it; last belongs to the
// engine goroutine.
//
// Tokens are counted thrice over. A ticket of 100 tokens raises held by 100. When its texts turn out to have 80,
// held falls to 80 and waiting rises by 80. When the engine takes them both fall by 80:
//
//	Admit(100)   held 100   waiting  0
//	Embed(80)    held  80   waiting 80
//	taken        held   0   waiting  0
//
// Invariant: when no ticket is out and nothing waits, held, heldBy, heldOver and waiting are all empty
// (TestRemaindersGoBack, TestCancelledTextsFreeTheBound).
type Scheduler struct {
	runner Runner
	opt    Options
	used   atomic.Pointer[used]

	mu       sync.Mutex
	queue    queue
	inFlight map[Key]*item
	cache    *lru.Cache[Key, []float32] // nil for none
	waiting  int                        // tokens of items that wait
	held     int                        // these, and tokens of tickets
	heldBy   map[string]int             // the same by caller
	heldOver map[share.Who]int          // the same by connection
	room     chan struct{}              // closed and replaced when held falls
	closing  bool
	err      error // set once failed is closed
	stats    Stats

	wake    chan struct{} // something was pushed, or closing was set
	failed  chan struct{}
	stopped chan struct{} // closed when the engine goroutine has ended
	last    Batch         // of the engine goroutine alone
}

// used are the shapes that batches are made in. The largest is a full batch: what linger waits for, and what a window
// is counted in.
type used struct {
	shapes        []pack.Shape
	tokens, texts int // of the largest
}

// Use makes batches in these shapes from the next batch on. They are compiled and checked, the cheapest stands first,
// and one of them holds the longest text.
func (s *Scheduler) Use(shapes []pack.Shape) {
	u := &used{shapes: shapes}
	for _, shape := range shapes {
		if shape.Tokens() > u.tokens {
			u.tokens, u.texts = shape.Tokens(), shape.Texts
		}
	}
	s.used.Store(u)
}

// Shapes is the number of shapes in use.
func (s *Scheduler) Shapes() int { return len(s.used.Load().shapes) }

// New makes a scheduler over a runner whose shapes, or those of the options, are compiled, and starts its engine
// goroutine. Whoever makes it owes Close, which ends that goroutine.
func New(r Runner, o Options) (*Scheduler, error) {
	s := &Scheduler{
		runner: r, opt: o, queue: newQueue(), inFlight: map[Key]*item{}, heldBy: map[string]int{},
		heldOver: map[share.Who]int{},
		room:     make(chan struct{}), wake: make(chan struct{}, 1), failed: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	if o.Shapes == nil {
		o.Shapes = r.Shapes()
	}
	s.Use(o.Shapes)
	if s.used.Load().tokens == 0 || o.MaxTokens < 1 || len(o.Probe) == 0 {
		return nil, fault.New(fault.Invalid, "scheduler: %d shapes, room for %d tokens, a probe of %d ids: want 1 "+
			"or more of each", len(o.Shapes), o.MaxTokens, len(o.Probe))
	}
	if o.CacheTexts > 0 {
		var err error
		if s.cache, err = lru.New[Key, []float32](o.CacheTexts); err != nil {
			return nil, err
		}
	}
	go s.loop()
	return s, nil
}

// Failed is closed when the engine can no longer be used; Err says why.
func (s *Scheduler) Failed() <-chan struct{} { return s.failed }

// Err is the reason of Failed, nil while the engine works.
func (s *Scheduler) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close lets everything admitted finish and ends the engine goroutine. Admit refuses from now on. An engine that
// hangs is not waited for. Tickets that are out when it is called may still be used: room was promised to them. The
// goroutine therefore ends when the last of them is used or given back.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.nudge()
	select {
	case <-s.stopped:
	case <-s.failed:
	}
}

// nudge wakes the engine goroutine. It never blocks: one signal that waits already says all that a second would.
func (s *Scheduler) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// hold takes queue room, release gives it back. Who calls them holds mu. Entries that come to 0 are removed: callers
// without tokens are told apart by address, and there is no end of addresses.
func (s *Scheduler) hold(who share.Who, tokens int) {
	s.held += tokens
	if s.heldBy[who.Caller] += tokens; s.heldBy[who.Caller] == 0 {
		delete(s.heldBy, who.Caller)
	}
	if s.heldOver[who] += tokens; s.heldOver[who] == 0 {
		delete(s.heldOver, who)
	}
}

// Every bulk request that waits for room is woken, by closing the channel that they wait on; those that find none
// wait on the next. While closing, the engine goroutine wants to know too: this may have been the last ticket.
func (s *Scheduler) release(who share.Who, tokens int) {
	if tokens <= 0 {
		return
	}
	s.hold(who, -tokens)
	close(s.room)
	s.room = make(chan struct{})
	if s.closing {
		s.nudge()
	}
}

// unqueue counts an item off that no longer waits. The caller holds mu.
func (s *Scheduler) unqueue(it *item) {
	s.waiting -= len(it.ids)
	s.release(it.who, len(it.ids))
}

// forget takes it out of the texts in flight. The caller holds mu. The comparison matters for a text that was
// dropped and asked for again: the key then belongs to a new item.
func (s *Scheduler) forget(it *item) {
	if s.inFlight[it.key] == it {
		delete(s.inFlight, it.key)
	}
}

// fail ends all that waits. Only the first reason counts. A batch that hangs still has its items in inFlight, as
// running, so those who wait for it are answered too.
func (s *Scheduler) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	close(s.failed)
	for _, it := range s.inFlight {
		s.finish(it, Result{Err: err})
	}
	s.nudge()
}

// finish answers everybody who waits for it. The caller holds mu. A second answer is passed over: after a hung batch
// was given up it may still come back.
func (s *Scheduler) finish(it *item, out Result) {
	if it.state == done || it.state == dropped {
		return
	}
	if it.state == waiting {
		s.unqueue(it)
	}
	it.state, it.out = done, out
	s.forget(it)
	if s.cache != nil && out.Err == nil && !it.fresh {
		s.cache.Add(it.key, out.Vector)
	}
	close(it.closed)
}

// Stopped is closed when the engine goroutine has ended.
func (s *Scheduler) Stopped() <-chan struct{} { return s.stopped }
