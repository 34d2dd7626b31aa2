package chaos

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"hives/internal/rig/loadtest"
	hivesv1 "hives/proto/hives/v1"
)

// Attack is what one caller does to take more than its part. It goes on until ctx ends. What it tries was found to
// work before embedd shared its limits among callers: docs/RELIABILITY.md has the other caller's times before and
// after.
type Attack struct {
	Name string
	// Run attacks the daemon at addr with calls under a token; embed are calls of the same caller. It calls begun when it
	// has what it wants to hold, or as much as it was given.
	Run     func(ctx context.Context, addr, token string, embed hivesv1.EmbedServiceClient, begun func())
	Streams bool // what is held are streams: another caller asks by one
}

// maxBytes is a little less than a message may have by default (4 MiB), so that it is let in.
const maxBytes = 4<<20 - 4096

// Attacks are floods of work, and ways to hold what others need. The numbers are larger than the limits that they
// are aimed at: 1,100 connections of 1,024, 64 streams of 64, 100 messages of 4 MiB where 256 MiB are kept.
var Attacks = []Attack{
	// The prompt goes before each of 256 texts: tokenised with each, one message of 4 MB would be a gigabyte.
	{"256 texts under a prompt of 4 MB", flood(16, func() *hivesv1.EmbedRequest {
		r := &hivesv1.EmbedRequest{Prompt: strings.Repeat("a promise ", maxBytes/10-512)}
		for i := range 256 {
			r.Texts = append(r.Texts, fmt.Sprint("text ", i))
		}
		return r
	}), false},
	// Byte-level BPE merges within a word: a word of millions of letters is its worst case.
	{"a text of 4 MB without a blank", flood(16, func() *hivesv1.EmbedRequest {
		return &hivesv1.EmbedRequest{Texts: []string{strings.Repeat("abcdefghij", maxBytes/10)}}
	}), false},
	// No trick at all: more work than the engine does, from one caller. No text comes twice, so no cache helps.
	{"150 calls of 64 texts", flood(150, func() *hivesv1.EmbedRequest {
		r := &hivesv1.EmbedRequest{}
		for i := range 64 {
			r.Texts = append(r.Texts, fmt.Sprint("a text that nobody has sent before, number ", i, time.Now().UnixNano()))
		}
		return r
	}), false},
	// Bytes under way: each holds the room of a whole message.
	{"100 messages of 4 MiB, announced and not sent whole", func(ctx context.Context, addr, token string,
		_ hivesv1.EmbedServiceClient, begun func()) {
		time.AfterFunc(time.Second, begun) // what is not sent by then is not let in
		Announced(ctx, addr, token, 1, 100)
	}, false},
	// Connections: more than the daemon takes in all.
	{"1,100 connections that say nothing", func(ctx context.Context, addr, _ string, _ hivesv1.EmbedServiceClient,
		begun func()) {
		for range 1100 {
			if c, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
				defer c.Close()
			}
		}
		begun()
		<-ctx.Done()
	}, false},
	// Bulk streams: as many as it takes in all, and none of them asks anything.
	{"64 streams that say nothing", func(ctx context.Context, _, _ string, embed hivesv1.EmbedServiceClient,
		begun func()) {
		for range 64 {
			_, _ = embed.EmbedStream(ctx) // it ends with ctx, or when the server has had enough
		}
		time.AfterFunc(time.Second/2, begun)
		<-ctx.Done()
	}, true},
}

// flood keeps n calls in progress. A call that is refused is made again at once: whoever attacks does not wait as
// RetryInfo asks.
func flood(n int, request func() *hivesv1.EmbedRequest) func(context.Context, string, string,
	hivesv1.EmbedServiceClient, func()) {
	return func(ctx context.Context, _, _ string, embed hivesv1.EmbedServiceClient, begun func()) {
		var wg sync.WaitGroup
		time.AfterFunc(time.Second, begun)
		for range n {
			wg.Go(func() {
				for ctx.Err() == nil {
					_, _ = embed.Embed(ctx, request()) // whatever it says
				}
			})
		}
		wg.Wait()
	}
}

