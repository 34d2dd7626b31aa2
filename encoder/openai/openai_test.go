package openai_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hives/encoder"
	"hives/encoder/openai"
	"hives/internal/fault"
)

// server answers /v1/embeddings: the vector of an input is its length and a 1, not of unit length.
type server struct {
	calls  atomic.Int32
	before func(call int, w http.ResponseWriter, body map[string]any) bool // true: it has answered
	floats bool                                                            // answers numbers though base64 was asked for
	key    atomic.Value
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/v1/embeddings" {
		http.Error(w, "no", http.StatusNotFound)
		return
	}
	s.key.Store(r.Header.Get("Authorization"))
	if call := int(s.calls.Add(1)); s.before != nil && s.before(call, w, body) {
		return
	}
	var items []map[string]any
	for i, in := range body["input"].([]any) {
		n := 0
		switch in := in.(type) {
		case string:
			n = len(in)
		case []any:
			n = 1000 + len(in)
		}
		items = append(items, map[string]any{"object": "embedding", "index": i, "embedding": s.encode(float32(n), 1)})
	}
	slices.Reverse(items) // the index says which is which
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": body["model"], "data": items,
		"usage": map[string]int{}})
}

func (s *server) encode(x ...float32) any {
	if s.floats {
		return x
	}
	var raw []byte
	for _, f := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func open(t *testing.T, s *server, o openai.Options) *openai.OpenAI {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	o.Model = "m"
	e, err := openai.New(h.URL+"/v1", o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEncode(t *testing.T) {
	for _, floats := range []bool{false, true} {
		s := &server{floats: floats}
		e := open(t, s, openai.Options{Batch: 4, Parallel: 2, Key: "k"})
		var in []encoder.Input
		var lengths []float64
		for i := range 11 {
			text := strings.Repeat("x", i+1)
			in, lengths = append(in, encoder.Input{Text: text, Prompt: "ab"}), append(lengths, float64(i+3))
		}
		in, lengths = append(in, encoder.Input{IDs: []int32{1, 2, 3}}), append(lengths, 1003)
		out, id, err := e.Encode(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range lengths {
			norm := math.Hypot(n, 1)
			if math.Abs(float64(out[i][0])-n/norm) > 1e-6 || math.Abs(float64(out[i][1])-1/norm) > 1e-6 {
				t.Errorf("input %d: %v, want the direction of (%v, 1)", i, out[i], n)
			}
		}
		if s.calls.Load() != 4 || id.Name != "m" || id.Dimension != 2 || id.WeightsSHA256 != "" ||
			s.key.Load() != "Bearer k" {
			t.Errorf("%d calls, identity %+v, key %v; want 4 calls of model m with 2 dimensions", s.calls.Load(), id,
				s.key.Load())
		}
	}
}

func TestEncodeFails(t *testing.T) {
	status := func(code int) func(int, http.ResponseWriter, map[string]any) bool {
		return func(_ int, w http.ResponseWriter, body map[string]any) bool {
			http.Error(w, fmt.Sprint(body["input"]), code) // a server that repeats the text
			return true
		}
	}
	reply := func(json string) func(int, http.ResponseWriter, map[string]any) bool {
		return func(_ int, w http.ResponseWriter, _ map[string]any) bool {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, json)
			return true
		}
	}
	for _, c := range []struct {
		name   string
		before func(int, http.ResponseWriter, map[string]any) bool
		o      openai.Options
		kind   fault.Kind
		calls  int
	}{
		{"a wrong key", status(401), openai.Options{Retries: 2}, fault.Invalid, 1},
		{"no such model", status(404), openai.Options{Retries: 2}, fault.NotFound, 1},
		{"a server that is broken", status(500), openai.Options{Retries: 1}, fault.Unavailable, 2},
		{"a server that is full", status(429), openai.Options{Retries: -1}, fault.Exhausted, 1},
		{"a redirect", func(_ int, w http.ResponseWriter, _ map[string]any) bool {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}, openai.Options{Retries: -1}, fault.Invalid, 1},
		{"no list", reply(`"hello"`), openai.Options{Retries: -1}, fault.Unavailable, 1},
		{"too few vectors", reply(`{"data": []}`), openai.Options{}, fault.Corrupt, 1},
		{"a place twice", reply(`{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}`),
			openai.Options{}, fault.Corrupt, 1},
		{"a place beyond", reply(`{"data": [{"index": 0, "embedding": [1]}, {"index": 7, "embedding": [1]}]}`),
			openai.Options{}, fault.Corrupt, 1},
		{"a vector of zeros", reply(`{"data": [{"index": 0, "embedding": [0]}, {"index": 1, "embedding": [1]}]}`),
			openai.Options{}, fault.Corrupt, 1},
		{"vectors of two lengths", reply(`{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 1]}]}`),
			openai.Options{}, fault.Mismatch, 1},
		{"other dimensions than asked for", reply(`{"data": [{"index": 0, "embedding": [1]}, {"index": ` +
			`1, "embedding": [1]}]}`), openai.Options{Dimensions: 2}, fault.Mismatch, 1},
		{"a stall", func(_ int, _ http.ResponseWriter, _ map[string]any) bool {
			time.Sleep(300 * time.Millisecond)
			return true
		},
			openai.Options{Retries: -1, Timeout: 50 * time.Millisecond}, fault.Unavailable, 1},
	} {
		s := &server{before: c.before}
		_, _, err := open(t, s, c.o).Encode(context.Background(), []encoder.Input{{Text: "my secret"}, {Text: "b"}})
		if err == nil || fault.Of(err) != c.kind || int(s.calls.Load()) != c.calls ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v (%v) after %d calls, want %v after %d, without the text", c.name, err, fault.Of(err),
				s.calls.Load(), c.kind, c.calls)
		}
	}
}

func TestRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, base := range []string{"127.0.0.1:80", "ftp://h/v1", "http://user:pw@h/v1", "http://h/v1?key=1"} {
		if _, err := openai.New(base, openai.Options{Model: "m"}); fault.Of(err) != fault.Invalid ||
			strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", base, err)
		}
	}
	for base, refused := range map[string]bool{
		"http://h/v1": true, "http://10.0.0.9:80/v1": true, "http://localhost.h/v1": true, "HTTP://h/v1": true,
		"https://h/v1": false, "http://127.0.0.1:1/v1": false, "http://[::1]:1/v1": false, "http://localhost:1/v1": false,
	} {
		_, err := openai.New(base, openai.Options{Model: "m", Key: "my-key"})
		if (fault.Of(err) == fault.Invalid) != refused || err != nil && strings.Contains(err.Error(), "my-key") {
			t.Errorf("%s with a key: %v", base, err)
		}
	}
	if _, err := openai.New("http://h/v1", openai.Options{Model: "m"}); err != nil {
		t.Errorf("without a key: %v", err)
	}
	if _, err := openai.New("http://h/v1", openai.Options{}); fault.Of(err) != fault.Invalid {
		t.Errorf("no model: %v", err)
	}
	s := &server{}
	e := open(t, s, openai.Options{})
	for _, in := range []encoder.Input{{}, {Text: "a", IDs: []int32{1}}, {IDs: []int32{1}, Prompt: "p"}} {
		if _, _, err := e.Encode(context.Background(), []encoder.Input{{Text: "ok"}, in}); fault.Of(err) != fault.Invalid ||
			!strings.Contains(err.Error(), "input 1") {
			t.Errorf("%+v: %v", in, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := e.Encode(ctx, []encoder.Input{{Text: "late"}}); fault.Of(err) != fault.Canceled ||
		s.calls.Load() != 0 {
		t.Errorf("cancelled: %v after %d calls", err, s.calls.Load())
	}
}
