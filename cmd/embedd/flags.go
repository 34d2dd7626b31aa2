package main

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hives/internal/engine"
	"hives/internal/serve/daemon"
)

// register adds the flags. Each is a setting of the same name.
func (o *options) register(fs *pflag.FlagSet) {
	d := daemon.Default()
	fs.SortFlags = false
	fs.String("model", "", "model folder")
	fs.String("vectors", "", "value vectors of hives vectors build, made with this model")
	fs.String("listen", d.Listen, "address of gRPC")
	fs.String("http-listen", d.HTTPListen, "address of /v1/embeddings in OpenAI's shape; none by default")
	fs.String("admin-listen", d.AdminListen, "address of /metrics, /healthz, /readyz, pprof, /-/reload and the status page; empty for none")
	fs.String("precision", d.Precision, "f32 (exact), mixed (bf16 operands), bf16 (all of it: half the memory; differs by about 1e-2)")
	fs.String("engine", "", engine.FlagUsage)
	fs.Int("threads", 0, "threads of one computation, 0 for one a core")

	fs.String("tls-cert", "", "certificate chain in PEM form, of gRPC, HTTP and an admin listener beyond loopback; read again when it changes")
	fs.String("tls-key", "", "its private key")
	fs.String("client-ca", "", "certificates of those who sign clients' certificates; clients without one are turned away")
	fs.String("tokens-file", "", "lines of embedd token; callers need a token then. SIGHUP reads it again")
	fs.Bool("insecure-no-tls", false, "listen beyond loopback without TLS")
	fs.Bool("insecure-no-auth", false, "listen beyond loopback without asking for tokens")

	fs.Int("max-texts", d.MaxTexts, "texts a request")
	fs.Int("max-request-tokens", d.MaxRequestTokens, "tokens a request, after truncation")
	fs.Int("max-request-bytes", d.MaxRequestBytes, "bytes a request message")
	fs.Int("max-reply-bytes", d.MaxReplyBytes, "bytes a reply message; EmbedStream splits what is larger")
	fs.Int("max-queue-tokens", d.MaxQueueTokens, "tokens that may wait for the engine; beyond it RESOURCE_EXHAUSTED")
	fs.Int("max-calls", d.MaxCalls, "calls in progress")
	fs.Int("max-bulk-streams", d.MaxBulkStreams, "open streams")
	fs.Int("max-stream-inflight", d.MaxStreamInFlight, "requests of one EmbedStream worked on at once")
	fs.Int("max-streams", d.MaxStreams, "calls and streams of one connection")
	fs.Int("max-connections", d.MaxConnections, "connections; more wait to be accepted")
	fs.Int("cache-texts", d.CacheTexts, "vectors kept for texts that come again, 0 keeps none")

	fs.Duration("max-wait", time.Duration(d.MaxWait), "longest a batch waits for more texts while the engine is busy; an idle one never waits")
	fs.Duration("engine-timeout", time.Duration(d.EngineTimeout), "after which a batch counts as hung and the program ends; 0 for never")
	fs.Duration("self-check-every", time.Duration(d.SelfCheckEvery), "between checks on known texts, which drive the health; 0 for never")
	fs.Duration("drain-delay", time.Duration(d.DrainDelay), "between NOT_SERVING and the end of accepting, for balancers that poll")
	fs.Duration("drain-timeout", time.Duration(d.DrainTimeout), "for accepted calls to finish in at the end")
	fs.Duration("keepalive", time.Duration(d.Keepalive), "silence after which a connection is asked for a sign of life; 0 for never")
	fs.Duration("max-connection-age", time.Duration(d.MaxConnectionAge), "after which a connection is told to end, so that clients look for servers anew and spread; 0 for never")
	fs.Duration("connection-age-grace", time.Duration(d.ConnectionAgeGrace), "that calls and streams of such a connection then have; 0 for as long as they take")

	fs.String("otlp-endpoint", "", "URL that OpenTelemetry traces are sent to, as http://127.0.0.1:4317; OTEL_EXPORTER_OTLP_ENDPOINT does as well")
	fs.String("log-level", d.LogLevel, "debug (every call), info, warn or error; JSON lines on stderr")
	fs.VisitAll(func(f *pflag.Flag) { o.keys[f.Name] = strings.ReplaceAll(f.Name, "-", "_") })
	o.config.Register(fs) // last: these two are no settings
}
