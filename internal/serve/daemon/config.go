package daemon

import (
	"cmp"
	"io"
	"log/slog"
	"time"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/serve"
	"hives/internal/talk"
)

// Config is embedd's settings. Keys are the flags' names with underscores, so that --max-texts is max_texts in a
// file and EMBEDD_MAX_TEXTS in the environment. A setting is looked for in four places, the first that has it wins:
// the flag, the variable, the file, the default here (package cli). So `EMBEDD_MAX_TEXTS=64 embedd --max-texts 128`
// takes 128.
type Config struct {
	// What is served, and on which addresses. Empty addresses are switched off, but for gRPC's.
	// A folder or a GGUF file, read anew at every SIGHUP: the path stays, what lies there may change.
	Model   string `toml:"model"`
	Vectors string `toml:"vectors"`
	Profile string `toml:"profile"`
	// The three addresses are host:port. Port 0 takes a free one, which the log then names.
	Listen      string `toml:"listen"`
	HTTPListen  string `toml:"http_listen"`
	AdminListen string `toml:"admin_listen"`
	// f32, mixed, mixed16 or bf16; names are checked where the model is opened.
	Precision string `toml:"precision"`
	MaxLength int    `toml:"max_length"`
	// What requests may call the model, with commas between (names.go).
	Name        string `toml:"name"`
	NoHTTPIDs   bool   `toml:"no_http_ids"`
	CORSOrigins string `toml:"cors_origins"`
	Engine      string `toml:"engine"`
	Threads     int    `toml:"threads"`

	// A language model beside the embedding one, or alone. Precision, engine and threads are those above.
	LLM          string       `toml:"llm"`
	LLMName      string       `toml:"llm_name"`
	LLMTemplate  string       `toml:"llm_template"`
	LLMRows      int          `toml:"llm_rows"`
	LLMMaxTokens int          `toml:"llm_max_tokens"`
	LLMMaxLength int          `toml:"llm_max_length"`
	LLMQueue     int          `toml:"llm_queue"`
	LLMTimeout   cli.Duration `toml:"llm_timeout"`

	// A value-intensity database beside the model, and who scores against it: judges and endpoints are settings of a
	// file of their own, the one that hives score takes.
	VIDB          string `toml:"vidb"`
	Judges        string `toml:"judges"`
	Votes         string `toml:"votes"`
	Theories      string `toml:"theories"` // files of own theories, with commas between them
	MaxJudgeCalls int    `toml:"max_judge_calls"`

	// Who may call. Files are named here and read by parts.open; no secret stands in a setting itself.
	TLSCert  string `toml:"tls_cert"`
	TLSKey   string `toml:"tls_key"`
	ClientCA string `toml:"client_ca"`
	// Without it nobody is asked for a token.
	TokensFile string `toml:"tokens_file"`

	// Waivers, each for one protection: that both are given by one word would be too easy.
	InsecureNoTLS  bool `toml:"insecure_no_tls"`
	InsecureNoAuth bool `toml:"insecure_no_auth"`

	// Limits, in the order in which a request meets them (serve.Limits).
	// Texts and tokens of one request. HTTP has limits of its own: its clients know no streams, so they send more
	// at once.
	MaxTexts         int `toml:"max_texts"`
	MaxHTTPTexts     int `toml:"max_http_texts"`
	MaxHTTPTokens    int `toml:"max_http_tokens"`
	MaxRequestTokens int `toml:"max_request_tokens"`
	// Bytes: of one message, of all that are under way, and of a reply.
	MaxRequestBytes  int `toml:"max_request_bytes"`
	MaxBytesUnderWay int `toml:"max_bytes_under_way"`
	MaxReplyBytes    int `toml:"max_reply_bytes"`
	// What waits and what is open. The queue must hold two largest requests (serve.Limits.Validate).
	MaxQueueTokens    int `toml:"max_queue_tokens"`
	MaxCalls          int `toml:"max_calls"`
	MaxBulkStreams    int `toml:"max_bulk_streams"`
	MaxStreamInFlight int `toml:"max_stream_inflight"`
	MaxStreams        int `toml:"max_streams"`
	MaxConnections    int `toml:"max_connections"`
	// Vectors of texts that come again; 0 keeps none. It is counted in vectors, since their size is the model's.
	CacheTexts int `toml:"cache_texts"`

	// Times, as "90s" or "10m" in every source.
	// Of the work: a batch's wait for company, an engine that hangs, self-checks, the end.
	MaxWait        cli.Duration `toml:"max_wait"`
	EngineTimeout  cli.Duration `toml:"engine_timeout"`
	SelfCheckEvery cli.Duration `toml:"self_check_every"`
	DrainDelay     cli.Duration `toml:"drain_delay"`
	DrainTimeout   cli.Duration `toml:"drain_timeout"`
	Keepalive      cli.Duration `toml:"keepalive"`

	// Of a slow or silent client.
	ReceiveTimeout    cli.Duration `toml:"receive_timeout"`
	StreamIdle        cli.Duration `toml:"stream_idle"`
	MaxConnectionIdle cli.Duration `toml:"max_connection_idle"`

	// Of clients that would stay on one server for ever: told to end, they look for servers anew and spread.
	MaxConnectionAge   cli.Duration `toml:"max_connection_age"`
	ConnectionAgeGrace cli.Duration `toml:"connection_age_grace"`

	// What is told of the work.
	OTLPEndpoint string `toml:"otlp_endpoint"`
	LogLevel     string `toml:"log_level"`
	LogFormat    string `toml:"log_format"`
}

