package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"

	"hives/internal/fault"
	"hives/internal/loopback"
	"hives/internal/serve"
	"hives/internal/serve/admin"
	"hives/internal/serve/chatapi"
	"hives/internal/serve/httpapi"
	"hives/internal/serve/intensityapi"
	"hives/internal/serve/secure"
	"hives/internal/serve/telemetry"
	"hives/internal/serve/web"
	"hives/vidb"
)

// lastSpans is how long the end waits for traces to be sent. A collector that is away must not hold the daemon's
// end up; the spans are lost then, and the log says so.
const lastSpans = 5 * time.Second

// parts are what is plugged into a server: who may call, what is measured, and the listeners beside gRPC. A part
// that the settings leave out is nil.
type parts struct {
	// Of the whole daemon.
	c   Config
	log *slog.Logger
	// Who may call.
	certs  *secure.Certificates
	tokens *secure.Tokens
	// What is measured. Figures are always there; traces only where somebody takes them.
	metrics *telemetry.Metrics
	traces  *telemetry.Traces
	// Listeners are taken at the start and served by companions, which begin with the server.
	http  net.Listener
	admin net.Listener
	// A language model, which is loaded before the server says SERVING and answers over HTTP.
	llm *chatapi.API
	// Judges and a database, opened before the server says SERVING; they answer over gRPC.
	judges *intensityapi.API
}

// open reads the files and takes the addresses, so that what is missing is said before a model is loaded. On an
// error everything that was opened until then is closed, and the caller gets a parts it must not use.
func open(ctx context.Context, c Config, log *slog.Logger) (p *parts, err error) {
	p = &parts{c: c, log: log, metrics: telemetry.NewMetrics(), llm: c.languageModel(log)}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.judges, err = c.intensities(log); err != nil {
		return p, err
	}
	// Certificates and tokens are read, not only looked for: a bad one ends the start here.
	if c.TLSCert != "" {
		if p.certs, err = secure.OpenCertificates(secure.Files{Cert: c.TLSCert, Key: c.TLSKey, ClientCA: c.ClientCA},
			log); err != nil {
			return p, err
		}
	}
	if c.TokensFile != "" {
		if p.tokens, err = secure.OpenTokens(c.TokensFile); err != nil {
			return p, err
		}
	}
	if telemetry.Wanted(c.OTLPEndpoint) {
		if p.traces, err = telemetry.OpenTraces(ctx, c.OTLPEndpoint); err != nil {
			return p, err
		}
	}
	return p, p.listen()
}

// listen takes the addresses of HTTP and admin. Only the admin's default address may be taken already.
func (p *parts) listen() (err error) {
	if p.c.HTTPListen != "" {
		if p.http, err = net.Listen("tcp", p.c.HTTPListen); err != nil {
			return fault.New(fault.Unavailable, "listen for HTTP: %w", err)
		}
	}
	if p.c.AdminListen == "" {
		return nil
	}
	p.admin, err = net.Listen("tcp", p.c.AdminListen)
	if errors.Is(err, syscall.EADDRINUSE) && p.c.AdminListen == Default().AdminListen {
		// A second daemon on one machine should not need a flag for what nobody asked for.
		p.log.Warn("no admin listener: its usual address is taken; --admin-listen names another", "address",
			p.c.AdminListen)
		return nil
	}
	if err != nil {
		return fault.New(fault.Unavailable, "listen for the admin: %w", err)
	}
	return nil
}

// plug adds the parts to a server's options. The order within o.Unary and o.Stream is that of the calls: tokens
// before limits (serve.interceptors).
func (p *parts) plug(o *serve.Options) {
	telemetry.Plug(o, p.metrics, p.traces)
	o.Companions = append(o.Companions, p.watch)
	if p.certs != nil {
		o.Credentials = credentials.NewTLS(p.certs.Config("h2"))
	}
	if p.tokens != nil {
		o.Unary, o.Stream = append(o.Unary, p.tokens.Unary), append(o.Stream, p.tokens.Stream)
		o.Admit = secure.Admit
	}
	if p.llm != nil {
		o.Begin, o.Checks = append(o.Begin, p.llm.Open), append(o.Checks, p.llm.Check)
	}
	if p.judges != nil {
		o.Begin, o.Register = append(o.Begin, p.judges.Open), append(o.Register, p.judges.Register)
	}
	if p.http != nil {
		o.Companions = append(o.Companions, p.serveHTTP)
	}
	if p.admin != nil {
		o.Companions = append(o.Companions, p.serveAdmin)
	}
}

