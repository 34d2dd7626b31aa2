package serve

import (
	"context"
	"net"

	"google.golang.org/grpc/stats"

	"hives/internal/fault"
	"hives/internal/serve/share"
)

// places are what callers share. Of each, one caller gets at most three times what is free: three quarters when
// alone, so that whoever comes next finds room (package share). Before they were there, 150 calls of 64 texts took
// another caller's median to 575 ms; with them it is 14 ms (docs/RELIABILITY.md).
type places struct {
	calls  *share.Pool // in progress, streams included
	probes *share.Pool // health and reflection, so that they find room whatever calls there are
	bulk   *share.Pool // streams
	bytes  *share.Pool // of request messages that are being received or worked on
	turns  *share.Pool // to tokenise: as many as cores
}

// newPlaces makes the pools. Each tells the log when it is full, once. Turns to tokenise have no log line: waiting
// for one is what they are for. Probes have as many places as calls, in a pool of their own.
func (s *Server) newPlaces(l Limits, cores int) places {
	pool := func(limit string, size int) *share.Pool {
		return share.NewPool(size, func(who share.Who) { s.limitReached(limit, size, who.Caller) })
	}
	return places{
		calls: pool("calls", l.Calls), probes: pool("probes", l.Calls), bulk: pool("bulk streams", l.BulkStreams),
		bytes: pool("bytes under way", l.BytesUnderWay), turns: share.NewPool(cores, nil),
	}
}

// limitReached logs once that a limit was reached, and not again until half of it was free: a full server would
// otherwise write a line for every call that it refuses.
func (s *Server) limitReached(limit string, size int, caller string) {
	s.opt.Log.Warn("a limit was reached: this caller had no room", "limit", limit, "size", size, "caller", caller)
}

// Share is how much of a limit is in use, for the figures. The unit is the limit's own: calls, streams or bytes.
type Share struct {
	Limit      string
	Used, Size int
}

// Shares tells of everything that callers share, but for the queue.
func (s *Server) Shares() []Share {
	of := func(limit string, p *share.Pool) Share { return Share{limit, p.Used(), p.Size()} }
	return []Share{
		of("calls", s.places.calls), of("probes", s.places.probes), of("bulk_streams", s.places.bulk),
		of("bytes_under_way", s.places.bytes), of("tokenising", s.places.turns),
	}
}

// enter takes a place for a caller, or refuses. The words tell the caller apart who has had its part from one who
// comes to a full server: the first can help it.
//
//	1,024 places, all in use          "1024 calls are in progress already"
//	48 of 64 in use, all by A         A: "48 … in progress, and what is left of 64 is kept for other callers"
func enter(ctx context.Context, p *share.Pool, reason, what string) (leave func(), err error) {
	place, ok := p.TryEnter(Caller(ctx), 1)
	switch {
	case ok:
		return place.Leave, nil
	case p.Used() < p.Size():
		return nil, Refuse(fault.Exhausted, reason, "%d %s are in progress, and what is left of %d is kept for "+
			"other callers", p.Used(), what, p.Size())
	}
	return nil, Refuse(fault.Exhausted, reason, "%d %s are in progress already", p.Size(), what)
}

// Listen bounds the connections of l, by host, logs when the bound is reached and counts them under a name. Whoever
// serves l tells it which of them are at work.
func (s *Server) Listen(l net.Listener, name string, connections int) *share.Listener {
	bounded := share.Listen(l, connections,
		func(host string) { s.limitReached(name+" connections", connections, "host "+host) })
	s.listeners.Store(name, bounded)
	return bounded
}

// Connections tells of every listener, by name.
func (s *Server) Connections() map[string]share.Connections {
	out := map[string]share.Connections{}
	s.listeners.Range(func(name, l any) bool {
		out[name.(string)] = l.(*share.Listener).Connections()
		return true
	})
	return out
}

// connStats tells the server's listener which connections have calls. An idle connection may be closed for a new
// one (package share), so the listener must know which have calls. grpc-go tells no listener that, but it tells a
// stats handler, with the context of the connection, where TagConn has put the peer's address.
//
//	TagConn     a connection from 10.0.0.7:4711
//	Begin       4711 has a call: it may not be closed for another
//	End         4711 has none: it may
type connStats struct{ s *Server }

type connKey struct{}

// TagConn implements stats.Handler.
func (connStats) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, connKey{}, info.RemoteAddr.String())
}

// TagRPC implements stats.Handler.
func (connStats) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (connStats) HandleConn(context.Context, stats.ConnStats) {}

// HandleRPC implements stats.Handler.
func (c connStats) HandleRPC(ctx context.Context, s stats.RPCStats) {
	address, _ := ctx.Value(connKey{}).(string)
	l := c.s.listener.Load()
	if l == nil {
		return
	}
	switch s.(type) {
	case *stats.Begin:
		l.Began(address)
	case *stats.End:
		l.Ended(address)
	}
}
