package telemetry

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/loopback"
	"hives/internal/serve"
)

// Traces make spans. A nil *Traces makes none, so nobody who holds one need ask whether traces are wanted.
//
//	HTTP /v1/embeddings       the request, with embedd.texts and embedd.tokens
//	  tokenize                its stages, one after another; a text that came from the cache has no infer
//	  queue
//	  infer
//	  encode
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// carrier reads and writes traceparent and tracestate. Baggage is left alone: it may hold anything.
var carrier = propagation.TraceContext{}

// Wanted tells whether the environment or a setting names an endpoint.
func Wanted(endpoint string) bool {
	return endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" ||
		os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// OpenTraces sends spans to an OTLP endpoint, a URL; empty leaves it to OpenTelemetry's variables, as are headers,
// certificates, samplers and whether it is OTLP over gRPC (the default here) or over HTTP. The collector need not
// be there: spans are sent in the background and dropped where that fails. Error: Invalid, for settings that cannot
// be followed or would give a key away.
func OpenTraces(ctx context.Context, endpoint string) (*Traces, error) {
	if err := keyInTheClear(endpoint); err != nil {
		return nil, err
	}
	exporter, err := newExporter(ctx, endpoint)
	if err != nil {
		return nil, fault.New(fault.Invalid, "OTLP exporter: %w", err)
	}
	return NewTraces(sdktrace.WithBatcher(exporter))
}

// keyInTheClear refuses headers, which hold the collector's key where it asks for one, on a way that others can read.
func keyInTheClear(endpoint string) error {
	if os.Getenv("OTEL_EXPORTER_OTLP_HEADERS") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS") == "" {
		return nil
	}
	to := cmp.Or(endpoint, os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	if u, err := url.Parse(to); err == nil && u.Host != "" && loopback.Readable(u) {
		return fault.New(fault.Invalid, "the headers of OTEL_EXPORTER_OTLP_HEADERS would travel unencrypted to "+
			"%s: use https://, or leave them out", u.Host)
	}
	return nil
}

// newExporter follows OpenTelemetry's variables: the one for traces goes before the general one.
func newExporter(ctx context.Context, endpoint string) (sdktrace.SpanExporter, error) {
	protocol := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	if strings.HasPrefix(protocol, "http/") {
		var o []otlptracehttp.Option
		if endpoint != "" {
			o = append(o, otlptracehttp.WithEndpointURL(endpoint))
		}
		return otlptracehttp.New(ctx, o...)
	}
	var o []otlptracegrpc.Option
	if endpoint != "" {
		o = append(o, otlptracegrpc.WithEndpointURL(endpoint))
	}
	return otlptracegrpc.New(ctx, o...)
}

// NewTraces gives spans to whatever the options name: an exporter in batches, or a recorder in a test. Nothing
// global is set, so two servers of one process do not share a tracer.
func NewTraces(o ...sdktrace.TracerProviderOption) (*Traces, error) {
	about, err := resource.Merge(resource.Default(), resource.NewSchemaless(
		attribute.String("service.name", "embedd"), attribute.String("service.version", cli.BuildInfo().Release)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	if fromEnv := resource.Environment(); fromEnv.Len() > 0 { // OTEL_SERVICE_NAME has the last word
		if merged, err := resource.Merge(about, fromEnv); err == nil {
			about = merged
		}
	}
	p := sdktrace.NewTracerProvider(append([]sdktrace.TracerProviderOption{sdktrace.WithResource(about)}, o...)...)
	return &Traces{provider: p, tracer: p.Tracer("hives/internal/serve")}, nil
}

// Close sends what is left, for as long as ctx lasts. Spans of the last seconds wait in a batch until then.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// GRPC makes a span of every call, health checks aside.
func (t *Traces) GRPC() stats.Handler {
	return otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(t.provider), otelgrpc.WithPropagators(carrier),
		otelgrpc.WithMeterProvider(noop.NewMeterProvider()),
		// A method that nobody knows would give a span a name of the client's choice.
		otelgrpc.WithFilter(func(i *stats.RPCTagInfo) bool {
			_, ours := known[i.FullMethodName]
			return ours && !health(i.FullMethodName)
		}))
}

// health tells a balancer's probes, which come every few seconds and would hide the calls among them.
func health(method string) bool { return strings.HasPrefix(method, "/grpc.health.") }

// Stage makes a span of a stage that is over. Stages are known when they are over, so the span is made afterwards
// with the times that were measured: no span is open while a text waits.
func (t *Traces) Stage(ctx context.Context, s serve.Stage, began time.Time, took time.Duration) {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return
	}
	_, span := t.tracer.Start(ctx, string(s), trace.WithTimestamp(began))
	span.End(trace.WithTimestamp(began.Add(took)))
}

// Tokens notes the size of a request in its span: what a slow one is slow for is mostly this.
func (t *Traces) Tokens(ctx context.Context, texts, tokens int) {
	if t != nil {
		trace.SpanFromContext(ctx).SetAttributes(attribute.Int("embedd.texts", texts),
			attribute.Int("embedd.tokens", tokens))
	}
}

// HTTP begins the span of a request over HTTP.
func (t *Traces) HTTP(r *http.Request, route string) (*http.Request, trace.Span) {
	if t == nil {
		return r, trace.SpanFromContext(context.Background())
	}
	ctx := carrier.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, "HTTP "+route, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.route", route)))
	return r.WithContext(ctx), span
}

// endHTTP closes the span of a request. Below 500 the status is left unset, as OpenTelemetry asks for servers: a
// client's mistake is no error of ours.
func endHTTP(span trace.Span, status int) {
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
