package serve

import (
	"time"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// Limits are what is refused before any work is done. Counts are whole numbers from 1 on; bytes are bytes of the
// protobuf message, tokens are counted with the end token.
type Limits struct {
	Texts          int // of a request
	HTTPTexts      int // of a request over HTTP, whose clients know no stream
	HTTPTokens     int // of the same, about
	RequestTokens  int // of a request, after truncation
	RequestBytes   int // of a message
	BytesUnderWay  int // of messages that are being received or worked on
	ReplyBytes     int // of a message
	QueueTokens    int // that wait for the engine
	Calls          int // in progress, streams included
	BulkStreams    int // EmbedStreams that are open
	StreamInFlight int // requests of one EmbedStream that are worked on
	Streams        int // of one connection, calls included
	Connections    int
}

// DefaultLimits fit a machine with a gigabyte to spare: a reply of 256 whole vectors of 1,024 numbers is 1 MiB.
//
//	RequestTokens 65,536 × 2 = QueueTokens       one largest request in the queue leaves room for another
//	RequestBytes 4 MiB × 64 = BytesUnderWay      64 largest messages at once
//	Texts 256 × StreamInFlight 4                 1,024 texts of one stream are worked on at once
//
// HTTP has 2,048 texts and 300,000 tokens, since its clients know no streams and send everything in one request.
func DefaultLimits() Limits {
	return Limits{
		Texts: 256, HTTPTexts: 2048, HTTPTokens: 300_000, RequestTokens: 65536, RequestBytes: 4 << 20,
		BytesUnderWay: 256 << 20, ReplyBytes: 4 << 20, QueueTokens: 131072,
		Calls: 1024, BulkStreams: 64, StreamInFlight: 4, Streams: 256, Connections: 1024,
	}
}

// Validate refuses limits that would contradict each other. Two of them depend on others: a queue or a store of
// bytes that one largest request fills by itself would refuse everybody else for as long as it is there.
func (l Limits) Validate() error {
	// 2³¹−1 is what an int32 of the interface, or a size of grpc-go, can say.
	for _, x := range []struct {
		name string
		n    int
	}{
		{"texts", l.Texts}, {"texts over HTTP", l.HTTPTexts}, {"tokens over HTTP", l.HTTPTokens},
		{"request tokens", l.RequestTokens}, {"request bytes", l.RequestBytes}, {"bytes under way", l.BytesUnderWay},
		{"reply bytes", l.ReplyBytes}, {"queue tokens", l.QueueTokens}, {"calls", l.Calls},
		{"bulk streams", l.BulkStreams}, {"requests of a stream", l.StreamInFlight}, {"streams", l.Streams},
		{"connections", l.Connections},
	} {
		if x.n < 1 || x.n > 1<<31-1 {
			return fault.New(fault.Invalid, "limit of %d %s: want 1 to 2³¹−1", x.n, x.name)
		}
	}
	if l.QueueTokens < 2*l.RequestTokens {
		return fault.New(fault.Invalid, "a queue of %d tokens for requests of up to %d: want at least twice as "+
			"many, so that bulk leaves room for others",
			l.QueueTokens, l.RequestTokens)
	}
	if l.BytesUnderWay < 2*l.RequestBytes {
		return fault.New(fault.Invalid, "%d bytes under way for messages of up to %d: want at least twice as "+
			"many, so that one caller leaves room for others",
			l.BytesUnderWay, l.RequestBytes)
	}
	return nil
}

// validate refuses times under which no call could be answered. Zero means "never" for most of them, but a message
// that has no time to come in can never be read.
func (t Times) validate() error {
	if t.Receive <= 0 {
		return fault.New(fault.Invalid, "%v for a message to come in: want more than 0", t.Receive)
	}
	return nil
}

// proto tells clients what they will be held to, so that they can cut their requests beforehand.
func (l Limits) proto(maxLength int) *hivesv1.Limits {
	return &hivesv1.Limits{
		MaxTexts: uint32(l.Texts), MaxLength: uint32(maxLength), MaxRequestTokens: uint32(l.RequestTokens),
		MaxRequestBytes: uint32(l.RequestBytes), MaxReplyBytes: uint32(l.ReplyBytes),
		MaxQueueTokens: uint32(l.QueueTokens),
		MaxStreams:     uint32(l.Streams), MaxStreamInflight: uint32(l.StreamInFlight),
	}
}

// Times of the life cycle. Zero means "never" or "as long as it takes", but for Receive.
type Times struct {
	Linger     time.Duration // upper bound of a batch's wait for more texts
	RunTimeout time.Duration // after which the engine counts as hung
	SelfCheck  time.Duration // between two checks
	DrainDelay time.Duration // between NOT_SERVING and the end of accepting
	Drain      time.Duration // that requests have to finish in
	Keepalive  time.Duration // silence after which a connection is asked for a sign of life
	// after which a connection is told to end, so that its client looks for servers anew; 0 for never
	Age        time.Duration
	Receive    time.Duration // that the message of a call has to come in
	StreamIdle time.Duration // after which a stream that asks nothing and waits for nothing ends; 0 for never
	Idle       time.Duration // after which a connection without calls is told to end; 0 for never
	AgeGrace   time.Duration // that its calls and streams then have; 0 for as long as they take
}

// DefaultTimes are those of embedd. Age is 0: a fleet behind a balancer sets it, a single server has nothing to
// spread. Linger bounds what a text may wait for company while the engine is busy; an idle engine never waits.
func DefaultTimes() Times {
	return Times{
		Linger: 2 * time.Millisecond, RunTimeout: 2 * time.Minute, SelfCheck: time.Minute,
		Drain: 30 * time.Second, Keepalive: time.Minute, AgeGrace: 10 * time.Minute,
		Receive: 30 * time.Second, StreamIdle: 2 * time.Minute, Idle: 15 * time.Minute,
	}
}
