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

// Abuse is a way to hold or leave a connection.
type Abuse struct {
	Name string
	do   func(conn net.Conn, random *rand.Rand, request []byte) error
}

// Abuses are all of them but those that need a stream's client.
var Abuses = []Abuse{
	{"says nothing", func(net.Conn, *rand.Rand, []byte) error { return nil }},
	{"half a preface", func(c net.Conn, _ *rand.Rand, _ []byte) error {
		_, err := io.WriteString(c, http2.ClientPreface[:11])
		return err
	}},
	{"noise", func(c net.Conn, r *rand.Rand, _ []byte) error {
		_, err := c.Write(append([]byte(http2.ClientPreface), noise(r, 500)...))
		return err
	}},
	{"half a request", func(c net.Conn, _ *rand.Rand, request []byte) error {
		return call(c, request[:len(request)/2], false)
	}},
	{"never reads", func(c net.Conn, _ *rand.Rand, request []byte) error { return call(c, request, true) }},
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

// callsEach is how often a connection that never reads asks.
const callsEach = 20

// call writes Embed calls to a connection and reads nothing of what comes back. The window for answers is 0 bytes,
// so they stay with the server.
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
	for n := range callsEach {
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
func framed(m proto.Message) ([]byte, error) {
	raw, err := proto.Marshal(m)
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(raw))), raw...), err
}

// Hold opens n connections of an abuse. They stay until release.
func (a Abuse) Hold(addr string, n int, seed uint64, texts []string) (release func(), err error) {
	request, err := framed(&hivesv1.EmbedRequest{Texts: texts})
	if err != nil {
		return nil, err
	}
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

// Mute opens n EmbedStreams that send until nothing more is taken, and never read. They stay until ctx ends.
func Mute(ctx context.Context, embed hivesv1.EmbedServiceClient, n int, texts []string) error {
	for range n {
		stream, err := embed.EmbedStream(ctx)
		if err != nil {
			return fmt.Errorf("open a stream: %w", err)
		}
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
func Cancelled(ctx context.Context, known *loadtest.Known, embed loadtest.Embed, n int, within time.Duration,
	seed uint64, tolerance float64) error {
	random := rand.New(rand.NewPCG(seed, 5))
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

// Connect opens a plain connection to a daemon.
func Connect(addr string, options ...grpc.DialOption) (*grpc.ClientConn, hivesv1.EmbedServiceClient, error) {
	conn, err := grpc.NewClient(addr, append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())},
		options...)...)
	if err != nil {
		return nil, nil, err
	}
	return conn, hivesv1.NewEmbedServiceClient(conn), nil
}
