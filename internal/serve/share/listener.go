package share

import (
	"net"
	"sync"
)

// Listener bounds the connections of another.
type Listener struct {
	net.Listener
	size   int
	onFull func(host string)

	mu      sync.Mutex
	conns   map[string]*conn // by the peer's address
	hosts   map[string]int   // connections by host
	clock   uint64           // counts what happens to connections
	full    bool
	refused uint64
	evicted uint64
}

// conn is one connection.
type conn struct {
	net.Conn
	l     *Listener
	host  string
	calls int
	since uint64 // on the listener's clock: when it became idle
}

// Listen bounds l to size connections. onFull, which may be nil, is told of the first host that finds no room, and not
// again until half of the connections have gone.
func Listen(l net.Listener, size int, onFull func(host string)) *Listener {
	return &Listener{Listener: l, size: size, onFull: onFull, conns: map[string]*conn{}, hosts: map[string]int{}}
}

// Connections is what a listener has, and what it did for want of room.
type Connections struct {
	Open, Max        int
	Refused, Evicted uint64 // since the start: newcomers, and idle ones that made way
}

// Connections tells of now.
func (l *Listener) Connections() Connections {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Connections{Open: len(l.conns), Max: l.size, Refused: l.refused, Evicted: l.evicted}
}

// Host is the part of an address that all connections of one machine have.
func Host(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// Accept returns the next connection that there is room for. It never waits for room: the others are closed. The
// server's accepting goroutine is the only caller; one that is turned away costs it a close and nothing more.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		next, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: next, l: l, host: Host(next.RemoteAddr().String())}
		victim, ok := l.enter(c)
		if victim != nil {
			victim.Conn.Close()
		}
		if ok {
			return c, nil
		}
		next.Close()
	}
}

// enter counts a connection in, and another one out if it must make way. Where there is no room for it, or its host
// has its part, the longest idle connection makes way; a connection that has calls never does. So who opens a
// thousand connections and says nothing shuts out nobody: 1,100 of them left another caller's calls at a median of
// 1.1 ms, where before there was no answer (docs/RELIABILITY.md).
//
// Invariant: never more than size connections are open, and none with a call under way is closed for another
// (TestIdleConnectionsMakeWay, TestBusyConnectionsStay).
func (l *Listener) enter(c *conn) (victim *conn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := l.size - len(l.conns)
	if free < 1 || l.hosts[c.host] > 0 && l.hosts[c.host]+1 > largestPart*free {
		if !l.full && l.onFull != nil {
			l.onFull(c.host)
		}
		l.full = true
		if victim = l.idlest(c.host, free < 1); victim == nil {
			l.refused++
			return nil, false
		}
		l.evicted++
		l.remove(victim)
	}
	l.clock++
	c.since = l.clock
	l.conns[c.RemoteAddr().String()] = c
	l.hosts[c.host]++
	return victim, true
}

// idlest is the connection that has been idle for longest, of the host that has most connections among those that
// have idle ones; of host itself unless any will do. It is nil where none is idle. It looks at all of them, a
// thousand at most, and only where there is no room.
func (l *Listener) idlest(host string, any bool) (found *conn) {
	for _, c := range l.conns {
		switch {
		case c.calls > 0 || !any && c.host != host:
		case found == nil, l.hosts[c.host] > l.hosts[found.host],
			l.hosts[c.host] == l.hosts[found.host] && c.since < found.since:
			found = c
		}
	}
	return found
}

// remove forgets a connection. The caller holds mu. Closing twice, or closing after having made way, finds another
// connection or none under the address.
func (l *Listener) remove(c *conn) {
	address := c.RemoteAddr().String()
	if l.conns[address] != c {
		return
	}
	delete(l.conns, address)
	if l.hosts[c.host]--; l.hosts[c.host] == 0 {
		delete(l.hosts, c.host)
	}
	l.full = l.full && 2*len(l.conns) > l.size
}

// Close ends the connection and makes room.
func (c *conn) Close() error {
	c.l.mu.Lock()
	c.l.remove(c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// Began notes that the connection of a peer has a call more, Ended that it has one less. A peer that the listener does
// not know is passed over.
func (l *Listener) Began(peer string) { l.count(peer, 1) }

// Ended is the opposite of Began.
func (l *Listener) Ended(peer string) { l.count(peer, -1) }

// count keeps since at the moment at which the connection became idle. The clock counts events, not seconds: only
// the order matters, and a test needs no time.
func (l *Listener) count(peer string, by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.conns[peer]
	if c == nil {
		return
	}
	if c.calls += by; c.calls == 0 {
		l.clock++
		c.since = l.clock
	}
}