// watch lets the figures see the server. It is a companion, since there is no server yet when the parts are plugged
// in.
func (p *parts) watch(_ context.Context, s *serve.Server) error {
	if p.llm != nil {
		if err := p.metrics.WatchLLM(p.llm.Figures); err != nil {
			return err
		}
	}
	if p.judges != nil {
		if err := p.metrics.WatchJudges(p.judges.Figures); err != nil {
			return err
		}
	}
	return p.metrics.Watch(s)
}

// listener bounds l and dresses it for package web: each listener has the limit of connections for itself, so a full
// HTTP side leaves gRPC alone.
func (p *parts) listener(s *serve.Server, l net.Listener, name string) web.Listener {
	out := web.Listener{
		Listener: s.Listen(l, name, p.c.MaxConnections), Name: name, Receive: time.Duration(p.c.ReceiveTimeout),
		Grace: time.Duration(p.c.DrainTimeout), Log: p.log,
	}
	if p.certs != nil {
		out.TLS = p.certs.Config("h2", "http/1.1")
	}
	return out
}

// serveHTTP and serveAdmin are companions: they run until their ctx ends, which is after gRPC's last call.
func (p *parts) serveHTTP(ctx context.Context, s *serve.Server) error {
	o := httpapi.Options{
		Server: s, Tokens: p.tokens, Watch: telemetry.HTTP(p.metrics, p.traces), Log: p.log,
		Loopback: loopback.Address(p.c.HTTPListen), NoIDs: p.c.NoHTTPIDs, Origins: commas(p.c.CORSOrigins),
	}
	if p.llm != nil {
		defer p.llm.Close() // after the last answer
		o.Routes, o.Models = p.llm.Routes(s), p.llm.Models
	}
	return p.listener(s, p.http, "http").Run(ctx, httpapi.Handler(o))
}

// serveAdmin speaks plaintext on loopback whatever the others do: probes and scrapers there need no certificate.
func (p *parts) serveAdmin(ctx context.Context, s *serve.Server) error {
	// The history's goroutine ends with ctx, as the listener does.
	history := admin.NewHistory(p.metrics.Registry)
	go history.Run(ctx)
	var h http.Handler = admin.Handler(admin.Options{
		Server: s, Registry: p.metrics.Registry, History: history, Loopback: loopback.Address(p.c.AdminListen),
		Tokens: p.tokens,
		Reload: func(ctx context.Context) error { return p.reload(ctx, s) },
	})
	l := p.listener(s, p.admin, "admin")
	// Nobody's answer is lost with a probe or a page, so the admin listener ends soon.
	l.Grace = min(l.Grace, lastSpans)
	if loopback.Address(p.c.AdminListen) {
		l.TLS = (*tls.Config)(nil)
	}
	return l.Run(ctx, h)
}

// reload replaces tokens, model, vectors and database, all of them or none: who reads that nothing was replaced may
// rely on it. Tokens file and database are read before the swap and taken after it: reading may fail and costs little,
// the swap may fail and takes minutes, taking cannot fail.
//
// Invariant: after an error all of them are what they were (TestReloadTakesAllOrNothing).
func (p *parts) reload(ctx context.Context, s *serve.Server) (err error) {
	var entries []secure.Entry
	if p.tokens != nil {
		if entries, err = p.tokens.Read(); err != nil {
			p.log.Error("nothing was replaced: the tokens file cannot be taken", "error", err)
			return err
		}
	}
	var base *vidb.Base
	if p.judges != nil {
		if base, err = p.judges.Read(); err != nil {
			p.log.Error("nothing was replaced: the database cannot be taken", "error", err)
			return err
		}
	}
	if s.Embeds() || p.tokens == nil { // else there are the tokens: a language model stays
		if err := s.Swap(ctx); err != nil {
			if p.tokens != nil || base != nil {
				p.log.Error("tokens and database were not replaced, since the model was not")
			}
			return err
		}
	}
	if p.tokens != nil {
		p.tokens.Take(entries)
		p.log.Info("the tokens were replaced", "tokens", len(entries))
	}
	if base != nil {
		p.judges.Take(base)
		p.log.Info("the database was replaced", "values", base.IDs())
	}
	return nil
}

// close frees what a server does not: it may be called whether one has run or not.
func (p *parts) close() {
	for _, l := range []net.Listener{p.http, p.admin} {
		if l != nil {
			l.Close()
		}
	}
	if p.judges != nil {
		p.judges.Close()
	}
	// The traces' own context: the server's has ended by now.
	ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
	defer cancel()
	if err := p.traces.Close(ctx); err != nil {
		p.log.Warn("the last traces were not sent", "error", err)
	}
}
