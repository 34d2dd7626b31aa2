package main

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hives/internal/chat"
	"hives/internal/engine"
	"hives/internal/serve/daemon"
)

// register adds the flags. Each is a setting of the same name. Defaults are those of daemon.Default, so help,
// configuration and server cannot part. A flag's value is not read here: only flags that were given override the
// other sources (cli.GivenFlags).
//
// A new setting is three lines: a field of daemon.Config, a flag below, its heading in flaggroups.go. Its key needs
// none: --max-texts is max_texts in a file and EMBEDD_MAX_TEXTS in the environment, by rule.
func (o *options) register(fs *pflag.FlagSet) {
	d := daemon.Default()
	fs.SortFlags = false
	registerModel(fs, d)
	registerLLM(fs, d)
	registerJudges(fs, d)
	registerListeners(fs, d)
	registerCallers(fs)
	registerLimits(fs, d)
	registerTimes(fs, d)
	registerLog(fs, d)
	fs.VisitAll(func(f *pflag.Flag) { o.keys[f.Name] = strings.ReplaceAll(f.Name, "-", "_") })
	o.config.Register(fs) // last: these two are no settings
}

// registerModel adds what is served, and how it is computed.
func registerModel(fs *pflag.FlagSet, d daemon.Config) {
	fs.String("model", "", "model folder, or GGUF file, to serve")
	fs.String("vectors", "", "value vectors of hives vectors build, made with this model")
	fs.String("profile", "", "profile model of hives profile fit, fitted with this model, to read values off texts")
	// What bf16 costs in sameness was measured: the same text in other company had a cosine of .9999985 or more
	// with itself (docs/BENCHMARKS.md).
	fs.String("precision", d.Precision, "f32 (exact), mixed (bf16 operands), mixed16 (f16 operands) or bf16 "+
		"(throughout; half the memory, vectors differ by about 1e-2)")
	// Aliases are for programs that have a model's name built in, such as one of OpenAI's.
	fs.String("name", "", "name of the model in requests, then aliases, with commas between them (default: the "+
		"folder's name)")
	// The longest text decides the shapes that are compiled, so a larger one makes the start longer.
	fs.Int("max-length", 0, "longest text in tokens, the end token included; 0 takes what the model's files say, "+
		"else at most 2,048")
	fs.String("engine", "", engine.FlagUsage)
	// Two daemons on one machine need it: each would else take every core.
	fs.Int("threads", 0, "threads of one computation; 0 takes one for each core")
}

// registerLLM adds the language model, which may be served beside the other one or alone.
func registerLLM(fs *pflag.FlagSet, d daemon.Config) {
	fs.String("llm", "", "language model, a folder or GGUF file, to serve as /v1/chat/completions and "+
		"/v1/completions on --http-listen; precision, engine and threads are those of --model")
	fs.String("llm-name", "", "name of the language model in requests, then aliases, with commas between them "+
		"(default: the folder's name)")
	fs.String("llm-template", "", "chat template where the language model's own is not known: "+
		strings.Join(chat.Templates, ", "))
	fs.Int("llm-rows", d.LLMRows, "answers that are written at once; each takes its part of the cache's memory")
	fs.Int("llm-max-tokens", d.LLMMaxTokens, "longest chat answer in tokens where a request names no length")
	fs.Int("llm-max-length", d.LLMMaxLength, "tokens of a prompt and its answer together, at most; they bound the "+
		"cache's memory")
	fs.Int("llm-queue", d.LLMQueue, "answers that may wait or be written; a request beyond them gets 429")
	fs.Duration("llm-timeout", time.Duration(d.LLMTimeout), "time for an answer to be waited for and written; "+
		"0 means as long as it takes")
}

// registerJudges adds what responses are scored with. Judges have a file of their own, which hives score reads too:
// endpoints, prices and budgets are no settings of a server.
func registerJudges(fs *pflag.FlagSet, d daemon.Config) {
	fs.String("vidb", "", "value-intensity database of hives vidb, to score responses against; needs --judges and --votes")
	fs.String("judges", "", "TOML file of the judges that score, with endpoints and budget, as hives score reads it")
	fs.String("votes", "", "votes file that keeps every answer of the judges, texts included; created where there is none")
	fs.String("theories", "", "files of theories of one's own that the database's values are of, with commas between them")
	fs.Int("max-judge-calls", d.MaxJudgeCalls, "questions to judges, of all callers together, that may wait or be under "+
		"way; a call beyond them gets RESOURCE_EXHAUSTED")
}

// registerListeners adds the addresses. One that is empty is switched off, but for gRPC's.
func registerListeners(fs *pflag.FlagSet, d daemon.Config) {
	fs.String("listen", d.Listen, "address at which gRPC is served, host:port")
	fs.String("http-listen", d.HTTPListen, "address at which /v1/embeddings, and with --llm "+
		"/v1/chat/completions, is served in OpenAI's shape (default: not served)")
	fs.Bool("no-http-ids", false, "refuse token ids over HTTP: clients there send texts")
	fs.String("cors-origins", "", "web origins whose pages may call over HTTP, with commas between them, or * for "+
		"all (default: none)")
	// On by default, on loopback: who runs a daemon that misbehaves needs its figures now and not after a restart.
	fs.String("admin-listen", d.AdminListen, "address of /metrics, /healthz, /readyz, pprof, /-/reload and the "+
		"status page; \"\" switches them off")
}

