package daemon

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/internal/serve/telemetry"
)

// record collects what many goroutines write.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// rig is a server with all its parts, over an engine that is a formula.
type rig struct {
	*parts
	server *serve.Server
	addr   string // of gRPC
	log    *record
	spans  *tracetest.InMemoryExporter
}

// newRig runs what Run runs, but for the model.
func newRig(t *testing.T, c Config, o serve.Options, r *servetest.Runner) *rig {
	t.Helper()
	g := &rig{log: &record{}, spans: tracetest.NewInMemoryExporter()}
	log := slog.New(slog.NewJSONHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.HTTPListen, c.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	var err error
	if g.parts, err = open(context.Background(), c, log); err != nil {
		t.Fatal(err)
	}
	if g.traces, err = telemetry.NewTraces(sdktrace.WithSyncer(g.spans)); err != nil {
		t.Fatal(err)
	}
	o.Log = log
	g.plug(&o)
	if g.server, err = serve.New(o); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.server.Run(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		g.close()
	})
	select {
	case <-g.server.Ready():
	case err := <-done:
		t.Fatalf("the server ended early: %v", err)
	}
	r.Ready.Store(true)
	return g
}

func (g *rig) dial(t *testing.T, creds credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(g.addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ask sends an HTTP request and returns status and body.
func ask(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(raw)
}

func (g *rig) adminURL() string { return "http://" + g.admin.Addr().String() }
func (g *rig) httpURL() string  { return "http://" + g.http.Addr().String() }

func minute(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
