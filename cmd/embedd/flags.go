package main

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hives/internal/engine"
	"hives/internal/serve/daemon"
)

// register adds the flags. Each is a setting of the same name. Defaults are those of daemon.Default, so help,
// configuration and server cannot part. A flag's value is not read here: only flags that were given override the
// other sources (cli.GivenFlags).
func (o *options) register(fs *pflag.FlagSet) {
	d := daemon.Default()
	fs.SortFlags = false
	fs.String("model", "", "model folder, or GGUF file, to serve")
	fs.String("vectors", "", "value vectors of hives vectors build, made with this model")
	fs.String("listen", d.Listen, "address at which gRPC is served, host:port")
	fs.String("http-listen", d.HTTPListen, "address at which /v1/embeddings is served in OpenAI's shape; none by default")
	fs.Bool("no-http-ids", false, "refuse token ids over HTTP: clients there send texts")
	fs.String("cors-origins", "", "origins whose pages may call over HTTP, with commas between them, or *; none by default")
	fs.String("admin-listen", d.AdminListen, "address of /metrics, /healthz, /readyz, pprof, /-/reload and the status page; empty for none")
	fs.String("precision", d.Precision, "f32 (exact), mixed (bf16 operands), mixed16 (f16 operands), bf16 (all of it: half the memory; differs by about 1e-2)")
	fs.String("name", "", "name that requests call the model by, and aliases, with commas between them; by default that of its folder")
	fs.Int("max-length", 0, "most tokens of a text, the end token included; 0: as the model's files say, else at most 2,048")
	fs.String("engine", "", engine.FlagUsage)
	fs.Int("threads", 0, "threads of one computation, 0 for one a core")

	fs.String("tls-cert", "", "certificate chain in PEM form, of gRPC, HTTP and an admin listener beyond loopback; read again when it changes")
	fs.String("tls-key", "", "private key of --tls-cert in PEM form")
	fs.String("client-ca", "", "certificates of those who sign clients' certificates; clients without one are turned away")
	fs.String("tokens-file", "", "file of lines that embedd token made; callers need a token then. SIGHUP reads it again")
	fs.Bool("insecure-no-tls", false, "listen beyond loopback without TLS")
	fs.Bool("insecure-no-auth", false, "listen beyond loopback without asking for tokens")

	fs.Int("max-texts", d.MaxTexts, "most texts of a request")
	fs.Int("max-http-texts", d.MaxHTTPTexts, "most texts of a request over HTTP, whose clients know no stream")
	fs.Int("max-http-tokens", d.MaxHTTPTokens, "most tokens of a request over HTTP, about")
	fs.Int("max-request-tokens", d.MaxRequestTokens, "most tokens of a request, after truncation")
	fs.Int("max-request-bytes", d.MaxRequestBytes, "most bytes of a request's message")
	fs.Int("max-bytes-under-way", d.MaxBytesUnderWay, "most bytes of request messages that are being received or worked on, of all callers; more wait")
	fs.Int("max-reply-bytes", d.MaxReplyBytes, "most bytes of a reply's message; EmbedStream splits what is larger")
	fs.Int("max-queue-tokens", d.MaxQueueTokens, "most tokens that may wait for the engine; beyond them a call gets RESOURCE_EXHAUSTED")
	fs.Int("max-calls", d.MaxCalls, "most calls in progress at once")
	fs.Int("max-bulk-streams", d.MaxBulkStreams, "most streams open at once")
	fs.Int("max-stream-inflight", d.MaxStreamInFlight, "most requests of one EmbedStream that are worked on at once")
	fs.Int("max-streams", d.MaxStreams, "most calls and streams of one connection")
	fs.Int("max-connections", d.MaxConnections, "most open connections; beyond them the longest idle one makes way, of the host that has most")
	fs.Int("cache-texts", d.CacheTexts, "number of vectors kept for texts that come again; 0 keeps none")

	fs.Duration("max-wait", time.Duration(d.MaxWait), "longest a batch waits for more texts while the engine is busy; an idle one never waits")
	fs.Duration("engine-timeout", time.Duration(d.EngineTimeout), "time after which a batch counts as hung and the program ends; 0 for never")
	fs.Duration("self-check-every", time.Duration(d.SelfCheckEvery), "time between checks on known texts, which drive the health; 0 for never")
	fs.Duration("drain-delay", time.Duration(d.DrainDelay), "time between NOT_SERVING and the end of accepting, for balancers that poll")
	fs.Duration("drain-timeout", time.Duration(d.DrainTimeout), "time that accepted calls have to finish in at the end")
	fs.Duration("keepalive", time.Duration(d.Keepalive), "silence after which a connection is asked for a sign of life; 0 for never")
	fs.Duration("receive-timeout", time.Duration(d.ReceiveTimeout), "time that the message of a call, or the body of a request, has to come in")
	fs.Duration("stream-idle", time.Duration(d.StreamIdle), "time after which a stream that asks nothing and waits for nothing ends; 0 for never")
	fs.Duration("max-connection-idle", time.Duration(d.MaxConnectionIdle), "time after which a connection without calls is told to end; 0 for never")
	fs.Duration("max-connection-age", time.Duration(d.MaxConnectionAge), "time after which a connection is told to end, so that clients look for servers anew and spread; 0 for never")
	fs.Duration("connection-age-grace", time.Duration(d.ConnectionAgeGrace), "time that calls and streams of such a connection then have; 0 for as long as they take")

	fs.String("otlp-endpoint", "", "URL that OpenTelemetry traces are sent to, as http://127.0.0.1:4317; OTEL_EXPORTER_OTLP_ENDPOINT does as well")
	fs.String("log-level", d.LogLevel, "least that is logged on stderr: debug (every call), info, warn or error")
	fs.String("log-format", d.LogFormat, "text for people, json for programs, or auto: text on a terminal and json elsewhere")
	fs.VisitAll(func(f *pflag.Flag) { o.keys[f.Name] = strings.ReplaceAll(f.Name, "-", "_") })
	o.config.Register(fs) // last: these two are no settings
}
