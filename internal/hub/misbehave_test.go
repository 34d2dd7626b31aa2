package hub

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hives/internal/fault"
)

// cut sends the reply's headers and a part of its bytes, then breaks the connection.
func cut(w http.ResponseWriter, r *http.Request, body []byte, keep int) {
	rec := &shortWriter{ResponseWriter: w, left: keep}
	http.ServeContent(rec, r, "", time.Time{}, bytes.NewReader(body))
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

type shortWriter struct {
	http.ResponseWriter
	left int
}

func (s *shortWriter) Write(b []byte) (int, error) {
	n := min(len(b), s.left)
	s.left -= n
	s.ResponseWriter.Write(b[:n])
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// Every reply is cut, far more often than tries are allowed in a row: each brings enough to go on.
func TestCutTransfersGoOn(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	var cuts, sent atomic.Int64
	h.bytes = func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool {
		if !large(name) {
			return false
		}
		rng := r.Header.Get("Range")
		var from, to int64
		fmt.Sscanf(rng, "bytes=%d-%d", &from, &to)
		sent.Add(min(to-from+1, 25_000))
		if to-from < 25_000 {
			return false
		}
		cuts.Add(1)
		cut(w, r, body, 25_000)
		return true
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	if cuts.Load() < 8 {
		t.Errorf("%d cuts: the test cut nothing", cuts.Load())
	}
	// What had come was not asked for again, but for what was still on its way when the connection broke.
	if size := int64(len(h.files["model.safetensors"])); sent.Load() > 2*size {
		t.Errorf("%d bytes asked for, the file has %d", sent.Load(), size)
	}
}

// A server that cuts everything at once, or stalls, is given up after the allowed tries.
func TestHopelessServerIsGivenUp(t *testing.T) {
	t.Parallel()
	cases := map[string]func(w http.ResponseWriter, r *http.Request, body []byte){
		"cuts at the first byte": func(w http.ResponseWriter, r *http.Request, body []byte) { cut(w, r, body, 0) },
		"stalls": func(w http.ResponseWriter, r *http.Request, _ []byte) {
			select {
			case <-r.Context().Done():
			case <-time.After(2 * time.Second):
			}
		},
		"is broken": func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(http.StatusBadGateway) },
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			var asked atomic.Int64
			h.bytes = func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool {
				if name != "config.json" {
					return false
				}
				asked.Add(1)
				answer(w, r, body)
				return true
			}
			_, err := h.run(t, dir, func(d *download) { d.client.stall = 300 * time.Millisecond })
			expectKind(t, err, fault.Unavailable, "config.json", "4 tries")
			if asked.Load() < int64(quick.tries)-1 || asked.Load() > int64(quick.tries) { // a try may end before it is heard
				t.Errorf("asked %d times, want %d", asked.Load(), quick.tries)
			}
			expectNothing(t, dir)
		})
	}
}

// A slow server is no stalled one: bytes keep coming.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.bytes = func(w http.ResponseWriter, _ *http.Request, name string, body []byte) bool {
		if name != "tokenizer.json" {
			return false
		}
		for chunk := 0; chunk < len(body); chunk += 500 {
			w.Write(body[chunk : chunk+500])
			w.(http.Flusher).Flush()
			time.Sleep(60 * time.Millisecond) // 8 × 60 ms > the 400 ms after which silence counts as a stall
		}
		return true
	}
	if _, err := h.run(t, dir, func(d *download) { d.client.stall = 400 * time.Millisecond }); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
}

func TestWrongByte(t *testing.T) {
	t.Parallel()
	for name, spoilt := range map[string]int64{"once": 1, "always": 1 << 30} {
		for _, file := range []string{"model.safetensors", "tokenizer.json"} { // SHA-256 and git's hash
			t.Run(name+" "+file, func(t *testing.T) {
				t.Parallel()
				h, dir := newHub(t), t.TempDir()
				var served atomic.Int64
				h.bytes = func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool {
					if name == file && served.Add(1) <= spoilt {
						body = bytes.Clone(body)
						for i := 0; i < len(body); i += 1000 {
							body[i] ^= 1 // in every range
						}
					}
					http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
					return true
				}
				_, err := h.run(t, dir)
				if spoilt == 1 && err == nil {
					h.expectModel(t, dir)
					return
				}
				expectKind(t, err, fault.Corrupt, file, "hash")
				expectNothing(t, dir)
			})
		}
	}
}