// Announced sends messages over several connections, each without its last byte, until ctx ends. The length in
// front says that a byte is to come, so the server must keep what it has and wait.
// Five bytes in front (framed), then maxBytes − 1 of maxBytes.
func Announced(ctx context.Context, addr, token string, connections, messages int) {
	var wg sync.WaitGroup
	message := append(binary.BigEndian.AppendUint32([]byte{0}, maxBytes), make([]byte, maxBytes-1)...)
	for range connections {
		// Go's HTTP/2 client wants TLS; this one is told that a plain connection is one.
		transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string,
			_ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		}}
		defer transport.CloseIdleConnections()
		for range messages {
			wg.Go(func() { unfinished(ctx, transport, addr, token, message) })
		}
	}
	wg.Wait()
}

// unfinished sends a message and no end of it. It goes through a plain HTTP/2 client, since gRPC's own sends whole
// messages only.
func unfinished(ctx context.Context, transport *http2.Transport, addr, token string, message []byte) {
	body := io.MultiReader(bytes.NewReader(message), waiting{ctx})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+hivesv1.EmbedService_Embed_FullMethodName,
		body)
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	r.Header.Set("Authorization", "Bearer "+token)
	if reply, err := transport.RoundTrip(r); err == nil {
		reply.Body.Close()
	}
}

// waiting is a reader without a byte until ctx ends.
type waiting struct{ ctx context.Context }

// Read never has a byte: an io.EOF would end the request as if it were whole.
func (w waiting) Read([]byte) (int, error) { <-w.ctx.Done(); return 0, io.ErrUnexpectedEOF }

// Victim is how another caller fares who asks one text after the other. A good server lets it notice an attack by
// its times and by nothing else.
type Victim struct {
	Answered int
	Failed   map[string]int // by error
	Took     []time.Duration
	Free     time.Duration // after the attack's end, until a call was answered
}

// Median is of the answered calls, as P95 is; those that failed are counted in Failed.
func (v Victim) Median() time.Duration { return v.quantile(.5) }

// P95 is the time that 95 of 100 calls keep below.
func (v Victim) P95() time.Duration { return v.quantile(.95) }

// quantile takes the time at rank q·(n − 1), rounded down: of 10 answers the median is the fifth.
func (v Victim) quantile(q float64) time.Duration {
	if len(v.Took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v.Took))
	return sorted[int(q*float64(len(sorted)-1))]
}

// Beside attacks for a while and lets another caller ask one text after the other meanwhile; wrong vectors are an
// error.
//
//	begun     the attacker holds what it wants
//	lasts     the other asks, one text a call, without a pause after an answer
//	the end   how long until a call is answered (Free): what the attack leaves behind
//
// Error: a wrong vector. Refusals and slow answers are the Victim's figures, for the test to judge.
func (a Attack) Beside(ctx context.Context, d *loadtest.Daemon, token string, flooding hivesv1.EmbedServiceClient,
	other loadtest.Embed, known *loadtest.Known, lasts time.Duration, tolerance float64) (Victim, error) {
	attack, end := context.WithCancel(ctx)
	defer end()
	var wg sync.WaitGroup
	// begun may be said more than once, and is meant once.
	begun := make(chan struct{})
	wg.Go(func() { a.Run(attack, d.Addr, token, flooding, sync.OnceFunc(func() { close(begun) })) })
	// It begins to ask only when the attacker has what it wants: before, there is nothing to suffer from.
	v := Victim{Failed: map[string]int{}}
	<-begun
	until := time.Now().Add(lasts)
	// Once at least, however slow the first answer is.
	for i := 0; i == 0 || time.Now().Before(until); i++ {
		if err := v.ask(ctx, other, known, i, tolerance); err != nil {
			return v, err
		}
	}
	end()
	began := time.Now()
	// A minute is the end of patience: Free is then a minute.
	for answered := v.Answered; v.Answered == answered && time.Since(began) < time.Minute; {
		if err := v.ask(ctx, other, known, 0, tolerance); err != nil {
			return v, err
		}
	}
	v.Free = time.Since(began)
	wg.Wait()
	return v, nil
}

