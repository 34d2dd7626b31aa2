package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/internal/serve/secure"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
)

// bench is a server and its address.
type bench struct {
	*servetest.Fixture
	url string
}

func newBench(t testing.TB, o serve.Options, r *servetest.Runner, tokens *secure.Tokens) *bench {
	t.Helper()
	f := servetest.Start(t, o, r)
	srv := httptest.NewServer(Handler(Options{Server: f.Server, Tokens: tokens, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(srv.Close)
	return &bench{f, srv.URL}
}

func plain(t testing.TB) *bench {
	r := &servetest.Runner{}
	return newBench(t, servetest.Options(t, r), r, nil)
}

// post sends a body and returns status, headers and answer.
func (b *bench) post(t testing.TB, body, token string) (int, http.Header, []byte) {
	t.Helper()
	return b.do(t, http.MethodPost, "/v1/embeddings", body, token)
}

func (b *bench) do(t testing.TB, method, path, body, token string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
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
	return reply.StatusCode, reply.Header, raw
}

// answer is a reply as its reader sees it.
type answer struct {
	Object, Model string
	Data          []struct {
		Object    string
		Index     int
		Embedding json.RawMessage
	}
	Usage struct {
		Prompt int `json:"prompt_tokens"`
		Total  int `json:"total_tokens"`
	}
}

func (b *bench) embed(t testing.TB, body string) answer {
	t.Helper()
	status, _, raw := b.post(t, body, "")
	if status != http.StatusOK {
		t.Fatalf("%s: status %d, %s", body, status, raw)
	}
	var out answer
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func floats(t testing.TB, raw json.RawMessage) (v []float32) {
	t.Helper()
	if raw[0] != '"' {
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	packed, err := base64.StdEncoding.DecodeString(strings.Trim(string(raw), `"`))
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(packed); at += 4 {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(packed[at:])))
	}
	return v
}

// want is the unit vector of framed ids, cut to d numbers.
func want(ids []int32, d int) []float64 {
	raw, norm := servetest.Vector(ids), 0.0
	for _, x := range raw[:d] {
		norm += float64(x) * float64(x)
	}
	out := make([]float64, d)
	for i := range out {
		out[i] = float64(raw[i]) / math.Sqrt(norm)
	}
	return out
}

func ids(t testing.TB, text string) []int32 {
	t.Helper()
	out, _, err := servetest.Framed(t).Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func list(v []int32) string { return strings.ReplaceAll(fmt.Sprint(v), " ", ",") }

// TestEveryFormOfInput expects the vectors of the same texts from all four forms, in both encodings.
func TestEveryFormOfInput(t *testing.T) {
	b := plain(t)
	texts := []string{"a lie", "I owe her the truth"}
	first, second := ids(t, texts[0]), ids(t, texts[1])
	both := [][]int32{first, second}
	for form, c := range map[string]struct {
		input string
		want  [][]int32
	}{
		"a text": {`"a lie"`, both[:1]}, "texts": {`[ "a lie", "I owe her the truth"]`, both},
		"ids": {list(first), both[:1]}, "lists of ids": {"[" + list(first) + ",\n" + list(second) + "]", both},
	} {
		for _, more := range []string{``, `,"encoding_format":"float","user":"x"`,
			`,"encoding_format":"base64","model":"fake"`, `,"dimensions":3`} {
			got := b.embed(t, `{"input":`+c.input+more+`}`)
			d, tokens := servetest.Dim, 0
			if strings.Contains(more, "dimensions") {
				d = 3
			}
			if len(got.Data) != len(c.want) {
				t.Fatalf("%s%s: %d vectors for %d texts", form, more, len(got.Data), len(c.want))
			}
			for i, e := range got.Data {
				tokens += len(c.want[i])
				v, twin := floats(t, e.Embedding), want(c.want[i], d)
				for k := range twin {
					if len(v) != d || math.Abs(float64(v[k])-twin[k]) > 1e-6 || e.Index != i || e.Object != "embedding" {
						t.Fatalf("%s%s: vector %d is %v, want %v", form, more, i, v, twin)
					}
				}
				if text := e.Embedding[0] == '"'; text != strings.Contains(more, "base64") {
					t.Errorf("%s%s: the encoding is not what was asked for", form, more)
				}
			}
			if got.Usage.Prompt != tokens || got.Usage.Total != tokens || got.Model != "fake" || got.Object != "list" {
				t.Errorf("%s%s: usage %+v of model %s, want %d tokens", form, more, got.Usage, got.Model, tokens)
			}
		}
	}
}

// refusedBody checks OpenAI's form of an error.
func refusedBody(t testing.TB, raw []byte) (message, kind, code string) {
	t.Helper()
	var out struct{ Error map[string]any }
	if err := json.Unmarshal(raw, &out); err != nil || len(out.Error) != 4 {
		t.Errorf("no error in OpenAI's shape: %s", raw)
	}
	message, _ = out.Error["message"].(string)
	kind, _ = out.Error["type"].(string)
	code, _ = out.Error["code"].(string)
	return message, kind, code
}

const canary = "tweety-4711"

func TestRefusals(t *testing.T) {
	b := plain(t)
	many := strings.TrimSuffix(strings.Repeat(`"x",`, 17), ",")
	heavy := strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("a ", 25)+`",`, 16), ",")
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"nothing", ``, 400, "invalid"},
		{"no JSON", canary, 400, "invalid"},
		{"a list", `["` + canary + `"]`, 400, "invalid"},
		{"no input", `{}`, 400, "invalid"},
		{"null", `{"input":null}`, 400, "invalid"},
		{"an empty list", `{"input":[ ]}`, 400, "invalid"},
		{"an empty text", `{"input":["` + canary + `",""]}`, 400, "empty_text"},
		{"an empty list of ids", `{"input":[[1],[]]}`, 400, "empty_text"},
		{"mixed", `{"input":["` + canary + `",1]}`, 400, "invalid"},
		{"a null among ids", `{"input":[1,null]}`, 400, "invalid"},
		{"a negative id", `{"input":[-1]}`, 400, "invalid"},
		{"half an id", `{"input":[1.5]}`, 400, "invalid"},
		{"an unknown id", `{"input":[999999]}`, 400, "unknown_id"},
		{"an object", `{"input":{"text":"` + canary + `"}}`, 400, "invalid"},
		{"an unknown field", `{"input":"a","` + canary + `":1}`, 400, "invalid"},
		{"a field twice", `{"input":"a","input":"` + canary + `"}`, 400, "invalid"},
		{"a field in another case", `{"input":"a","Input":"` + canary + `"}`, 400, "invalid"},
		{"a field in another case alone", `{"INPUT":"` + canary + `"}`, 400, "invalid"},
		{"half a surrogate pair", `{"input":["` + canary + `","cut \ud83d"]}`, 400, "invalid"},
		{"NaN", `{"input":"` + canary + `","dimensions":NaN}`, 400, "invalid"},
		{"a byte-order mark", "\uFEFF{\"input\":\"a\"}", 400, "invalid"},
		{"more behind it", `{"input":"a"} ` + canary, 400, "invalid"},
		{"no UTF-8", "{\"input\":\"\xff" + canary + "\"}", 400, "invalid"},
		{"another encoding", `{"input":"a","encoding_format":"` + canary + `"}`, 400, "invalid"},
		{"too many dimensions", `{"input":"a","dimensions":7}`, 400, "dimensions"},
		{"no dimensions", `{"input":"a","dimensions":0}`, 400, "dimensions"},
		{"negative dimensions", `{"input":"a","dimensions":-1}`, 400, "invalid"},
		{"another model", `{"input":"a","model":"` + canary + `"}`, 404, "model_not_found"},
		{"too long", `{"input":"` + strings.Repeat(canary+" ", 40) + `"}`, 400, "text_too_long"},
		{"too many texts", `{"input":[` + many + `]}`, 413, "too_many_texts"},
		{"too many tokens", `{"input":[` + heavy + `]}`, 413, "too_many_tokens"},
		{"too many bytes", `{"input":"` + strings.Repeat("x", 5<<20) + `"}`, 413, "body_too_large"},
	} {
		status, _, raw := b.post(t, c.body, "")
		message, kind, code := refusedBody(t, raw)
		if status != c.status || code != c.code || kind != "invalid_request_error" || message == "" {
			t.Errorf("%s: status %d, %s; want %d, %s", c.name, status, raw, c.status, c.code)
		}
		if strings.Contains(string(raw), canary) {
			t.Errorf("%s: the answer quotes the request: %s", c.name, raw)
		}
	}
	if b.embed(t, `{"input":"a"}`); b.Calls() != 0 {
		t.Errorf("%d calls are still counted", b.Calls())
	}
}

