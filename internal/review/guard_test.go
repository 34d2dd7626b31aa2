package review

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/judge"
)

// TestRefusals sends what other web pages, other machines' names and guesses would send.
func TestRefusals(t *testing.T) {
	b := newBench(t, 1)
	form := url.Values{"as": {"ann"}, "id": {b.id(0)}, "choice": {"none"}}.Encode()
	token := strings.Trim(strings.TrimPrefix(b.base, b.URL), "/")
	cases := []struct {
		name   string
		method string
		url    string
		body   string
		change func(*http.Request)
		status int
	}{
		{"no token", "GET", b.URL + "/", "", nil, 403},
		{"no token, known page", "GET", b.URL + "/item?as=ann", "", nil, 403},
		{"wrong token", "GET", b.URL + "/" + strings.Repeat("A", len(token)) + "/", "", nil, 403},
		{"half a token", "GET", b.URL + "/" + token[:10] + "/", "", nil, 403},
		{"token without slash", "GET", b.URL + "/" + token, "", nil, 403},
		{"token in lower case", "GET", b.URL + "/" + strings.ToLower(token) + "/", "", nil, 403},
		{"dots in the path", "GET", b.URL + "/x/../" + token + "/", "", nil, 403},
		{"foreign host", "GET", b.base, "", func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"foreign host with our port", "GET", b.base, "", func(r *http.Request) { r.Host = "evil.example:" + r.URL.Port() },
			421},
		{"host without port", "GET", b.base, "", func(r *http.Request) { r.Host = "127.0.0.1" }, 421},
		{"foreign origin", "POST", b.base + "decide", form, func(r *http.Request) {
			r.Header.Set("Origin", "http://evil.example")
		}, 403},
		{"null origin", "POST", b.base + "decide", form, func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"no origin", "POST", b.base + "decide", form, func(r *http.Request) { r.Header.Del("Origin") }, 403},
		{"origin of another port", "POST", b.base + "undo", form, func(r *http.Request) {
			r.Header.Set("Origin", "http://127.0.0.1:1")
		}, 403},
		{"origin by https", "POST", b.base + "undo", form, func(r *http.Request) {
			r.Header.Set("Origin", strings.Replace(b.URL, "http", "https", 1))
		}, 403},
		{"post without token", "POST", b.URL + "/decide", form, nil, 403},
		{"decide by GET", "GET", b.base + "decide?" + form, "", nil, 405},
		{"undo by GET", "GET", b.base + "undo?as=ann", "", nil, 405},
		{"post to a page", "POST", b.base + "item", form, nil, 405},
		{"other method", "DELETE", b.base + "item", "", nil, 405},
		{"large body", "POST", b.base + "decide", form + "&note=" + strings.Repeat("x", maxBody), nil, 413},
		{"large body of unknown length", "POST", b.base + "decide", form + "&note=" + strings.Repeat("x", maxBody),
			func(r *http.Request) { r.ContentLength = -1 }, 413},
		{"form in the address only", "POST", b.base + "decide?" + form, "", nil, 400},
		{"unknown page", "GET", b.base + "secret", "", nil, 404},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequest(c.method, c.url, io.NopCloser(strings.NewReader(c.body)))
			must(t, err)
			r.ContentLength = int64(len(c.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", b.URL)
			if c.change != nil {
				c.change(r)
			}
			status, body, _ := do(t, r)
			if status != c.status {
				t.Errorf("status %d, want %d: %s", status, c.status, body)
			}
			if strings.Contains(body, token) || strings.Contains(body, "He said") {
				t.Error("the refusal tells the token or a text")
			}
		})
	}
	if h, err := b.store.History(context.Background()); err != nil || len(h) != 0 {
		t.Errorf("%d decisions recorded, %v", len(h), err)
	}
	// The control: the very same form is taken when nothing is wrong with it.
	if status, _, _ := b.post(t, "decide", "as", "ann", "id", b.id(0), "choice", "none"); status != 200 {
		t.Errorf("a good form: status %d", status)
	}
	if h, _ := b.store.History(context.Background()); len(h) != 1 {
		t.Errorf("a good form recorded %d decisions", len(h))
	}
}

