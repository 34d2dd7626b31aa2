package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// None is a setting: they guard the transport, whatever is served over it.
const (
	handshake   = 10 * time.Second // for TLS and HTTP/2 to be set up
	pingTimeout = 20 * time.Second // for a sign of life
	fastestPing = 10 * time.Second // between a client's pings; quicker ones end the connection
	lastWords   = 2 * time.Second  // for answers on their way when the engine is lost
)

// Run serves on l until ctx ends: then NOT_SERVING, no new connections, answers to all that was accepted, and nil.
// It returns an error if the model cannot be loaded, also because ctx ended before, or the engine is lost.
//
// What ends in which order, and why:
//
//  1. health NOT_SERVING, streams told to end     nobody sends more, balancers look elsewhere
//  2. gRPC: calls that were accepted are answered  at most --drain-timeout
//  3. companions (HTTP, admin) end                 their calls went through the same engine
//  4. swaps are locked out, the model is freed     nobody uses it any more
//
// Goroutines that it starts end before it returns, but for a hung engine's.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	companions, end := s.companions()
	served := make(chan error, 1)
	bounded := s.Listen(l, "grpc", s.opt.Limits.Connections)
	s.listener.Store(bounded)
	go func() { served <- s.grpc.Serve(bounded) }()
	over := make(chan struct{})
	go s.reap(over)
	defer close(over)
	err := s.live(ctx, served, companions.failed)
	if err != nil {
		s.stop(lastWords)
	} else {
		s.drain()
	}
	end()
	companions.wg.Wait()
	s.swap.Lock() // for good: a swap under way has been told to end, and none begins
	s.retire(nil)
	s.retired.Wait()
	return err
}

// live loads the model and waits for the end. Four things end it: the caller, a lost engine, a listener that fails,
// a companion that fails. Only the first is a success.
func (s *Server) live(ctx context.Context, served, failed <-chan error) error {
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil { // told to end while loading: nothing was accepted, and nothing was served
			return context.Cause(ctx)
		}
		return err
	}
	check, stop := context.WithCancel(ctx)
	defer stop()
	go s.watch(check)
	select {
	case <-ctx.Done():
		return nil
	// Health falls before anything else is done, so that nobody sends more.
	case err := <-s.lost:
		s.setHealth(false)
		s.opt.Log.Error("the engine is lost; ending", "error", err)
		return err
	case err := <-served:
		return fmt.Errorf("serve gRPC: %w", err)
	case err := <-failed:
		return err
	}
}

// drain ends in an order that loses nothing: first the health, so that nobody sends more, then streams, then the
// connections when their calls are answered. DrainDelay is for balancers that poll the health: until they have
// looked again they go on sending, so calls are still accepted.
func (s *Server) drain() {
	began := time.Now()
	s.opt.Log.Info("draining", "calls", s.Calls(), "at_most", s.opt.Times.Drain.String())
	s.health.Shutdown()
	time.Sleep(s.opt.Times.DrainDelay)
	whole := s.stop(s.opt.Times.Drain)
	s.opt.Log.Info("drained", "seconds", time.Since(began).Seconds(), "all_answered", whole)
}

// stop ends the gRPC server, by force after grace. It says whether all calls ended by themselves. After the grace
// everything that is left ends UNAVAILABLE.
func (s *Server) stop(grace time.Duration) bool {
	s.health.Shutdown()
	s.end()
	// GracefulStop has no deadline of its own, so it runs beside a clock; Stop makes it return.
	done := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(grace):
		s.grpc.Stop()
		<-done
		return false
	}
}

// group is the companions and the first error of one. A companion that fails ends the server: a daemon whose HTTP
// has gone would look healthy to gRPC's balancer and dead to everybody else.
type group struct {
	wg     sync.WaitGroup
	failed chan error
}

// companions starts them all. Whoever calls it owes end and then a wait for wg; each may report one failure without
// anybody listening, since the channel has room for all.
func (s *Server) companions() (*group, context.CancelFunc) {
	ctx, end := context.WithCancel(context.Background())
	g := &group{failed: make(chan error, len(s.opt.Companions))}
	for _, c := range s.opt.Companions {
		g.wg.Go(func() {
			if err := c(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
				g.failed <- err
			}
		})
	}
	return g, end
}