func TestPaths(t *testing.T) {
	b := plain(t)
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/v1/models", 200, `"data":[{"id":"fake","object":"model"`},
		{"GET", "/v1/models/fake", 200, `{"id":"fake"`},
		{"GET", "/v1/models/some/other", 404, "model_not_found"},
		{"GET", "/v1/embeddings", 405, "POST"},
		{"POST", "/v1/models", 405, "GET"},
		{"POST", "/v1/chat/completions", 404, "unknown_path"},
		{"DELETE", "/", 404, "unknown_path"},
	} {
		status, _, raw := b.do(t, c.method, c.path, "", "")
		if status != c.status || !strings.Contains(string(raw), c.says) {
			t.Errorf("%s %s: status %d, %s; want %d with %s", c.method, c.path, status, raw, c.status, c.says)
		}
	}
}

func TestOverloadSaysWhenToComeBack(t *testing.T) {
	r := &servetest.Runner{Gate: make(chan struct{})}
	o := servetest.Options(t, r)
	o.Limits.QueueTokens, o.Limits.RequestTokens = 64, 32
	b := newBench(t, o, r, nil)
	t.Cleanup(func() { close(r.Gate) })
	embed := func(text string) error {
		_, err := b.Server.Embed(context.Background(), &hivesv1.EmbedRequest{Texts: []string{text}})
		return err
	}
	go func() { _ = embed("the first") }()
	for r.Batches() == 0 { // the engine stands still from here on, and the queue only grows
		time.Sleep(time.Millisecond)
	}
	full := make(chan error, 30)
	for i := range cap(full) {
		go func() { full <- embed(fmt.Sprintf("text %d that waits", i)) }()
	}
	if err := <-full; err == nil {
		t.Fatal("a text was embedded by an engine that stands still")
	}
	status, h, raw := b.post(t, `{"input":"`+strings.Repeat("words ", 20)+`"}`, "")
	if status != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", status)
	}
	_, kind, code := refusedBody(t, raw)
	if h.Get("Retry-After") == "" || h.Get("Retry-After") == "0" || h.Get("Retry-After-Ms") == "" ||
		kind != "rate_limit_error" || code != "queue_full" {
		t.Errorf("headers %v, %s", h, raw)
	}
}