// registerCallers adds who may call. Nothing of it is needed on loopback (daemon, exposure). There are two waivers
// and not one, so that a wish for less trouble with certificates does not open the door to everybody.
func registerCallers(fs *pflag.FlagSet) {
	fs.String("tls-cert", "", "certificate chain in PEM form, for gRPC, HTTP and an admin listener beyond "+
		"loopback; it is read again when it changes")
	fs.String("tls-key", "", "private key of --tls-cert in PEM form")
	fs.String("client-ca", "", "certificates of the authorities that sign clients' certificates; clients without "+
		"one are turned away")
	// A file and not a flag's value: command lines stand in histories and process lists.
	fs.String("tokens-file", "", "file of lines that embedd token made; with it every caller needs a token. "+
		"SIGHUP reads it again")
	fs.Bool("insecure-no-tls", false, "listen beyond loopback without TLS")
	fs.Bool("insecure-no-auth", false, "listen beyond loopback without asking for tokens")
}

// registerLimits adds what is refused before any work is done (serve.Limits). Each bounds one resource that a
// caller could else use up alone: memory of messages, the queue, threads of calls, files of connections.
func registerLimits(fs *pflag.FlagSet, d daemon.Config) {
	fs.Int("max-texts", d.MaxTexts, "largest number of texts in a request")
	fs.Int("max-http-texts", d.MaxHTTPTexts, "largest number of texts in a request over HTTP, whose clients have "+
		"no streams")
	fs.Int("max-http-tokens", d.MaxHTTPTokens, "largest number of tokens in a request over HTTP, about")
	// The queue must hold two requests of this size; settings that do not are refused (serve.Limits.Validate).
	fs.Int("max-request-tokens", d.MaxRequestTokens, "largest number of tokens in a request, counted after long "+
		"texts are cut")
	fs.Int("max-request-bytes", d.MaxRequestBytes, "largest size of a request's message, in bytes")
	fs.Int("max-bytes-under-way", d.MaxBytesUnderWay, "bytes of request messages, of all callers together, that "+
		"may be received or worked on at once; further messages wait")
	fs.Int("max-reply-bytes", d.MaxReplyBytes, "largest size of a reply's message, in bytes; EmbedStream splits "+
		"what is larger")
	fs.Int("max-queue-tokens", d.MaxQueueTokens, "tokens that may wait for the engine; a call beyond them gets "+
		"RESOURCE_EXHAUSTED")
	fs.Int("max-calls", d.MaxCalls, "largest number of calls in progress at once")
	fs.Int("max-bulk-streams", d.MaxBulkStreams, "largest number of bulk streams open at once")
	fs.Int("max-stream-inflight", d.MaxStreamInFlight, "largest number of requests of one EmbedStream that are "+
		"worked on at once")
	fs.Int("max-streams", d.MaxStreams, "largest number of calls and streams on one connection")
	fs.Int("max-connections", d.MaxConnections, "largest number of open connections; beyond it the host with the "+
		"most connections loses the one that was idle longest")
	fs.Int("cache-texts", d.CacheTexts, "number of vectors that are kept for texts that come again; 0 keeps none")
}

// registerTimes adds the times of calls, connections and of the end (serve.Times). 0 means "never" or "at once",
// but for --receive-timeout, which must be above 0.
func registerTimes(fs *pflag.FlagSet, d daemon.Config) {
	fs.Duration("max-wait", time.Duration(d.MaxWait), "longest time that a batch waits for more texts while the "+
		"engine is busy; an idle engine never waits")
	fs.Duration("engine-timeout", time.Duration(d.EngineTimeout),
		"time after which a batch counts as hung and the program ends; 0 means never")
	fs.Duration("self-check-every", time.Duration(d.SelfCheckEvery),
		"time between self-checks on known texts, which decide the health; 0 means never")
	// 0 by default: it is for balancers that ask every so often and would send calls to a door that is closed.
	fs.Duration("drain-delay", time.Duration(d.DrainDelay), "time between NOT_SERVING and the end of accepting "+
		"calls, for balancers that poll")
	fs.Duration("drain-timeout", time.Duration(d.DrainTimeout),
		"time that accepted calls have to finish when the program ends")
	fs.Duration("keepalive", time.Duration(d.Keepalive), "silence after which a connection is asked for a sign of "+
		"life; 0 means never")
	fs.Duration("receive-timeout", time.Duration(d.ReceiveTimeout),
		"time in which the message of a call, or the body of a request, must arrive")
	fs.Duration("stream-idle", time.Duration(d.StreamIdle), "time after which a stream that asks nothing and "+
		"waits for nothing ends; 0 means never")
	fs.Duration("max-connection-idle", time.Duration(d.MaxConnectionIdle),
		"time after which a connection without calls is told to end; 0 means never")
	fs.Duration("max-connection-age", time.Duration(d.MaxConnectionAge),
		"age at which a connection is told to end, so that clients look for servers anew and spread; 0 means never")
	fs.Duration("connection-age-grace", time.Duration(d.ConnectionAgeGrace),
		"time that calls and streams of such a connection then have; 0 gives them as long as they take")
}

// registerLog adds what is told of the work, and to whom.
func registerLog(fs *pflag.FlagSet, d daemon.Config) {
	fs.String("otlp-endpoint", "", "URL that OpenTelemetry traces are sent to, such as http://127.0.0.1:4317; "+
		"OTEL_EXPORTER_OTLP_ENDPOINT sets it too")
	// No level logs a text.
	fs.String("log-level", d.LogLevel, "lowest level that is logged on standard error: debug (every call), info, "+
		"warn or error")
	fs.String("log-format", d.LogFormat, "text for people, json for programs, or auto: text on a terminal and "+
		"json elsewhere")
}
