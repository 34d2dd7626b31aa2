package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/internal/serve/secure"
)

// ask sends a request with headers and returns status, headers and body.
func ask(t *testing.T, url, method, body string, headers map[string]string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range headers {
		r.Header.Set(key, value)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, reply.Header, string(raw)
}

func zipped(body string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	z.Close()
	return b.String()
}

// TestForms holds what libraries and gateways send at their defaults to an answer that does not mislead.
func TestForms(t *testing.T) {
	b := plain(t)
	end := servetest.Framed(t).EndID
	gz := map[string]string{"Content-Encoding": "gzip"}
	for _, c := range []struct {
		name, body string
		headers    map[string]string
		status     int
		says       string
	}{
		{"whole numbers as 1.0", fmt.Sprintf(`{"input":[1.0,2e0,%d.0],"dimensions":2.0}`, end), nil, 200, `"embedding"`},
		{"lists of them", fmt.Sprintf(`{"input":[[1.0,%d],[%d.0]]}`, end, end), nil, 200, `"index":1`},
		{"half a dimension", `{"input":"a","dimensions":1.5}`, nil, 400, `"param":"dimensions"`},
		{"dimensions as text", `{"input":"a","dimensions":"2"}`, nil, 400, `"param":"dimensions"`},
		{"null where a field may be left out", `{"input":"a","dimensions":null,"model":null,"encoding_format":null,` +
			`"user":null}`, nil, 200, `"embedding"`},
		{"null among texts", `{"input":["a",null]}`, nil, 400, "text 1 is null"},
		{"null among ids", `{"input":[[1,null]]}`, nil, 400, "null"},
		{"null in the place of a list", fmt.Sprintf(`{"input":[[%d],null]}`, end), nil, 400, "null"},
		{"a field of another server", `{"input":"a","truncate_prompt_tokens":64}`, nil, 400,
			`"param":"truncate_prompt_tokens"`},
		{"a text that slipped into a key", `{"input":"a","I stole money":1}`, nil, 400, `"param":null`},
		{"another model's name", `{"input":"a","model":"text-embedding-3-small"}`, nil, 404, `the model \"fake\"`},
		{"ids of another vocabulary", `{"input":[1548,4060,3300]}`, nil, 400, "check_embedding_ctx_length"},
		{"gzip", zipped(`{"input":"a"}`), gz, 200, `"embedding"`},
		{"gzip in capitals", zipped(`{"input":"a"}`), map[string]string{"Content-Encoding": "GZIP"}, 200, `"embedding"`},
		{"a bomb", zipped(`{"input":"` + strings.Repeat("a", 64<<20) + `"}`), gz, 413, "body_too_large"},
		{"not gzip", `{"input":"a"}`, gz, 400, "gzip"},
		{"half of a gzip body", zipped(`{"input":"a"}`)[:15], gz, 400, "packed"},
		{"another packing", `{"input":"a"}`, map[string]string{"Content-Encoding": "br"}, 415, "content_encoding"},
	} {
		status, h, raw := ask(t, b.url+"/v1/embeddings", http.MethodPost, c.body, c.headers)
		if status != c.status || !strings.Contains(raw, c.says) {
			t.Errorf("%s: status %d, %.200s; want %d with %s", c.name, status, raw, c.status, c.says)
		}
		if h.Get(weightsHeader) != "weights0" {
			t.Errorf("%s: the reply does not say whose it is", c.name)
		}
	}
}

// TestASwapShows: the name stays, the weights' hash does not.
func TestASwapShows(t *testing.T) {
	first, second := &servetest.Runner{}, &servetest.Runner{Offset: 7}
	o := servetest.Options(t, first)
	m := servetest.Model(t, first)
	m.Aliases = []string{"text-embedding-3-small"}
	o.Load = func(context.Context) (*serve.Model, error) {
		now := m
		m = servetest.Model(t, second)
		return now, nil
	}
	b := newBench(t, o, first, nil)
	seen := map[string]bool{}
	for range 2 {
		_, h, raw := b.post(t, `{"input":"a"}`, "")
		var body struct {
			Model   string
			Weights string `json:"weights_sha256"`
		}
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		_, _, list := b.do(t, http.MethodGet, "/v1/models", "", "")
		if body.Model != "fake" || body.Weights != h.Get(weightsHeader) ||
			!strings.Contains(string(list), `"weights_sha256":"`+body.Weights+`"`) {
			t.Errorf("%s, header %q, list %s", raw, h.Get(weightsHeader), list)
		}
		seen[body.Weights] = true
		if len(seen) == 1 {
			if status, _, _ := b.post(t, `{"input":"a","model":"text-embedding-3-small"}`, ""); status != 200 {
				t.Errorf("by an alias: status %d", status)
			}
			if err := b.Swap(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("two models told the weights %v", seen)
	}
}

// TestMethods: Allow names what a path takes, and who has GET has HEAD.
func TestMethods(t *testing.T) {
	b := plain(t)
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/v1/embeddings", "POST"}, {"HEAD", "/v1/embeddings", "POST"}, {"OPTIONS", "/v1/embeddings", "POST"},
		{"DELETE", "/v1/models", "GET, HEAD"}, {"POST", "/v1/models/fake", "GET, HEAD"},
	} {
		if status, h, _ := ask(t, b.url+c.path, c.method, "", nil); status != http.StatusMethodNotAllowed ||
			h.Get("Allow") != c.allow {
			t.Errorf("%s %s: status %d, Allow %q; want 405, %q", c.method, c.path, status, h.Get("Allow"), c.allow)
		}
	}
	_, got, body := ask(t, b.url+"/v1/models", http.MethodGet, "", nil)
	status, head, none := ask(t, b.url+"/v1/models", http.MethodHead, "", nil)
	if status != 200 || none != "" || head.Get("Content-Length") != got.Get("Content-Length") ||
		fmt.Sprint(len(body)) != got.Get("Content-Length") {
		t.Errorf("HEAD: status %d, headers %v, body %q", status, head, none)
	}
}

// TestCORS: pages of the origins that were named may call, others may not, and by default none.
func TestCORS(t *testing.T) {
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	for _, c := range []struct {
		name    string
		origins []string
		origin  string
		let     bool
	}{
		{"none by default", nil, "https://a.example", false}, {"the one", []string{"https://a.example"}, "https://a.example",
			true},
		{"another", []string{"https://a.example"}, "https://b.example", false}, {"all", []string{"*"}, "null", true},
	} {
		srv := httptest.NewServer(Handler(Options{Server: f.Server, Log: slog.New(slog.DiscardHandler), Origins: c.origins}))
		status, h, _ := ask(t, srv.URL+"/v1/embeddings", http.MethodOptions, "", map[string]string{
			"Origin": c.origin, "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "authorization,x-stainless-os",
		})
		if got := status == http.StatusNoContent && h.Get("Access-Control-Allow-Origin") == c.origin &&
			strings.Contains(h.Get("Access-Control-Allow-Headers"), "x-stainless-os"); got != c.let {
			t.Errorf("%s: asked before: status %d, %v", c.name, status, h)
		}
		_, h, _ = ask(t, srv.URL+"/v1/embeddings", http.MethodPost, `{"input":"a"}`, map[string]string{"Origin": c.origin})
		if got := h.Get("Access-Control-Allow-Origin") == c.origin; got != c.let {
			t.Errorf("%s: the call itself: %v", c.name, h)
		}
		srv.Close()
	}
}

// TestForeignPagesAreRefused: on loopback a page of another site reaches nothing, under whatever name, except where its
// origin was named. A token makes the name free, since no such page has one.
func TestForeignPagesAreRefused(t *testing.T) {
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	for _, c := range []struct {
		host, origin, site string
		origins            []string
		tokens             *secure.Tokens
		status             int
	}{
		{"127.0.0.1:8080", "", "", nil, nil, 200},
		{"localhost", "", "none", nil, nil, 200},
		{"evil.example:8080", "", "", nil, nil, 421},
		{"evil.example:8080", "http://evil.example:8080", "same-origin", nil, nil, 421},
		{"evil.example", "", "", []string{"*"}, nil, 421},
		{"evil.example", "", "", nil, new(secure.Tokens), 401},
		{"127.0.0.1:8080", "https://evil.example", "cross-site", nil, nil, 403},
		{"127.0.0.1:8080", "null", "", nil, nil, 403},
		{"127.0.0.1:8080", "http://127.0.0.1:3000", "", nil, nil, 403},
		{"127.0.0.1:8080", "", "cross-site", nil, nil, 403},
		{"127.0.0.1:8080", "https://a.example", "cross-site", []string{"https://a.example"}, nil, 200},
		{"127.0.0.1:8080", "https://b.example", "cross-site", []string{"https://a.example"}, nil, 403},
	} {
		h := Handler(Options{Server: f.Server, Log: slog.New(slog.DiscardHandler), Loopback: true, Origins: c.origins,
			Tokens: c.tokens})
		for method, path := range map[string]string{http.MethodGet: "/v1/models", http.MethodPost: "/v1/embeddings"} {
			asked := httptest.NewRequest(method, path, strings.NewReader(`{"input":"a"}`))
			asked.Host = c.host
			for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
				if value != "" {
					asked.Header.Set(name, value)
				}
			}
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, asked); w.Code != c.status || c.status != 200 && !strings.Contains(w.Body.String(), `"error"`) {
				t.Errorf("%s %+v: status %d, %s", path, c, w.Code, w.Body)
			}
		}
	}
}

