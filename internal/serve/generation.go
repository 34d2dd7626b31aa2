package serve

import (
	"context"
	"fmt"
	"time"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	"hives/pack"
)

// start makes the first generation and says SERVING as soon as any text can be embedded: in single rows. The other
// shapes are compiled behind that (grow). It holds the swap's lock: a SIGHUP that comes while the first
// model loads is told SWAPPING, and not taken for a second load.
func (s *Server) start(ctx context.Context) error {
	s.swap.Lock()
	defer s.swap.Unlock()
	for _, begin := range s.opt.Begin {
		if err := begin(ctx); err != nil {
			return err
		}
	}
	if s.opt.Load != nil {
		g, err := s.generation(ctx, few)
		if err != nil {
			return err
		}
		s.retire(g)
		g.users.Add(1) // weights are not freed under the compiler
		go func() {
			defer g.users.Done()
			s.grow(g)
		}()
	}
	s.setHealth(true)
	close(s.ready)
	return nil
}

// Swap loads and compiles another generation while the present one serves, and switches to it: model and value
// vectors together. Nobody waits for it, so every shape is compiled and checked before the switch. Whatever goes
// wrong, the present one stays. One swap at a time.
//
// Both models are in memory meanwhile: a machine must hold twice the weights to swap (docs/EMBEDD.md). Health is set
// to SERVING afterwards because the old model may have failed its self-checks, which is one reason to load another.
func (s *Server) Swap(ctx context.Context) error {
	if s.opt.Load == nil {
		return Refuse(fault.NotFound, "NO_EMBEDDER", "there is no model to replace: the server was started without --model")
	}
	if !s.swap.TryLock() {
		return Refuse(fault.Unavailable, "SWAPPING", "the model is being loaded already")
	}
	defer s.swap.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.over, cancel)() // a server that ends wants no other model
	g, err := s.generation(ctx, all)
	s.opt.Observe.swapped(err)
	if err != nil {
		s.opt.Log.Error("the model was not replaced", "error", err)
		return err
	}
	s.retire(g)
	s.setHealth(true)
	s.opt.Log.Info("the model was replaced", "model", g.Version.Name, "weights", g.Version.WeightsSha256)
	return nil
}

// generation loads a model, compiles those shapes that choose picks and checks that it embeds. On error the model
// is closed here; on success it belongs to the generation, which retire closes. The steps are in the order of what
// they cost and what they may find: load, compile, check, and only then is there a queue.
//
//	load      seconds of reading; finds damaged files, weights of another shape
//	compile   seconds a shape; finds what the engine cannot build
//	check     a few batches a shape; finds what the engine builds wrong
//	queue     nothing; from here on there is an engine goroutine to end
func (s *Server) generation(ctx context.Context, choose func([]pack.Shape) []pack.Shape) (_ *Generation, err error) {
	began := time.Now()
	s.opt.Log.Info("loading the model")
	m, err := s.opt.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the model: %w", err)
	}
	g := &Generation{Model: m, observe: s.opt.Observe, turns: s.places.turns, admit: s.opt.Admit}
	g.life, g.over = context.WithCancel(context.Background())
	// err is the named result: any of the returns below closes the model.
	defer func() {
		if err != nil {
			g.over()
			m.Close()
		}
	}()
	loaded := time.Since(began)
	shapes := choose(m.Runner.Shapes())
	if err := g.compileAll(ctx, s, shapes); err != nil {
		return nil, err
	}
	s.opt.Log.Info("checking itself on known texts")
	if g.check, err = newSelfCheck(ctx, m, shapes); err != nil {
		return nil, err
	}
	// The probe is the shortest of the known texts: it fits every shape.
	g.sched, err = schedule.New(m.Runner, schedule.Options{
		MaxTokens: s.opt.Limits.QueueTokens, CacheTexts: s.opt.CacheTexts, MaxLinger: s.opt.Times.Linger,
		RunTimeout: s.opt.Times.RunTimeout, Probe: g.check.texts[0], OnBatch: s.opt.OnBatch, Shapes: shapes,
	})
	if err != nil {
		return nil, err
	}
	s.opt.Log.Info("ready", "model", m.Version.Name, "weights", m.Version.WeightsSha256, "engine", m.Version.Engine,
		"precision", m.Version.Precision, "max_length", m.MaxLength, "positions", m.Positions, "shapes",
		len(shapes), "load_seconds", loaded.Seconds(),
		"compile_seconds", g.CompileTime().Seconds(), "largest_difference_between_shapes", g.check.across)
	for _, warning := range m.Warnings {
		s.opt.Log.Warn(warning, "model", m.Version.Name)
	}
	return g, nil
}

// retire puts next (nil at the end) into the place of the present generation, which ends when its last request
// has its answer.
//
// Three kinds of goroutine start here. One guards the next engine, one gives its memory back when it rests; one, for
// the old generation, waits for users
// (requests that acquired it), ends its scheduler, and frees its weights. Run waits for the latter through retired.
//
// Invariant: a generation's weights are freed after its last release, and never under a running engine
// (TestSwapUnderLoadFailsNothing).
//
//	current A, 3 requests in it
//	Swap            current B; A has 3 users and gets no more
//	2 answered      A has 1 user
//	the last one    A's scheduler ends, A's weights are freed
func (s *Server) retire(next *Generation) {
	s.mu.Lock()
	old := s.current
	s.current = next
	s.mu.Unlock()
	if next != nil {
		go s.guard(next)
		go next.tidy()
	}
	if old == nil {
		return
	}
	old.over()
	s.retired.Go(func() {
		old.users.Wait()
		old.sched.Close()
		if old.sched.Err() == nil { // an engine that hangs still reads its weights
			old.Close()
		}
	})
}

// guard reports the loss of a generation's engine. It ends with the scheduler. lost has room for one reason, which
// is all that live reads: a second loss is dropped rather than waited for.
func (s *Server) guard(g *Generation) {
	select {
	case <-g.sched.Failed():
		select {
		case s.lost <- g.sched.Err():
		default:
		}
	case <-g.sched.Stopped():
	}
}
