package hub

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"hives/internal/fault"
)

// maxRedirects is net/http's own number. A hub needs one or two.
const maxRedirects = 10

var (
	errStalled   = errors.New("no byte for too long")
	errRedirects = errors.New("too many redirects")
	errDowngrade = errors.New("a redirect from TLS to no TLS, or to something other than HTTP")
)

// client asks one hub. Proxies come from the environment, as for every Go program. heard is a pointer because a
// client is copied to ask with other patience, and both must know.
//
// Its methods may be called by several goroutines; a copy shares http and heard.
type client struct {
	Settings
	patience
	http *http.Client
	// A clock of its own, for tests of the dates in Retry-After.
	now   func() time.Time
	heard *atomic.Bool // the hub has answered
}

// newClient sets no timeout of a whole request: weights may take hours, and a stall is noticed by silence. HTTP/1 on
// purpose: a range for each connection is what makes several of them quicker than one.
func newClient(s Settings, p patience, connections int) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true       // bytes are counted and ranged as they lie on the hub
	transport.Protocols = new(http.Protocols) // a connection a range: streams of HTTP/2 would share one window
	transport.Protocols.SetHTTP1(true)
	transport.MaxIdleConnsPerHost = connections
	transport.DialContext = (&net.Dialer{Timeout: cmp.Or(p.greeting, p.stall), KeepAlive: 30 * time.Second}).DialContext
	c := &client{Settings: s, patience: p, now: time.Now, heard: new(atomic.Bool)}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.checkRedirect}
	return c
}

// checkRedirect lets the token go to the endpoint's own origin alone. net/http would keep it for subdomains, and
// content networks live on such.
//
// A download of weights goes from the hub to a signed address at another host. There the token is of no use, and
// whoever runs that host could use it. A head request stops at the hub: the signature of the address is for GET, and
// the hub's own headers are all that is asked.
//
// Invariant: the token is sent to the endpoint's scheme, host and port, and nowhere else
// (TestTokenStaysWithItsOrigin).
func (c *client) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	if req.URL.Scheme != "https" && (req.URL.Scheme != "http" || c.Endpoint.Scheme == "https") {
		return errDowngrade
	}
	if origin(req.URL) != origin(c.Endpoint) {
		req.Header.Del("Authorization")
	}
	req.Header.Del("Referer") // it would tell a signed address to the next host
	if req.Method == http.MethodHead && origin(req.URL) != origin(c.Endpoint) {
		return http.ErrUseLastResponse // the hub has said what it knows, and addresses are signed for GET alone
	}
	return nil
}

// do sends a request to the endpoint. The reply has a status of success, and its body ends with errStalled when
// nothing comes for too long; the caller closes it.
//
// Three clocks: dialing has greeting's time, a reply's header has the same until the hub has answered once and
// stall's from then on, and every byte of the body winds stall up again. A context that the caller ends goes through
// all of them, with its own reason.
func (c *client) do(ctx context.Context, method string, u *url.URL, byteRange string) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		cancel(nil)
		return nil, fault.New(fault.Invalid, "address of the hub %s: not an URL", c.Endpoint.Host)
	}
	req.Header.Set("User-Agent", "hives")
	req.Header.Set("Accept-Encoding", "identity")
	// Only this request carries it; what a redirect asks is for checkRedirect.
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+string(c.Token))
	}
	if byteRange != "" {
		req.Header.Set("Range", byteRange)
	}
	patient := c.stall
	// A hub that never answered is waited for seconds, one that has answered for a minute.
	if !c.heard.Load() {
		patient = min(patient, cmp.Or(c.greeting, patient))
	}
	guard := &guarded{timer: time.AfterFunc(patient, func() { cancel(errStalled) }), stall: c.stall, ctx: ctx,
		cancel: cancel}
	resp, err := c.http.Do(req)
	if err != nil {
		err = c.broken(guard.cause(err))
		guard.stop()
		return nil, err
	}
	c.heard.Store(true)
	guard.timer.Reset(c.stall)
	guard.body, resp.Body = resp.Body, guard
	if !success(method, resp.StatusCode) {
		defer resp.Body.Close()
		return nil, c.refusal(resp)
	}
	return resp, nil
}

// success takes a redirect as an answer to a head request: the hub's own headers are what is wanted. 206 is the
// answer to a range; a 200 to one is the whole file, which checkReply deals with.
func success(method string, status int) bool {
	return status == http.StatusOK || status == http.StatusPartialContent ||
		(method == http.MethodHead && status/100 == 3)
}

// guarded is a reply's body with a clock that every byte winds up again. Whoever has it owes Close, which also stops
// the clock.
type guarded struct {
	body   io.ReadCloser
	timer  *time.Timer
	stall  time.Duration
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// A stalled body ends with errStalled rather than with "context canceled", by which a caller could not tell whether
// it may try again.
func (g *guarded) Read(b []byte) (int, error) {
	n, err := g.body.Read(b)
	if n > 0 {
		g.timer.Reset(g.stall)
	}
	if err != nil && err != io.EOF {
		err = g.cause(err)
	}
	return n, err
}

// Close stops the clock first, so that it cannot fire on a body that nobody reads any more.
func (g *guarded) Close() error {
	g.stop()
	return g.body.Close()
}

// stop also ends the request, so that a reply that is not read to its end does not keep its connection.
func (g *guarded) stop() {
	g.timer.Stop()
	g.cancel(nil)
}

// cause prefers why the context ended to what the transport made of it. "context canceled" is what Ctrl-C, a stall
// and another file's error look like from below; each wants another reaction.
func (g *guarded) cause(err error) error {
	if cause := context.Cause(g.ctx); cause != nil {
		return cause
	}
	return err
}

// broken names what went wrong with a connection. Of a transport's error it keeps the kind only: addresses of
// content networks carry signatures in their queries.
//
//	no address, no connection, cut, stalled       passing: asked again
//	certificate, too many redirects, TLS to none  final: the next try would end the same
//	the context's end                             as it is
func (c *client) broken(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	switch {
	// Not passing: a certificate does not become right by asking again.
	case errors.As(err, &cert):
		return fault.New(fault.Unavailable, "hub %s: its certificate does not hold: %w; check HF_ENDPOINT and the "+
			"proxies", c.Endpoint.Host, cert.Err)
	case errors.Is(err, errRedirects):
		return fault.New(fault.Unavailable, "hub %s: %w", c.Endpoint.Host, errRedirects)
	case errors.Is(err, errDowngrade):
		return fault.New(fault.Unavailable, "hub %s: %w", c.Endpoint.Host, errDowngrade)
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errStalled):
		err = errStalled
	case errors.As(err, &dns):
		err = errors.New("no address for the host")
	case errors.As(err, &op) && op.Op == "dial":
		err = errors.New("no connection")
	default:
		err = errors.New("the connection broke")
	}
	return passing{error: fault.New(fault.Unavailable, "hub %s: %w; check the network, HF_ENDPOINT and the proxies",
		c.Endpoint.Host, err), unheard: !c.heard.Load()}
}