// ask makes one call with a patience of 5 s. A refusal is counted and no error of the test: only a wrong vector is.
func (v *Victim) ask(ctx context.Context, embed loadtest.Embed, known *loadtest.Known, i int, tolerance float64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	which, began := []int{i % len(known.Texts)}, time.Now()
	reply, err := embed(ctx, known.Request(which))
	if err != nil {
		v.Failed[errorName(err)]++
		// A refusal comes at once: without a pause the victim would be an attacker itself.
		time.Sleep(10 * time.Millisecond)
		return nil
	}
	v.Answered++
	v.Took = append(v.Took, time.Since(began))
	// "Not at most" and not "more": NaN must count as wrong.
	if d := known.Compare(which, reply); !(d <= tolerance) {
		return fmt.Errorf("a vector beside the attack differs by %g", d)
	}
	return nil
}

// errorName is what errors are counted by, short enough for a table.
func errorName(err error) string {
	words := err.Error()
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(words, "DeadlineExceeded") {
		return "no answer in 5 s"
	}
	return words[:min(len(words), 120)]
}

// Metadata sends a call with size bytes of metadata on a connection on which another call is under way, and says
// whether that one was answered.
//
//	stream 1     headers, all of its message but the last byte
//	stream 3     headers with size bytes of metadata
//	stream 1     the last byte; now it must be answered
//
// HTTP/2 itself would end the connection for headers that are too large, and stream 1 with it.
func Metadata(addr, token string, size int) error {
	c, err := net.DialTimeout("tcp", addr, replyTimeout)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(replyTimeout))
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return err
	}
	framer := http2.NewFramer(c, c)
	// 4,096 bytes is the table that HTTP/2 begins with on both sides.
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := framer.WriteSettings(); err != nil {
		return err
	}
	request, err := framed(&hivesv1.EmbedRequest{Texts: []string{"beside"}})
	if err != nil {
		return err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	open := func(id uint32, extra string) error {
		block.Reset()
		for _, h := range [][2]string{
			{":method", "POST"}, {":scheme", "http"}, {":path", hivesv1.EmbedService_Embed_FullMethodName}, {":authority", "x"},
			{"content-type", "application/grpc"}, {"te", "trailers"}, {"authorization", "Bearer " + token}, {"x-extra", extra},
		} {
			if err := encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}); err != nil {
				return err
			}
		}
		return headers(framer, id, block.Bytes())
	}
	if err := open(1, "small"); err != nil {
		return err
	}
	if err := framer.WriteData(1, false, request[:len(request)-1]); err != nil {
		return err
	}
	if err := open(3, strings.Repeat("m", size)); err != nil {
		return err
	}
	if err := framer.WriteData(1, true, request[len(request)-1:]); err != nil {
		return err
	}
	return answered(framer, 1)
}

// headers writes a block in as many frames as it takes: a frame has at most 16 KiB unless the peer allows more, so
// what is beyond goes into continuations.
func headers(framer *http2.Framer, id uint32, block []byte) error {
	const most = 16 << 10
	n := min(most, len(block))
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block[:n],
		EndHeaders: n == len(block)}); err != nil {
		return err
	}
	for block = block[n:]; len(block) > 0; block = block[n:] {
		n = min(most, len(block))
		if err := framer.WriteContinuation(id, n == len(block), block[:n]); err != nil {
			return err
		}
	}
	return nil
}

// answered reads until a stream has ended with status OK.
// Other streams' frames pass by. gRPC's status is in the trailers, the last headers of a stream; "0" is OK.
func answered(framer *http2.Framer, id uint32) error {
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return fmt.Errorf("the connection ended: %w", err)
		}
		if h, ok := frame.(*http2.MetaHeadersFrame); ok && h.StreamID == id && h.StreamEnded() {
			for _, f := range h.Fields {
				if f.Name == "grpc-status" && f.Value != "0" {
					return fmt.Errorf("the call ended with status %s", f.Value)
				}
			}
			return nil
		}
	}
}
