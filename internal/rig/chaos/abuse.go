package chaos

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hives/internal/rig/loadtest"
	hivesv1 "hives/proto/hives/v1"
)

// Abuse is a way to hold or leave a connection. do gets a connection that is open and the bytes of one good
// request; its error is a connection that the server has closed meanwhile, and is not looked at.
type Abuse struct {
	Name string
	do   func(conn net.Conn, random *rand.Rand, request []byte) error
}

// Abuses are all of them but those that need a stream's client. Each is a client that one meets: a port scanner, a
// load balancer that opens and forgets, a program that hangs, one whose machine loses its power.
var Abuses = []Abuse{
	// A port scanner, or a balancer that keeps connections ready. The handshake's timeout ends it.
	{"says nothing", func(net.Conn, *rand.Rand, []byte) error { return nil }},
	// A client that died while it connected: 11 of the preface's 24 bytes.
	{"half a preface", func(c net.Conn, _ *rand.Rand, _ []byte) error {
		_, err := io.WriteString(c, http2.ClientPreface[:11])
		return err
	}},
	// Frames that are none: their first bytes are a length, which may ask for 16 MB to come.
	{"noise", func(c net.Conn, r *rand.Rand, _ []byte) error {
		_, err := c.Write(append([]byte(http2.ClientPreface), noise(r, 500)...))
		return err
	}},
	// The message's length is announced and half of it sent: room is kept for the rest.
	{"half a request", func(c net.Conn, _ *rand.Rand, request []byte) error {
		return call(c, request[:len(request)/2], false)
	}},
	// Answers are computed and cannot leave.
	{"never reads", func(c net.Conn, _ *rand.Rand, request []byte) error { return call(c, request, true) }},
	// What is computed for it is for nobody: it should leave the queue.
	{"asks and goes", func(c net.Conn, _ *rand.Rand, request []byte) error {
		if err := call(c, request, true); err != nil {
			return err
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset instead of a farewell
		}
		return c.Close()
	}},
}

// callsEach is how often a connection that never reads asks. Each call's answer stays with the server, so it is its
// memory that is tried.
const callsEach = 20

// call writes Embed calls to a connection and reads nothing of what comes back. The window for answers is 0 bytes,
// so they stay with the server.
//
// body is a framed message, or part of one; whole ends each call's stream, so that the server may answer. It is
// HTTP/2 by hand, since no client would do this: a preface, settings, then for each call its headers and its data.
func call(c net.Conn, body []byte, whole bool) error {
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return err
	}
	framer := http2.NewFramer(c, c)
	if err := framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		return err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	// Streams of a client have odd numbers: 1, 3, 5, …
	for n := range callsEach {
		// The table of the encoder goes on from call to call, as HTTP/2 compresses headers by what was sent before.
		block.Reset()
		for _, h := range [][2]string{
			{":method", "POST"}, {":scheme", "http"}, {":path", hivesv1.EmbedService_Embed_FullMethodName},
			{":authority", "abuse"}, {"content-type", "application/grpc"}, {"te", "trailers"},
		} {
			if err := encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}); err != nil {
				return err
			}
		}
		id := uint32(2*n + 1)
		if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(),
			EndHeaders: true}); err != nil {
			return err
		}
		if err := framer.WriteData(id, whole, body); err != nil {
			return err
		}
	}
	return nil
}

// framed puts gRPC's five bytes before a message.
// They are a byte for "not compressed" and the length in four, the highest first.
func framed(m proto.Message) ([]byte, error) {
	raw, err := proto.Marshal(m)
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(raw))), raw...), err
}

// Hold opens n connections of an abuse. They stay until release.
//
// The error is that of a connection that could not be opened: a daemon that is alive takes them, also where it
// closes them soon after.
func (a Abuse) Hold(addr string, n int, seed uint64, texts []string) (release func(), err error) {
	request, err := framed(&hivesv1.EmbedRequest{Texts: texts})
	if err != nil {
		return nil, err
	}
	// The second number keeps the generators of this package apart: the same seed gives each of them other draws.
	random := rand.New(rand.NewPCG(seed, 4))
	var open []net.Conn
	release = func() {
		for _, c := range open {
			c.Close()
		}
	}
	for range n {
		c, err := net.DialTimeout("tcp", addr, replyTimeout)
		if err != nil {
			release()
			return nil, fmt.Errorf("%s: connect: %w", a.Name, err)
		}
		open = append(open, c)
		// The server may have had enough and hung up in the middle; that is its right.
		_ = c.SetWriteDeadline(time.Now().Add(5 * time.Second))
		_ = a.do(c, random, request)
	}
	return release, nil
}

// Mute opens n EmbedStreams that send until nothing more is taken, and never read. They stay until ctx ends. What
// the daemon owes here: its memory stays bounded, since it reads no more than it may answer.
func Mute(ctx context.Context, embed hivesv1.EmbedServiceClient, n int, texts []string) error {
	for range n {
		stream, err := embed.EmbedStream(ctx)
		if err != nil {
			return fmt.Errorf("open a stream: %w", err)
		}
		// Tags count up, so that each message is another request: it cannot be joined with one that waits.
		go func() { // Send blocks once flow control has filled, until ctx ends
			for tag := uint64(0); stream.Send(&hivesv1.EmbedStreamRequest{Tag: tag,
				Request: &hivesv1.EmbedRequest{Texts: texts}}) == nil; tag++ {
			}
		}()
	}
	return nil
}

// Cancelled starts n calls and cancels each at a random moment, at most within after. It returns an error if one
// ends otherwise than answered right or cancelled.
//
// embed is one client's, so all calls are on its connection: a cancelled call must not take its neighbours along.
// RESOURCE_EXHAUSTED is right too: so many at once may be more than the daemon takes.
func Cancelled(ctx context.Context, known *loadtest.Known, embed loadtest.Embed, n int, within time.Duration,
	seed uint64, tolerance float64) error {
	random := rand.New(rand.NewPCG(seed, 5))
	// Room for all: nobody reads before the last has ended.
	errs := make(chan error, n)
	var wg sync.WaitGroup
	for range n {
		which, at := known.Draw(random, 0), time.Duration(random.Int64N(int64(within)))
		wg.Go(func() {
			c, cancel := context.WithCancel(ctx)
			defer cancel()
			defer time.AfterFunc(at, cancel).Stop()
			r, err := embed(c, known.Request(which))
			switch status.Code(err) {
			case codes.OK:
				if d := known.Compare(which, r); !(d <= tolerance) {
					errs <- fmt.Errorf("a vector among cancelled calls differs by %g", d)
				}
			case codes.Canceled, codes.ResourceExhausted:
			default:
				errs <- fmt.Errorf("a cancelled call: %w", err)
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// Connect opens a plain connection to a daemon: one connection and no retries, unlike package client, which would
// hide what happens to it. Its caller owes a Close.
func Connect(addr string, options ...grpc.DialOption) (*grpc.ClientConn, hivesv1.EmbedServiceClient, error) {
	conn, err := grpc.NewClient(addr, append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())},
		options...)...)
	if err != nil {
		return nil, nil, err
	}
	return conn, hivesv1.NewEmbedServiceClient(conn), nil
}
