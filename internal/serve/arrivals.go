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
//
// What it is for: a message holds room in "bytes under way" from its announcement on. A client that announces 4 MB
// and sends nothing would hold its share until --receive-timeout (30 s); 64 such clients hold all there is. So as
// long as somebody waits for room, those that have had graceToArrive and are not whole yet are ended, the oldest
// first. With nobody waiting a slow client may be slow.
type arrivals struct {
	mu    sync.Mutex
	calls list.List // of *arrival
}

// arrival is one call whose message is still on its way. ended tells the server's own end from a client that went
// away, which the error of a broken stream does not.
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

// add notes a call whose message is awaited from now on. Whoever adds owes a remove, whatever became of the call;
// stop ends the call and may be called more than once. New ones go to the back, so the list is in the order of
// beginning without any sorting.
func (s *arrivals) add(stop func()) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &arrival{since: time.Now(), stop: stop}
	a.at = s.calls.PushBack(a)
	return a
}

// remove takes a call off the list; its place in the list was kept, so nothing is searched.
func (s *arrivals) remove(a *arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.Remove(a.at)
}

// makeWay ends up to n calls that have had their time. The list is in the order of beginning, so the first that is
// too young ends the search.
//
// Invariant: a call younger than graceToArrive is never ended here, and calls that the server ended already do not
// count towards n (TestSlowMessagesMakeWay).
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

// reap makes way for those who wait for room to receive, until over is closed. It runs for as long as Run does. A
// quarter of the grace is how much later than due a call may be ended.
//
//	0 ms      A announces 4 MB and sends nothing; there is room
//	100 ms    nobody waits: A may take its 30 s
//	900 ms    B waits for room; A is younger than the grace
//	1,000 ms  A has had its second and ends with SLOW_MESSAGE; B gets the room
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
