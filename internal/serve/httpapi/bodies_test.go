package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"hives/internal/rig/servetest"
)

// served sends a body straight to the handler; an unknown length is that of a chunked body.
func served(b *bench, body io.Reader, length int64, packing ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/v1/embeddings", body)
	r.ContentLength = length
	r.Header["Content-Encoding"] = packing
	w := httptest.NewRecorder()
	Handler(Options{Server: b.Server, Log: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
	return w
}

// TestPackedForms: each way to pack a body is read, or refused by its name.
func TestPackedForms(t *testing.T) {
	b := plain(t)
	whole, empty := zipped(`{"input":"a"}`), zipped("")
	two := zipped(`{"input":`) + zipped(`"a"}`)
	most := b.Server.Limits().RequestBytes
	padding := strings.Repeat(empty, most/len(empty)+1)
	for _, c := range []struct {
		name, body string
		packing    []string
		status     int
		says       string
	}{
		{"two members are one body", two, []string{"gzip"}, 200, `"embedding"`},
		{"an empty member behind", whole + empty, []string{"gzip"}, 200, `"embedding"`},
		{"a second object behind", whole + whole, []string{"gzip"}, 400, "more behind"},
		{"no gzip behind", whole + "{}", []string{"gzip"}, 400, "packed"},
		{"cut in its trailer", whole[:len(whole)-3], []string{"gzip"}, 400, "packed"},
		{"a wrong checksum", whole[:len(whole)-8] + "abcd" + whole[len(whole)-4:], []string{"gzip"}, 400, "packed"},
		{"nothing", "", []string{"gzip"}, 400, "gzip"},
		{"an empty gzip", empty, []string{"gzip"}, 400, "invalid"},
		{"more packed than a body may be", whole + padding, []string{"gzip"}, 413, "body_too_large"},
		{"the old name", whole, []string{"x-gzip"}, 200, `"embedding"`},
		{"identity says nothing", whole, []string{"identity, gzip"}, 200, `"embedding"`},
		{"identity on a line of its own", whole, []string{"identity", "gzip"}, 200, `"embedding"`},
		{"an empty value", `{"input":"a"}`, []string{""}, 200, `"embedding"`},
		{"twice", zipped(whole), []string{"gzip, gzip"}, 415, "packed once"},
		{"twice, on two lines", zipped(whole), []string{"gzip", "gzip"}, 415, "packed once"},
		{"an unknown one", whole, []string{"snappy"}, 415, "content_encoding"},
		{"an unknown one behind", whole, []string{"gzip", "zstd"}, 415, "content_encoding"},
		{"deflate", whole, []string{"deflate"}, 415, "content_encoding"},
	} {
		w := served(b, strings.NewReader(c.body), -1, c.packing...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: status %d, %.200s; want %d with %s", c.name, w.Code, w.Body, c.status, c.says)
		}
		if got := w.Header().Get("Accept-Encoding"); (got == "gzip") != (c.status == http.StatusUnsupportedMediaType) {
			t.Errorf("%s: status %d with Accept-Encoding %q", c.name, w.Code, got)
		}
	}
}

// TestABombTakesNoMemory: 4 GiB in a body of less than the bound cost no more than a few bodies of the largest size.
// The dumb twin is the same body without its packing: it may cost as much.
func TestABombTakesNoMemory(t *testing.T) {
	b := plain(t)
	most := b.Server.Limits().RequestBytes
	member := zipped(strings.Repeat(" ", 16<<20))
	bomb := strings.Repeat(member, 256)
	if len(bomb) > most {
		t.Fatalf("the bomb has %d bytes, of at most %d", len(bomb), most)
	}
	took := func(body string, packing ...string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if w := served(b, strings.NewReader(body), int64(len(body)), packing...); w.Code < 400 {
			t.Errorf("status %d", w.Code)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	plain := took(strings.Repeat(" ", most))
	if packed := took(bomb, "gzip"); packed > 2*plain {
		t.Errorf("a bomb of %d bytes allocated %d, a plain body of the largest size %d", len(bomb), packed, plain)
	}
}

// watched is a body that looks at the room that is kept for it while it is read.
type watched struct {
	io.Reader
	look func()
}

func (w watched) Read(p []byte) (int, error) {
	w.look()
	return w.Reader.Read(p)
}

// TestRoomForWhatIsUnpacked: a packed body takes the room of the largest, since it may become that; a plain one takes
// its own length. Afterwards nothing is held.
func TestRoomForWhatIsUnpacked(t *testing.T) {
	b := plain(t)
	most := b.Server.Limits().RequestBytes
	under := func() int {
		for _, s := range b.Shares() {
			if s.Limit == "bytes_under_way" {
				return int(s.Used)
			}
		}
		t.Fatal("no figure of bytes under way")
		return 0
	}
	body := `{"input":"a"}`
	for _, c := range []struct {
		body    string
		packing []string
		room    int
	}{{body, nil, len(body)}, {zipped(body), []string{"gzip"}, most}} {
		seen := 0
		from := watched{bytes.NewReader([]byte(c.body)), func() { seen = max(seen, under()) }}
		if w := served(b, from, int64(len(c.body)), c.packing...); w.Code != http.StatusOK || seen != c.room {
			t.Errorf("%v: status %d, room for %d bytes; want %d", c.packing, w.Code, seen, c.room)
		}
		if left := under(); left != 0 {
			t.Errorf("%v: %d bytes are still kept", c.packing, left)
		}
	}
}

// TestParam: a refusal names the field it is about, also where the server below found it.
func TestParam(t *testing.T) {
	b := plain(t)
	for body, param := range map[string]string{
		`{"input":""}`: "input", `{"input":["a",""]}`: "input", `{"input":[[1],[]]}`: "input", `{"input":[999999]}`: "input",
		`{"input":[1]}`: "input", `{"input":["a",["b"]]}`: "input", `{"input":[["a"]]}`: "input", `{"model":"fake"}`: "input",
		`{"input":"` + strings.Repeat("too long ", 40) + `"}`: "input", `{"input":"a","dimensions":0}`: "dimensions",
		`{"input":"a","dimensions":99}`: "dimensions", `{"input":"a","model":5}`: "model",
		`{"input":"a","model":"b"}`:          "model",
		`{"input":"a","encoding_format":[]}`: "encoding_format", `{"input":"a","x-request-id":1}`: "x-request-id",
		`{"input":"a","extra.body":null}`: "extra.body", `{"input":"a","inputType":1}`: "inputType",
	} {
		if status, _, raw := b.post(t, body, ""); status < 400 || !strings.Contains(string(raw), `"param":"`+param+`"`) {
			t.Errorf("%.60s: status %d, %s; want the param %s", body, status, raw, param)
		}
	}
	long := strings.Repeat("a", longestName+1)
	if _, _, raw := b.post(t, `{"input":"a","`+long+`":1}`, ""); strings.Contains(string(raw), long) {
		t.Errorf("a key of %d bytes is repeated: %s", len(long), raw)
	}
}

// TestLateBodiesThatAreRefused: what never came whole gets 408, with what else is wrong behind it; too large stays 413.
func TestLateBodiesThatAreRefused(t *testing.T) {
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	srv := httptest.NewUnstartedServer(Handler(Options{Server: f.Server, Log: slog.New(slog.DiscardHandler),
		Loopback: true}))
	srv.Config.ReadTimeout = 50 * time.Millisecond
	srv.Start()
	defer srv.Close()
	for _, c := range []struct {
		path, host string
		length     int
		status     string
		says       string
	}{
		{"/v1/embeddings", "x", 100, " 408 ", "127.0.0.1"},
		{"/v1/models", "localhost", 100, " 408 ", "takes GET"},
		{"/v1/embeddings", "localhost", 5 << 20, " 413 ", "body_too_large"},
	} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n{\"inp", c.path, c.host, c.length)
		raw, err := io.ReadAll(conn)
		if status, _, _ := strings.Cut(string(raw), "\r\n"); !strings.Contains(status, c.status) ||
			!strings.Contains(string(raw), c.says) {
			t.Errorf("%+v: %q, %v", c, raw, err)
		}
		conn.Close()
	}
}