// Default are the settings without any flag. Limits and times come from package serve, so that the server in a test
// and the one on a machine agree.
func Default() Config {
	l, t := serve.DefaultLimits(), serve.DefaultTimes()
	return Config{
		Listen: "127.0.0.1:50051", AdminListen: "127.0.0.1:9090", Precision: "f32",
		LLMRows: talk.DefaultRows, LLMMaxTokens: 512, LLMMaxLength: 2048, LLMQueue: 64,
		LLMTimeout: cli.Duration(10 * time.Minute), MaxJudgeCalls: 4096,
		MaxTexts: l.Texts, MaxHTTPTexts: l.HTTPTexts, MaxHTTPTokens: l.HTTPTokens, MaxRequestTokens: l.RequestTokens,
		MaxRequestBytes:  l.RequestBytes,
		MaxBytesUnderWay: l.BytesUnderWay, MaxReplyBytes: l.ReplyBytes,
		MaxQueueTokens: l.QueueTokens, MaxCalls: l.Calls, MaxBulkStreams: l.BulkStreams,
		MaxStreamInFlight: l.StreamInFlight,
		MaxStreams:        l.Streams, MaxConnections: l.Connections,
		MaxWait: cli.Duration(t.Linger), EngineTimeout: cli.Duration(t.RunTimeout),
		SelfCheckEvery: cli.Duration(t.SelfCheck),
		DrainDelay:     cli.Duration(t.DrainDelay), DrainTimeout: cli.Duration(t.Drain),
		Keepalive:      cli.Duration(t.Keepalive),
		ReceiveTimeout: cli.Duration(t.Receive), StreamIdle: cli.Duration(t.StreamIdle),
		MaxConnectionIdle: cli.Duration(t.Idle),
		MaxConnectionAge:  cli.Duration(t.Age), ConnectionAgeGrace: cli.Duration(t.AgeGrace),
		LogLevel: "info", LogFormat: "auto",
	}
}