func TestServerWithoutRanges(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	var first atomic.Bool
	h.bytes = func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool {
		if large(name) && r.Header.Get("Range") == "" && first.CompareAndSwap(false, true) {
			cut(w, r, body, 100_000) // the whole file has to come again
		}
		w.Write(body)
		return true
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	if !first.Load() {
		t.Error("the file was never asked for as a whole")
	}
}

// Without ranges a cut brings nothing that stays, so that tries must end.
func TestServerWithoutRangesThatCutsIsGivenUp(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.bytes = func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool {
		if large(name) {
			r.Header.Del("Range")
			cut(w, r, body, 100_000)
		}
		return false
	}
	_, err := h.run(t, dir)
	expectKind(t, err, fault.Unavailable, "model.safetensors")
	expectNothing(t, dir)
}

func TestLiesAboutSizes(t *testing.T) {
	t.Parallel()
	send := func(status int, contentRange string, n int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if contentRange != "" {
				w.Header().Set("Content-Range", contentRange)
			}
			w.WriteHeader(status)
			w.(http.Flusher).Flush() // without a length
			w.Write(make([]byte, n))
		}
	}
	cases := map[string]func(http.ResponseWriter){
		"longer than announced": send(http.StatusOK, "", 9000),
		"another length": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "3999")
			w.Write(make([]byte, 3999))
		},
		"a range nobody asked for": send(http.StatusPartialContent, "bytes 5-4004/4005", 4000),
		"a range of a larger file": send(http.StatusPartialContent, "bytes 0-3999/9000", 4000),
		"a range without a place":  send(http.StatusPartialContent, "", 4000),
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			h.bytes = func(w http.ResponseWriter, r *http.Request, name string, _ []byte) bool {
				if name != "tokenizer.json" {
					return false
				}
				w.Header().Del("Etag")
				answer(w)
				return true
			}
			_, err := h.run(t, dir)
			if k := fault.Of(err); k != fault.Corrupt && k != fault.Mismatch {
				t.Errorf("%v (%v), want a refusal", err, k)
			}
			expectNothing(t, dir)
			filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
				if info, err := d.Info(); err == nil && !d.IsDir() && info.Size() == 9000 {
					t.Errorf("%s holds more than was announced", path)
				}
				return nil
			})
		})
	}
}

func TestHeadersAgainstTheList(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{
		"X-Repo-Commit": strings.Repeat("b", 40), "X-Linked-Etag": strings.Repeat("c", 64), "X-Linked-Size": "12",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			h.resolve = func(w http.ResponseWriter, r *http.Request, name string) bool {
				if large(name) {
					w.Header().Set(key, value)
					http.Redirect(w, r, h.cdn.URL+"/"+name, http.StatusFound)
				}
				return large(name)
			}
			_, err := h.run(t, dir)
			expectKind(t, err, fault.Mismatch, "model.safetensors")
			expectNothing(t, dir)
		})
	}
}

// What will not get better ends at the first answer, with what to do.
func TestRefusalsEndAtOnce(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status int
		code   string
		token  secret
		kind   fault.Kind
		words  []string
	}{
		{401, "RepoNotFound", "", fault.Invalid, []string{"HF_TOKEN", "check the id", "licence"}},
		{401, "", testToken, fault.Invalid, []string{"token in HF_TOKEN", "check the id"}},
		{403, "GatedRepo", testToken, fault.Invalid, []string{"gated", "accept its licence"}},
		{404, "RevisionNotFound", "", fault.NotFound, []string{"--revision"}},
		{404, "", "", fault.NotFound, []string{"check the id"}},
		{418, "", "", fault.Unavailable, []string{"418"}},
	}
	for _, c := range cases {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			h.api = func(w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("X-Error-Code", c.code)
				w.WriteHeader(c.status)
				fmt.Fprint(w, r.Header.Get("Authorization")) // an echo of the token
				return true
			}
			_, err := h.run(t, dir, func(d *download) { d.client.Token = c.token })
			expectKind(t, err, c.kind, c.words...)
			if n := len(h.requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestBusyHubIsAskedAgain(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	var api, file atomic.Int64
	var askedAt [2]time.Time
	h.api = func(w http.ResponseWriter, _ *http.Request) bool {
		n := api.Add(1)
		if n <= 2 {
			askedAt[n-1] = time.Now()
		}
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return n == 1
	}
	h.resolve = func(w http.ResponseWriter, _ *http.Request, name string) bool {
		busy := name == "config.json" && file.Add(1) <= 2
		if busy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return busy
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	if waited := askedAt[1].Sub(askedAt[0]); waited < time.Second {
		t.Errorf("asked again after %v, the hub asked for 1 s", waited)
	}
}

func TestLongPauseEndsAtOnce(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.api = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	_, err := h.run(t, dir)
	expectKind(t, err, fault.Unavailable, "1h0m0s")
	if n := len(h.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// Signed addresses expire: the hub is asked for a new one.
func TestExpiredAddress(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	var n atomic.Int64
	h.bytes = func(w http.ResponseWriter, _ *http.Request, name string, _ []byte) bool {
		expired := large(name) && n.Add(1) <= 2
		if expired {
			w.WriteHeader(http.StatusForbidden)
		}
		return expired
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{"in a circle": "/" + testID + "/resolve/" + testCommit + "/config.json",
		"to no web": "file:///etc/passwd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			h.resolve = func(w http.ResponseWriter, _ *http.Request, name string) bool {
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusFound)
				return true
			}
			_, err := h.run(t, dir, func(d *download) { d.Include = []string{"config.json"} })
			expectKind(t, err, fault.Unavailable, "redirect")
			if n := len(h.requests()); n > maxRedirects+2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}