func TestHeaders(t *testing.T) {
	b := newBench(t, 1)
	nonces := map[string]bool{}
	for range 2 {
		res, err := http.Get(b.base + "item?as=ann")
		must(t, err)
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		must(t, err)
		csp := res.Header.Get("Content-Security-Policy")
		_, nonce, _ := strings.Cut(csp, "script-src 'nonce-")
		nonce, _, _ = strings.Cut(nonce, "'")
		if csp != policy(nonce) || !strings.HasPrefix(csp, "default-src 'none';") || strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q", csp)
		}
		wants(t, string(raw), `<script nonce="`+nonce+`">`, `<style nonce="`+nonce+`">`)
		lacks(t, string(raw), " style=", " onclick=", "http://", "https://")
		nonces[nonce] = true
		for key, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "same-origin"} {
			if got := res.Header.Get(key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
	}
	if len(nonces) != 2 {
		t.Error("the nonce is the same on two pages")
	}
}

func TestTokensDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		token := newToken()
		if len(token) < 26 || seen[token] {
			t.Fatalf("token of %d letters, seen %v", len(token), seen[token])
		}
		seen[token] = true
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:0": true, "localhost:8080": true, "[::1]:0": true, "127.8.8.8:1": true,
		":8080": false, "0.0.0.0:0": false, "[::]:0": false, "192.168.1.2:80": false, "example.org:80": false,
		"127.0.0.1": false, "": false,
	} {
		err := onlyHere(address)
		if ok != (err == nil) || (!ok && fault.ExitCode(err) != fault.ExitUsage) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// lines catches what Run prints.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

func TestRunServesUntilStopped(t *testing.T) {
	db := filepath.Join(t.TempDir(), "votes.db")
	if err := Run(context.Background(), Job{DB: db, Listen: "127.0.0.1:0"}); fault.Of(err) != fault.NotFound {
		t.Errorf("no votes file: %v", err)
	}
	if err := Run(context.Background(), Job{DB: db, Listen: "0.0.0.0:0"}); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("listen everywhere: %v", err)
	}
	store, err := judge.Open(db)
	must(t, err)
	if err := Run(context.Background(), Job{DB: db, Listen: "127.0.0.1:0"}); fault.Of(err) != fault.NotFound {
		t.Errorf("an empty queue: %v", err)
	}
	must(t, store.PutItems(context.Background(), []judge.Item{{ID: "a", Text: "A text."}}))
	_, err = store.Enqueue(context.Background(), judge.QueueItem{Kind: judge.KindLabel, Run: "r", ItemID: "a",
		Theory: "duty", Level: 1, Reason: "x"})
	must(t, err)
	must(t, store.Close())

	ctx, stop := context.WithCancel(context.Background())
	out, ended := make(lines, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Job{DB: db, Listen: "localhost:0", Reviewer: "Ann", Stdout: out, Stderr: testLog{t}})
	}()
	var printed string
	select {
	case printed = <-out:
	case err := <-ended:
		t.Fatal(err)
	}
	address := strings.TrimSpace(printed[strings.Index(printed, "http://"):])
	res, err := http.Get(address)
	must(t, err)
	raw, _ := io.ReadAll(res.Body)
	res.Body.Close()
	wants(t, string(raw), "Who reviews?", `value="Ann"`)
	stop()
	select {
	case err := <-ended:
		if fault.ExitCode(err) != fault.ExitInterrupted || !strings.Contains(err.Error(), "1 of 1 items") {
			t.Errorf("ended with an item that waits: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("did not end")
	}
	if _, err := http.Get(address); err == nil {
		t.Error("still serves after its end")
	}
}

// A request that does not end is cut off, and that is no error.
func TestEndDoesNotWaitForever(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})}
	asked := make(chan error, 1)
	go func() {
		_, err := http.Get("http://" + l.Addr().String())
		asked <- err
	}()
	must(t, serve(ctx, srv, l, time.Millisecond))
	if <-asked == nil {
		t.Error("the request was answered")
	}
}
