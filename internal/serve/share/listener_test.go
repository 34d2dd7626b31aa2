package share

import (
	"fmt"
	"net"
	"slices"
	"testing"
)

// fakeConn is a connection of an address, which notes its end.
type fakeConn struct {
	net.Conn
	address string
	closed  *[]string
}

func (c fakeConn) RemoteAddr() net.Addr { return fakeAddr(c.address) }
func (c fakeConn) Close() error         { *c.closed = append(*c.closed, c.address); return nil }

type fakeAddr string

func (a fakeAddr) Network() string { return "tcp" }
func (a fakeAddr) String() string  { return string(a) }

// fakeListener accepts what it was given.
type fakeListener struct {
	net.Listener
	next chan net.Conn
}

func (l fakeListener) Accept() (net.Conn, error) { return <-l.next, nil }

// rig is a listener that connections come to one by one.
type rig struct {
	*Listener
	closed []string
	told   []string
}

func newRig(size int) *rig {
	r := &rig{}
	r.Listener = Listen(nil, size, func(host string) { r.told = append(r.told, host) })
	return r
}

// come says whether a connection was let in, and notes what was closed for it, as Accept does.
func (r *rig) come(address string) bool {
	c := &conn{Conn: fakeConn{address: address, closed: &r.closed}, l: r.Listener, host: Host(address)}
	victim, ok := r.enter(c)
	if victim != nil {
		victim.Conn.Close()
	}
	return ok
}

func TestIdleConnectionsMakeWay(t *testing.T) {
	r := newRig(8)
	for i := range 6 {
		r.come(fmt.Sprintf("10.0.0.1:%d", i))
	}
	r.Began("10.0.0.1:0") // the oldest is at work
	if !r.come("10.0.0.1:6") || !slices.Equal(r.closed, []string{"10.0.0.1:1"}) {
		t.Errorf("beyond the host's part: closed %v, want its longest idle one", r.closed)
	}
	for i := range 2 { // others find room, and no connection of theirs makes way
		if !r.come(fmt.Sprintf("10.0.0.2:%d", i)) {
			t.Errorf("connection %d of another host was turned away", i)
		}
	}
	if !r.come("10.0.0.3:1") || r.closed[len(r.closed)-1] != "10.0.0.1:2" {
		t.Errorf("all taken: closed %v, want one of the host that has most", r.closed)
	}
	if c := r.Connections(); c.Open != 8 || c.Evicted != 2 || c.Refused != 0 || len(r.told) != 1 {
		t.Errorf("%+v, told of %v", c, r.told)
	}
}

// TestBusyConnectionsStay: where every connection is at work the newcomer is turned away, and at once.
func TestBusyConnectionsStay(t *testing.T) {
	r := newRig(4)
	for i := range 3 {
		address := fmt.Sprintf("10.0.0.1:%d", i)
		r.come(address)
		r.Began(address)
	}
	if r.come("10.0.0.1:9") || len(r.closed) > 0 {
		t.Errorf("a fourth busy connection of a host with room for three: closed %v", r.closed)
	}
	if !r.come("10.0.0.2:1") {
		t.Error("another host found no room")
	}
	r.Ended("10.0.0.1:2")
	if r.come("10.0.0.1:9"); !slices.Contains(r.closed, "10.0.0.1:2") {
		t.Errorf("closed %v, want the one that became idle", r.closed)
	}
	if c := r.Connections(); c.Open != 4 || c.Refused != 1 {
		t.Errorf("%+v", c)
	}
}

// TestAcceptGoesOn: one who is turned away is closed at once, and the next is accepted. Closing twice counts once.
func TestAcceptGoesOn(t *testing.T) {
	var closed []string
	next := make(chan net.Conn, 4)
	l := Listen(fakeListener{next: next}, 4, nil)
	for _, address := range []string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"} {
		next <- fakeConn{address: address, closed: &closed}
		if _, err := l.Accept(); err != nil {
			t.Fatal(err)
		}
		l.Began(address)
	}
	next <- fakeConn{address: "10.0.0.1:4", closed: &closed}
	next <- fakeConn{address: "10.0.0.2:1", closed: &closed}
	c, err := l.Accept()
	if err != nil || c.RemoteAddr().String() != "10.0.0.2:1" || !slices.Equal(closed, []string{"10.0.0.1:4"}) {
		t.Fatalf("accepted %v (%v), closed %v", c.RemoteAddr(), err, closed)
	}
	c.Close()
	c.Close()
	if got := l.Connections(); got.Open != 3 || got.Refused != 1 || l.hosts["10.0.0.2"] != 0 {
		t.Errorf("%+v, hosts %v", got, l.hosts)
	}
}
