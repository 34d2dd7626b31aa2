package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc"

	"hives/internal/serve"
)

// Plug makes a server measured. Traces may be nil. It replaces Observe and OnBatch, so it comes before other parts.
func Plug(o *serve.Options, m *Metrics, t *Traces) {
	o.OnBatch = m.Batch
	o.Observe = serve.Observer{
		Stage: m.Stage, Swap: m.Swap, Check: m.Check, Refused: m.Refused,
		Tokens: func(ctx context.Context, texts, tokens int) {
			m.Tokens(ctx, texts, tokens)
			t.Tokens(ctx, texts, tokens)
		},
	}
	// As a statistics handler and not an interceptor: it sees calls that end before any interceptor runs.
	o.GRPC = append(o.GRPC, grpc.StatsHandler(m.GRPC()))
	if t == nil {
		return
	}
	o.Observe.Stage = func(ctx context.Context, s serve.Stage, began time.Time, took time.Duration) {
		m.Stage(ctx, s, began, took)
		t.Stage(ctx, s, began, took)
	}
	o.GRPC = append(o.GRPC, grpc.StatsHandler(t.GRPC()))
}

// HTTP returns what watches requests over HTTP. It is called at a request's beginning, with the pattern that it
// matched and never its path, and returns the request with its span and what ends it. Its status stands where
// gRPC's code does, as "200".
func HTTP(m *Metrics, t *Traces) func(r *http.Request, route string) (*http.Request, func(status int, reason string)) {
	return func(r *http.Request, route string) (*http.Request, func(status int, reason string)) {
		began := time.Now()
		r, span := t.HTTP(r, route)
		return r, func(status int, reason string) {
			m.finished(route, strconv.Itoa(status), reason)
			m.seconds.WithLabelValues(route).Observe(time.Since(began).Seconds())
			endHTTP(span, status)
		}
	}
}
