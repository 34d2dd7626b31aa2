package serve

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"
)

// graceToArrive is how long a message may take to come in whatever else is waiting. Where there is no room for others,
// calls whose messages take longer end, those that began first.
const graceToArrive = time.Second

// arrivals are calls whose message is being received, in the order of their beginning.
type arrivals struct {
	mu    sync.Mutex
	calls list.List // of *arrival
}

type arrival struct {
	at    *list.Element
	since time.Time
	stop  func()
	ended atomic.Bool // by the server
}

// end ends the call.
func (a *arrival) end() {
	a.ended.Store(true)
	a.stop()
}

// reason is why a message did not come, err unless the server ended the call.
func (a *arrival) reason(err error) error {
	if a.ended.Load() {
		return errSlow
	}
	return err
}

func (s *arrivals) add(stop func()) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &arrival{since: time.Now(), stop: stop}
	a.at = s.calls.PushBack(a)
	return a
}

func (s *arrivals) remove(a *arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.Remove(a.at)
}

// makeWay ends up to n calls that have had their time.
func (s *arrivals) makeWay(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.calls.Front(); e != nil && n > 0; e = e.Next() {
		a := e.Value.(*arrival)
		if time.Since(a.since) < graceToArrive {
			return
		}
		if !a.ended.Load() {
			a.end()
			n--
		}
	}
}

// reap makes way for those who wait for room to receive, until over is closed.
func (s *Server) reap(over <-chan struct{}) {
	tick := time.NewTicker(graceToArrive / 4)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.arrivals.makeWay(s.places.bytes.Waiting())
		case <-over:
			return
		}
	}
}
