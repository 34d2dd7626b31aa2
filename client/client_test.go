package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"hives/client"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

func TestEmbedAllCutsAndKeepsTheOrder(t *testing.T) {
	f := newFake()
	c := dial(t, f, client.WithParallel(3))
	in := texts(100)
	out, err := c.EmbedAll(context.Background(), &hivesv1.EmbedRequest{Texts: in, Prompt: "p "})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range out.Embeddings {
		if !slices.Equal(e.Values, vector("p "+in[i])) {
			t.Fatalf("text %d got another's vector %v", i, e.Values)
		}
	}
	if len(out.Embeddings) != 100 || out.Model.WeightsSha256 != "w1" {
		t.Errorf("%d vectors of model %v", len(out.Embeddings), out.Model)
	}
	if slices.Max(f.sizes) != 8 || len(f.sizes) != 13 {
		t.Errorf("requests of %v texts, want 12 of 8 and one of 4", f.sizes)
	}
	if most := f.most.Load(); most < 2 || most > 3 {
		t.Errorf("%d requests at once, want up to 3", most)
	}
	ids := &hivesv1.EmbedRequest{TokenIds: []*hivesv1.TokenIds{{Ids: []uint32{5, 6}}, {Ids: []uint32{7}}}}
	if out, err = c.EmbedAll(context.Background(), ids); err != nil ||
		!slices.Equal(out.Embeddings[1].Values, []float32{1, 7}) {
		t.Errorf("ids: %v, %v", out, err)
	}
}

func TestAModelThatIsReplacedBetweenRequestsIsNoticed(t *testing.T) {
	f := newFake()
	f.before = func(call int, _ *hivesv1.EmbedRequest) error {
		if call == 2 {
			f.model = &hivesv1.ModelVersion{WeightsSha256: "w2"}
		}
		return nil
	}
	_, err := dial(t, f, client.WithParallel(1)).EmbedAll(context.Background(), &hivesv1.EmbedRequest{Texts: texts(20)})
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "w1 and w2") {
		t.Errorf("%v, want a mismatch that names both", err)
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		fails int // calls that are refused
		calls int
		kind  fault.Kind // of the final error, Unknown for none
	}{
		{"a server that is back soon", refuse(codes.Unavailable, "DRAINING", 0), 2, 3, fault.Unknown},
		{"a server that stays away", refuse(codes.Unavailable, "DRAINING", 0), 99, 4, fault.Unavailable},
		{"a full queue", refuse(codes.ResourceExhausted, "QUEUE_FULL", time.Millisecond), 2, 3, fault.Unknown},
		{"a queue that stays full", refuse(codes.ResourceExhausted, "QUEUE_FULL", time.Millisecond), 99, 3, fault.Exhausted},
		{"beyond a limit", refuse(codes.ResourceExhausted, "TOO_MANY_CALLS", 0), 1, 1, fault.Exhausted},
		{"a wrong request", refuse(codes.InvalidArgument, "EMPTY_TEXT", 0), 1, 1, fault.Invalid},
		{"a bug", refuse(codes.Internal, "INTERNAL", 0), 1, 1, fault.Unknown},
	} {
		f := newFake()
		f.before = func(call int, _ *hivesv1.EmbedRequest) error {
			if call <= c.fails {
				return c.err
			}
			return nil
		}
		cl := dial(t, f, client.WithPatience(3))
		_, err := cl.Embed(context.Background(), &hivesv1.EmbedRequest{Texts: []string{"a"}})
		if (err != nil) != (c.fails >= c.calls) || fault.Of(err) != c.kind || int(f.calls.Load()) != c.calls {
			t.Errorf("%s: %d calls, %v (%v); want %d and %v", c.name, f.calls.Load(), err, fault.Of(err), c.calls, c.kind)
		}
		if err != nil && (status.Code(err) != status.Code(c.err) || client.Reason(err) != client.Reason(c.err) ||
			!strings.Contains(err.Error(), "127.0.0.1")) {
			t.Errorf("%s: %v has code %v and reason %q, or names no endpoint", c.name, err, status.Code(err), client.Reason(err))
		}
	}
}