// TestManyTexts: a request of many texts is answered part by part, in order; ids can be forbidden.
func TestManyTexts(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Limits.HTTPTexts, o.Limits.HTTPTokens = 2048, 20_000
	b := newBench(t, o, r, nil)
	var texts []string
	for i := range 1000 {
		texts = append(texts, fmt.Sprint("document ", i))
	}
	body, err := json.Marshal(map[string]any{"input": texts})
	if err != nil {
		t.Fatal(err)
	}
	got := b.embed(t, string(body))
	if len(got.Data) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(got.Data), len(texts))
	}
	for i, e := range got.Data {
		ids, _, err := servetest.Framed(t).Encode(texts[i])
		if err != nil {
			t.Fatal(err)
		}
		for k, x := range floats(t, e.Embedding) {
			if d := float64(x) - want(ids, servetest.Dim)[k]; e.Index != i || d > 1e-5 || d < -1e-5 {
				t.Fatalf("vector %d, index %d, differs by %g from its text's", i, e.Index, d)
			}
		}
	}
	texts[700] = strings.Repeat("too long ", 40)
	body, _ = json.Marshal(map[string]any{"input": texts})
	if status, _, raw := b.post(t, string(body), ""); status != 400 || !strings.Contains(string(raw), "text 700") {
		t.Errorf("a text too long in a later part: status %d, %s", status, raw)
	}
	srv := httptest.NewServer(Handler(Options{Server: b.Server, Log: slog.New(slog.DiscardHandler), NoIDs: true}))
	defer srv.Close()
	if status, _, raw := ask(t, srv.URL+"/v1/embeddings", http.MethodPost, fmt.Sprintf(`{"input":[%d]}`,
		servetest.Framed(t).EndID), nil); status != 400 || !strings.Contains(raw, "no_token_ids") {
		t.Errorf("ids where they are forbidden: status %d, %s", status, raw)
	}
}

