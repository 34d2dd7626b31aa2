package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/internal/serve/secure"
	hivesv1 "hives/proto/hives/v1"
)

// protected writes a tokens file and certificates.
func protected(t *testing.T) (c Config, token string, ca *servetest.CA) {
	t.Helper()
	dir := t.TempDir()
	c, ca = Default(), servetest.NewCA(t)
	c.TLSCert, c.TLSKey, c.TokensFile = filepath.Join(dir, "cert"), filepath.Join(dir, "key"), filepath.Join(dir, "tokens")
	ca.Issue(t, 7, c.TLSCert, c.TLSKey)
	token, e, err := secure.New(secure.Entry{Name: "somebody", Streams: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.TokensFile, []byte(e.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return c, token, ca
}

// TestTokensOverTLS asks with and without a token: health is open, everything else is not.
func TestTokensOverTLS(t *testing.T) {
	c, token, ca := protected(t)
	r := &servetest.Runner{}
	g := newRig(t, c, servetest.Options(t, r), r)
	conn := g.dial(t, credentials.NewTLS(&tls.Config{RootCAs: ca.Pool, ServerName: "localhost"}))
	client := hivesv1.NewEmbedServiceClient(conn)
	embed := func(ctx context.Context) error {
		_, err := client.Embed(ctx, &hivesv1.EmbedRequest{Texts: []string{"a"}})
		return err
	}
	with := metadata.AppendToOutgoingContext(minute(t), "authorization", "Bearer "+token)
	if err := embed(with); err != nil {
		t.Errorf("with the token: %v", err)
	}
	if _, err := healthv1.NewHealthClient(conn).Check(minute(t), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("health without a token: %v", err)
	}
	for name, ctx := range map[string]context.Context{
		"none": minute(t), "another": metadata.AppendToOutgoingContext(minute(t), "authorization", "Bearer x"+token),
		"two": metadata.AppendToOutgoingContext(with, "authorization", "Bearer "+token),
	} {
		if err := embed(ctx); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	reflect, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(minute(t))
	if err == nil {
		_, err = reflect.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("reflection without a token: %v", err)
	}
	first, err := client.EmbedStream(with)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Send(&hivesv1.EmbedStreamRequest{Request: &hivesv1.EmbedRequest{Texts: []string{"a"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Recv(); err != nil {
		t.Fatal(err)
	}
	second, err := client.EmbedStream(with)
	if err == nil {
		_, err = second.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a second stream of a token with one: %v", err)
	}
	if err := embed(with); err != nil { // the plaintext admin listener knows the caller's name
		t.Fatal(err)
	}
	if _, figures := ask(t, "GET", g.adminURL()+"/metrics", ""); !strings.Contains(figures,
		`embedd_caller_tokens_total{caller="somebody"}`) || strings.Contains(figures, token) {
		t.Error("the figures do not tell callers, or tell their tokens")
	}
	if out := g.log.String(); strings.Contains(out, token) {
		t.Error("the log holds the token")
	}
	called, nobody := 0, 0
	for line := range strings.SplitSeq(g.log.String(), "\n") {
		if strings.Contains(line, "finished call") && strings.Contains(line, `"grpc.method":"Embed"`) {
			if strings.Contains(line, `"caller":"somebody"`) {
				called++
			} else {
				nobody++
			}
		}
	}
	if called != 2 || nobody != 3 {
		t.Errorf("of the calls of Embed the log gives %d to the caller and %d to nobody, want 2 and 3", called, nobody)
	}
}

func TestAdmin(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	loads := 0
	load := o.Load
	o.Load = func(ctx context.Context) (*serve.Model, error) {
		if loads++; loads == 3 {
			return nil, errors.New("no such folder")
		}
		return load(ctx)
	}
	g := newRig(t, Default(), o, r)
	base := g.adminURL()
	for _, c := range []struct {
		method, path string
		header       []string
		status       int
		says         string
	}{
		{"GET", "/healthz", nil, 200, "ok"},
		{"GET", "/readyz", nil, 200, "serving"},
		{"GET", "/", nil, 200, "<title>embedd</title>"},
		{"GET", "/status.json", nil, 200, `"state":"SERVING","model":"fake"`},
		{"GET", "/debug/pprof/", nil, 200, "goroutine"},
		{"GET", "/none", nil, 404, ""},
		{"GET", "/-/reload", nil, 405, ""},
		{"GET", "/metrics", []string{"Host", "evil.example"}, 421, "localhost"},
		{"GET", "/readyz", []string{"Host", "evil.example"}, 200, "serving"},
		{"POST", "/-/reload", []string{"Origin", "http://evil.example"}, 403, ""},
		{"POST", "/-/reload", []string{"Origin", "null"}, 403, ""},
		{"GET", "/debug/pprof/profile?seconds=1", []string{"Sec-Fetch-Site", "cross-site"}, 403, ""},
		{"GET", "/debug/pprof/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 403, ""},
		{"GET", "/debug/pprof/", []string{"Origin", "http://evil.example"}, 403, ""},
		{"GET", "/metrics", []string{"Sec-Fetch-Site", "same-site"}, 403, ""},
		{"GET", "/status.json", []string{"Sec-Fetch-Site", "same-origin"}, 200, "SERVING"},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200, "<title>"}, // a link
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403, ""},
		{"POST", "/-/reload", nil, 200, "replaced"},
		{"POST", "/-/reload", nil, 409, "nothing was replaced"},
		{"GET", "/metrics", nil, 200, `embedd_swaps_total{result="failed"} 1`},
		{"GET", "/metrics", nil, 200, `embedd_swaps_total{result="ok"} 1`},
	} {
		if status, reply := ask(t, c.method, base+c.path, "", c.header...); status != c.status ||
			!strings.Contains(reply, c.says) {
			t.Errorf("%s %s %v: status %d, %.200s; want %d with %q", c.method, c.path, c.header, status, reply, c.status, c.says)
		}
	}
}

// TestTokensAreReadAtReload takes a caller's token away while the server runs.
func TestTokensAreReadAtReload(t *testing.T) {
	c, token, _ := protected(t)
	c.TLSCert, c.TLSKey = "", ""
	r := &servetest.Runner{}
	g := newRig(t, c, servetest.Options(t, r), r)
	get := func() int {
		status, _ := ask(t, "GET", g.httpURL()+"/v1/models", "", "Authorization", "Bearer "+token)
		return status
	}
	if got := get(); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	_, other, err := secure.New(secure.Entry{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.TokensFile, []byte(other.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.reload(minute(t), g.server); err != nil {
		t.Fatal(err)
	}
	if got := get(); got != http.StatusUnauthorized {
		t.Errorf("a token that has left the file: status %d", got)
	}
}

// TestReloadTakesAllOrNothing breaks the model, then the tokens file: neither replaces the other half alone.
func TestReloadTakesAllOrNothing(t *testing.T) {
	c, token, _ := protected(t)
	c.TLSCert, c.TLSKey = "", ""
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	loads, broken := 0, false
	load := o.Load
	o.Load = func(ctx context.Context) (*serve.Model, error) {
		if loads++; broken {
			return nil, errors.New("no such folder")
		}
		return load(ctx)
	}
	g := newRig(t, c, o, r)
	fresh, other, err := secure.New(secure.Entry{Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	step := func(name, tokens string, breakModel bool, want, wantFresh, wantLoads int) {
		t.Helper()
		if err := os.WriteFile(c.TokensFile, []byte(tokens), 0o600); err != nil {
			t.Fatal(err)
		}
		broken = breakModel
		if err := g.reload(minute(t), g.server); (err != nil) != (want == http.StatusOK) {
			t.Errorf("%s: %v", name, err)
		}
		for token, want := range map[string]int{token: want, fresh: wantFresh} {
			if got, _ := ask(t, "GET", g.httpURL()+"/v1/models", "", "Authorization", "Bearer "+token); got != want {
				t.Errorf("%s: status %d, want %d", name, got, want)
			}
		}
		if loads != wantLoads {
			t.Errorf("%s: the model was loaded %d times, want %d", name, loads, wantLoads)
		}
	}
	before := loads
	step("a model that cannot be loaded", other.String(), true, http.StatusOK, http.StatusUnauthorized, before+1)
	step("a tokens file that cannot be read", "half a li", false, http.StatusOK, http.StatusUnauthorized, before+1)
	step("both are whole", other.String(), false, http.StatusUnauthorized, http.StatusOK, before+2)
}

// TestTracesAreOffByDefault has no exporter, and nobody to make spans, without an endpoint.
func TestTracesAreOffByDefault(t *testing.T) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		t.Setenv(name, "")
	}
	c := Default()
	c.AdminListen = ""
	for endpoint, want := range map[string]bool{"": false, "http://127.0.0.1:1": true} {
		c.OTLPEndpoint = endpoint
		p, err := open(minute(t), c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.traces != nil; got != want {
			t.Errorf("endpoint %q: traces %v", endpoint, got)
		}
		p.close()
	}
}

func TestUsualAdminAddressMayBeTaken(t *testing.T) {
	l, err := net.Listen("tcp", Default().AdminListen)
	if err == nil { // else somebody has it already, which is as good
		defer l.Close()
	}
	p, err := open(minute(t), Default(), slog.New(slog.DiscardHandler))
	if err != nil || p.admin != nil {
		t.Errorf("the usual address is taken: %v, listener %v", err, p.admin)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c := Default()
	c.AdminListen = other.Addr().String()
	if _, err := open(minute(t), c, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an address that was asked for and is taken is no error")
	}
}