func TestADeadlineIsNotSleptThrough(t *testing.T) {
	f := newFake()
	f.before = func(int, *hivesv1.EmbedRequest) error {
		return refuse(codes.ResourceExhausted, "QUEUE_FULL", time.Minute)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := dial(t, f).Embed(ctx, &hivesv1.EmbedRequest{Texts: []string{"a"}})
	if fault.Of(err) != fault.Exhausted || ctx.Err() != nil {
		t.Errorf("%v after the deadline (%v), want the server's answer before it", err, ctx.Err())
	}
}

// TestNoServerIsMissed calls two servers by one name, and stops one of them in the middle.
func TestNoServerIsMissed(t *testing.T) {
	one, two := newFake(), newFake()
	addrOne, stop := serve(t, one)
	addrTwo, _ := serve(t, two)
	r := manual.NewBuilderWithScheme("both")
	r.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: addrOne}, {Addr: addrTwo}}})
	c, err := client.Dial(context.Background(), "both:///x", client.WithParallel(8),
		client.WithDialOptions(grpc.WithResolvers(r)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	one.before = func(call int, _ *hivesv1.EmbedRequest) error {
		if call == 5 {
			go stop.Stop()
		}
		return nil
	}
	in := texts(400)
	out, err := c.EmbedAll(context.Background(), &hivesv1.EmbedRequest{Texts: in})
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if !slices.Equal(out.Embeddings[i].Values, vector(in[i])) {
			t.Fatalf("text %d got another's vector", i)
		}
	}
	if a, b := one.calls.Load(), two.calls.Load(); a < 5 || b < 20 {
		t.Errorf("the servers had %d and %d calls: both should have had some, and the second the rest", a, b)
	}
}

func TestServiceConfigIsValidJSON(t *testing.T) {
	var v map[string]any
	if err := json.Unmarshal([]byte(client.ServiceConfig), &v); err != nil {
		t.Error(err)
	}
	if _, err := client.Dial(context.Background(), "127.0.0.1:1",
		client.WithServiceConfig("{")); fault.Of(err) != fault.Invalid {
		t.Errorf("a broken policy: %v", err)
	}
}

func TestDialRefuses(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, c := range []struct {
		name, target string
		opts         []client.Option
		kind         fault.Kind
		says         string
	}{
		{"nobody there", "grpc://127.0.0.1:1", nil, fault.Unavailable, "127.0.0.1:1"},
		{"a token in the clear", "grpc://embedd.example:50051", []client.Option{client.WithToken("secret")}, fault.Invalid,
			"unencrypted"},
		{"a token in the clear by name service", "dns:///10.0.0.7:50051", []client.Option{client.WithToken("secret")},
			fault.Invalid, "unencrypted"},
		{"a token file that is not there", "grpc://localhost:1", []client.Option{client.WithTokenFile("no/such/file")},
			fault.Invalid, "token cannot be read"},
	} {
		_, err := client.Dial(ctx, c.target, c.opts...)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want one that says %q and not the token", c.name, err, c.says)
		}
		if fault.Of(err) != c.kind {
			t.Errorf("%s: %v, want %v", c.name, fault.Of(err), c.kind)
		}
	}
}

func TestATokenFileIsReadAnew(t *testing.T) {
	f := newFake()
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	c := dial(t, f, client.WithTokenFile(path))
	write("second")
	if _, err := c.GetInfo(context.Background(), &hivesv1.GetInfoRequest{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.tokens, []string{"Bearer first", "Bearer second"}) {
		t.Errorf("the server saw %v", f.tokens)
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(raw)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	f := newFake()
	own := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	addr, _ := serve(t, f, grpc.Creds(credentials.NewTLS(own)))
	c, err := client.Dial(context.Background(), "grpcs://"+addr, client.WithTLS(&tls.Config{RootCAs: roots}),
		client.WithToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if !slices.Equal(f.tokens, []string{"Bearer t"}) {
		t.Errorf("the server saw %v", f.tokens)
	}
	if _, err := client.Dial(context.Background(), "grpcs://"+addr,
		client.WithServiceConfig("{}")); fault.Of(err) != fault.Unavailable {
		t.Errorf("a certificate of an unknown authority: %v", err)
	}
}

func TestACancelledCall(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := dial(t, newFake())
	cancel()
	_, err := c.EmbedAll(ctx, &hivesv1.EmbedRequest{Texts: texts(20)})
	if fault.Of(err) != fault.Canceled {
		t.Errorf("%v", err)
	}
}