func TestTokensGuardHTTP(t *testing.T) {
	token, e, err := secure.New(secure.Entry{Name: "a", TokensPerSecond: 1})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte(e.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := secure.OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Admit = secure.Admit
	b := newBench(t, o, r, tokens)
	for _, wrong := range []string{"", "x" + token} {
		status, h, raw := b.post(t, `{"input":"a"}`, wrong)
		if _, _, code := refusedBody(t, raw); status != http.StatusUnauthorized || code != "unauthenticated" ||
			h.Get("WWW-Authenticate") == "" {
			t.Errorf("without the right token: status %d, %s", status, raw)
		}
	}
	if status, _, raw := b.post(t, `{"input":"a"}`, token); status != http.StatusOK {
		t.Errorf("with the token: status %d, %s", status, raw)
	}
	if status, _, _ := b.do(t, "GET", "/v1/models", "", ""); status != http.StatusUnauthorized {
		t.Errorf("models without a token: status %d", status)
	}
}

func TestEngineErrorsAndPanics(t *testing.T) {
	fail := false
	r := &servetest.Runner{OnRun: func(*pack.Batch) error {
		if fail {
			fail = false
			panic(canary)
		}
		return nil
	}}
	b := newBench(t, servetest.Options(t, r), r, nil)
	fail = true
	status, _, raw := b.post(t, `{"input":"`+canary+`"}`, "")
	if _, kind, code := refusedBody(t, raw); status != http.StatusServiceUnavailable || kind != "server_error" ||
		code != "unavailable" || strings.Contains(string(raw), canary) {
		t.Errorf("an engine that panics: status %d, %s", status, raw)
	}
	b.embed(t, `{"input":"`+canary+`"}`)
}

func FuzzBody(f *testing.F) {
	b := plain(f)
	for _, seed := range []string{
		`{"input":"a lie"}`, `{"input":["a","b"],"encoding_format":"base64","dimensions":2}`, `{"input":[1,2,3]}`,
		`{"input":[[1],[2,3]],"user":{}}`,
		`{"input":["a",1]}`, `{"input":""}`, `{"input":[[[1]]]}`, `{"input":"\ud800","model":"fake"}`, `{"input":1e400}`,
		`{"input":[4294967296]}`,
		`{"input":"a","input":["b"]}`, strings.Repeat("[", 10001), `{"input":"a","dimensions":null,"model":null}`, "\xff", ``,
		`null`, `{"INPUT":"a"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/v1/embeddings", strings.NewReader(string(body)))
		w := httptest.NewRecorder()
		Handler(Options{Server: b.Server, Log: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			var got answer
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Data) == 0 || got.Usage.Total == 0 {
				t.Errorf("an answer without vectors or tokens: %s (%v)", w.Body, err)
			}
			for _, e := range got.Data {
				for _, x := range floats(t, e.Embedding) {
					if x-x != 0 {
						t.Errorf("a vector that is not finite: %s", w.Body)
					}
				}
			}
		case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge:
			refusedBody(t, w.Body.Bytes())
		default:
			t.Errorf("a strange body ended in status %d, %s", w.Code, w.Body)
		}
	})
}