// TestRefusalsAreSeen: a client that sends all of a large body before it reads anything sees the refusal.
func TestRefusalsAreSeen(t *testing.T) {
	b := plain(t)
	body := strings.Repeat("x", 12<<20)
	for path, want := range map[string]string{"/v1/embeddings": " 413 ", "/v1/models": " 405 ", "/v1/other": " 404 "} {
		c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		_, err = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
		if err != nil {
			t.Errorf("%s: the connection broke before all was sent: %v", path, err)
		}
		first := make([]byte, 100)
		n, err := c.Read(first)
		if !strings.Contains(string(first[:n]), want) {
			t.Errorf("%s: %q, %v; want%s", path, first[:n], err, want)
		}
		c.Close()
	}
}

// TestSlowBodiesGet408: half a body, and nothing more.
func TestSlowBodiesGet408(t *testing.T) {
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	srv := httptest.NewUnstartedServer(Handler(Options{Server: f.Server, Log: slog.New(slog.DiscardHandler)}))
	srv.Config.ReadTimeout = 50 * time.Millisecond
	srv.Start()
	defer srv.Close()
	for _, encoding := range []string{"identity", "gzip"} {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Encoding: %s\r\nContent-Length: 100\r\n\r\n{\"inp",
			encoding)
		raw, err := io.ReadAll(c)
		if !strings.HasPrefix(string(raw), "HTTP/1.1 408 ") || !strings.Contains(string(raw), "slow_message") {
			t.Errorf("%s: %q, %v", encoding, raw, err)
		}
		c.Close()
	}
	for _, s := range f.Shares() {
		if s.Limit == "bytes_under_way" && s.Used > 0 {
			t.Errorf("%d bytes are kept for bodies that did not come", s.Used)
		}
	}
}