// limits and times translate the flat settings into what package serve takes. They check nothing: Validate does.
func (c Config) limits() serve.Limits {
	return serve.Limits{
		Texts: c.MaxTexts, HTTPTexts: c.MaxHTTPTexts, HTTPTokens: c.MaxHTTPTokens, RequestTokens: c.MaxRequestTokens,
		RequestBytes:  c.MaxRequestBytes,
		BytesUnderWay: c.MaxBytesUnderWay, ReplyBytes: c.MaxReplyBytes,
		QueueTokens: c.MaxQueueTokens, Calls: c.MaxCalls, BulkStreams: c.MaxBulkStreams,
		StreamInFlight: c.MaxStreamInFlight,
		Streams:        c.MaxStreams, Connections: c.MaxConnections,
	}
}

// times is limits for durations; cli.Duration is only how settings are written.
func (c Config) times() serve.Times {
	return serve.Times{
		Linger: time.Duration(c.MaxWait), RunTimeout: time.Duration(c.EngineTimeout),
		SelfCheck:  time.Duration(c.SelfCheckEvery),
		DrainDelay: time.Duration(c.DrainDelay), Drain: time.Duration(c.DrainTimeout),
		Keepalive: time.Duration(c.Keepalive),
		Receive:   time.Duration(c.ReceiveTimeout), StreamIdle: time.Duration(c.StreamIdle),
		Idle: time.Duration(c.MaxConnectionIdle),
		Age:  time.Duration(c.MaxConnectionAge), AgeGrace: time.Duration(c.ConnectionAgeGrace),
	}
}

// Validate refuses what could not work, before anything is loaded. Everything here is a mistake in the call, so the
// exit code is that of a usage error. It runs twice, in the command and in Run, since Run has other callers (tests).
func (c Config) Validate() error {
	if c.Model == "" && c.LLM == "" {
		return fault.Usage(fault.New(fault.Invalid, "no model: give --model DIR, a model folder, or --llm DIR, a "+
			"language model"))
	}
	if err := cmp.Or(c.checkLLM(), c.checkJudges()); err != nil {
		return fault.Usage(err)
	}
	// Zero has a meaning for each of these ("never", "at once"); below zero has none.
	for _, d := range []struct {
		name string
		cli.Duration
	}{
		{"max_wait", c.MaxWait}, {"engine_timeout", c.EngineTimeout}, {"self_check_every", c.SelfCheckEvery},
		{"drain_delay", c.DrainDelay}, {"drain_timeout", c.DrainTimeout}, {"keepalive", c.Keepalive},
		{"stream_idle", c.StreamIdle}, {"max_connection_idle", c.MaxConnectionIdle},
		{"llm_timeout", c.LLMTimeout},
		{"max_connection_age", c.MaxConnectionAge}, {"connection_age_grace", c.ConnectionAgeGrace},
	} {
		if d.Duration < 0 {
			return fault.Usage(fault.New(fault.Invalid, "%s of %v: want 0 or more", d.name, time.Duration(d.Duration)))
		}
	}
	if c.ReceiveTimeout <= 0 {
		return fault.Usage(fault.New(fault.Invalid, "receive_timeout of %v: want more than 0",
			time.Duration(c.ReceiveTimeout)))
	}
	if _, err := logLevel(c.LogLevel); err != nil {
		return fault.Usage(err)
	}
	if _, err := cli.Logger(io.Discard, c.LogFormat, slog.LevelInfo); err != nil {
		return fault.Usage(err)
	}
	if c.CacheTexts < 0 || c.Threads < 0 {
		return fault.Usage(fault.New(fault.Invalid, "cache of %d texts, %d threads: want 0 or more", c.CacheTexts,
			c.Threads))
	}
	if c.MaxLength < 0 || c.MaxLength == 1 {
		return fault.Usage(fault.New(fault.Invalid, "max_length of %d: want 2 or more, or 0 for what the model's "+
			"files say", c.MaxLength))
	}
	// The fallback is not known before the model is loaded; here only the form of --name is looked at.
	if _, _, err := c.names(""); err != nil {
		return fault.Usage(err)
	}
	if err := c.limits().Validate(); err != nil {
		return fault.Usage(err)
	}
	if err := c.checkListeners(); err != nil {
		return fault.Usage(err)
	}
	return nil
}
