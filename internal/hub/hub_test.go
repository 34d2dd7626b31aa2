package hub

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hives/internal/fault"
)

const (
	testID     = "owner/tiny"
	testCommit = "0123456789abcdef0123456789abcdef01234567"
	testToken  = "hf_canary-4711"
)

// fakeHub speaks the hub's API; large files lie on another host, behind signed addresses.
type fakeHub struct {
	*httptest.Server
	cdn     *httptest.Server
	files   map[string][]byte
	mu      sync.Mutex
	seen    []*http.Request // all requests, of both hosts
	listed  func([]map[string]any) []map[string]any
	api     func(w http.ResponseWriter, r *http.Request) bool // true: has answered
	resolve func(w http.ResponseWriter, r *http.Request, name string) bool
	bytes   func(w http.ResponseWriter, r *http.Request, name string, body []byte) bool
}

// large tells which files lie in large file storage.
func large(name string) bool { return strings.HasSuffix(name, ".safetensors") }

func newHub(t *testing.T) *fakeHub {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	weights := make([]byte, 300_000)
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range weights {
		weights[i] = byte(rng.Uint32())
	}
	h := &fakeHub{files: map[string][]byte{
		"config.json": []byte(`{"model_type":"qwen3"}`), "tokenizer.json": bytes.Repeat([]byte("t"), 4000),
		"model.safetensors":     weights,
		"1_Pooling/config.json": []byte(`{}`), "README.md": []byte("words"), "onnx/model.onnx": []byte("export"),
	}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	h.cdn = httptest.NewServer(http.HandlerFunc(h.serveCDN))
	t.Cleanup(func() { h.Server.Close(); h.cdn.Close() })
	return h
}

func (h *fakeHub) note(r *http.Request) {
	h.mu.Lock()
	h.seen = append(h.seen, r)
	h.mu.Unlock()
}

func (h *fakeHub) requests() []*http.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*http.Request(nil), h.seen...)
}

func (h *fakeHub) serve(w http.ResponseWriter, r *http.Request) {
	h.note(r)
	if strings.HasPrefix(r.URL.Path, "/api/models/"+testID+"/revision/") {
		if h.api == nil || !h.api(w, r) {
			h.list(w)
		}
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/"+testID+"/resolve/"+testCommit+"/")
	body, known := h.files[name]
	switch {
	case !ok || !known:
		http.NotFound(w, r)
	case h.resolve != nil && h.resolve(w, r, name):
	case large(name):
		w.Header().Set("X-Repo-Commit", testCommit)
		w.Header().Set("X-Linked-Etag", `"`+sum256(body)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(body)))
		http.Redirect(w, r, h.cdn.URL+"/"+name+"?signature=geheim", http.StatusFound)
	default:
		w.Header().Set("X-Repo-Commit", testCommit)
		w.Header().Set("Etag", `"`+gitSum(body)+`"`)
		h.send(w, r, name, body)
	}
}

func (h *fakeHub) serveCDN(w http.ResponseWriter, r *http.Request) {
	h.note(r)
	name := strings.TrimPrefix(r.URL.Path, "/")
	h.send(w, r, name, h.files[name])
}

func (h *fakeHub) send(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	if h.bytes == nil || !h.bytes(w, r, name, body) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

func (h *fakeHub) list(w http.ResponseWriter) {
	var all []map[string]any
	for name, body := range h.files {
		s := map[string]any{"rfilename": name, "size": len(body), "blobId": gitSum(body)}
		if large(name) {
			s["lfs"] = map[string]any{"sha256": sum256(body), "size": len(body), "pointerSize": 130}
		}
		all = append(all, s)
	}
	if h.listed != nil {
		all = h.listed(all)
	}
	json.NewEncoder(w).Encode(map[string]any{"sha": testCommit, "siblings": all})
}

func sum256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// gitSum is git hash-object, from its formula.
func gitSum(b []byte) string {
	s := sha1.Sum(append([]byte("blob "+fmt.Sprint(len(b))+"\x00"), b...))
	return hex.EncodeToString(s[:])
}

// quick is patience for tests: the same rules in milliseconds.
var quick = patience{tries: 4, firstWait: time.Millisecond, maxWait: 4 * time.Millisecond, maxPause: 3 * time.Second,
	stall: 10 * time.Second, progress: 20_000}

// start makes a download of the test model into dir/model, with ranges of 64 kB.
func (h *fakeHub) start(t *testing.T, dir string, change ...func(*download)) *download {
	t.Helper()
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{Endpoint: u, Token: testToken, Cache: filepath.Join(dir, "cache")}
	d, err := newDownload(s, Request{ID: testID, Out: filepath.Join(dir, "model"), Jobs: 4}, quick)
	if err != nil {
		t.Fatal(err)
	}
	d.segment = 64_000
	for _, c := range change {
		c(d)
	}
	return d
}

func (h *fakeHub) run(t *testing.T, dir string, change ...func(*download)) (Result, error) {
	t.Helper()
	return h.start(t, dir, change...).run(context.Background())
}

// wanted are the files of the default choice.
var wanted = []string{"1_Pooling/config.json", "config.json", "model.safetensors", "tokenizer.json"}

// expectModel wants exactly the chosen files and the record, each byte as the hub has it, and nothing beside them.
func (h *fakeHub) expectModel(t *testing.T, dir string, names ...string) {
	t.Helper()
	if names == nil {
		names = wanted
	}
	found := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(dir, "model"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(filepath.Join(dir, "model"), path)
			found[rel] = true
		}
		return err
	})
	if err != nil || len(found) != len(names)+1 || !found[RecordName] {
		t.Errorf("%v: found %v, want %v and the record", err, found, names)
	}
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join(dir, "model", name))
		if err != nil || !bytes.Equal(raw, h.files[name]) {
			t.Errorf("%s: %d bytes, %v; want the hub's %d", name, len(raw), err, len(h.files[name]))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".model*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// expectNothing wants no model folder.
func expectNothing(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, "model")); !os.IsNotExist(err) {
		t.Errorf("the model folder is there: %v", err)
	}
}

// expectKind also looks for the token and signed addresses in the error.
func expectKind(t *testing.T, err error, kind fault.Kind, words ...string) {
	t.Helper()
	if err == nil || fault.Of(err) != kind {
		t.Fatalf("%v (%v), want %v", err, fault.Of(err), kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v: lacks %q", err, w)
		}
	}
	expectNoSecret(t, fmt.Sprintf("%v %+v %#v", err, err, err))
}

func expectNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{testToken, "geheim"} {
		if strings.Contains(text, s) {
			t.Errorf("%q stands in: %s", s, text)
		}
	}
}

func TestWholeModel(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	var before, now int64
	res, err := h.run(t, dir, func(d *download) {
		d.Progress = func(int64) (func(int64, bool), func()) {
			return func(n int64, was bool) {
				if was {
					before += n
				} else {
					now += n
				}
			}, func() {}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	if now != res.Bytes() || before != 0 {
		t.Errorf("the display counted %d bytes and %d from before, want %d and 0", now, before, res.Bytes())
	}
	rec, err := readRecord(filepath.Join(dir, "model"))
	if err != nil || rec.Commit != testCommit || rec.ID != testID || rec.Revision != "main" ||
		len(rec.Files) != len(wanted) {
		t.Errorf("%v: record %+v", err, rec)
	}
	for _, f := range rec.Files {
		if body := h.files[f.Name]; f.SHA256 != sum256(body) || f.Size != int64(len(body)) {
			t.Errorf("record of %s: %+v", f.Name, f)
		}
	}
	h.expectRequests(t)
}

// expectRequests wants the token on every request to the hub and on none to the other host, ranges for the weights,
// and everything but the list from the resolved commit.
func (h *fakeHub) expectRequests(t *testing.T) {
	t.Helper()
	hub, cdn, ranges := 0, 0, 0
	for _, r := range h.requests() {
		auth := r.Header.Get("Authorization")
		if "http://"+r.Host == h.URL {
			hub++
			if auth != "Bearer "+testToken {
				t.Errorf("%s: Authorization %q", r.URL.Path, auth)
			}
			continue
		}
		cdn++
		if auth != "" || r.Header.Get("Referer") != "" {
			t.Errorf("the other host got Authorization %q and Referer %q", auth, r.Header.Get("Referer"))
		}
		if r.Header.Get("Range") != "" {
			ranges++
		}
	}
	if hub == 0 || cdn == 0 || ranges < 5 {
		t.Errorf("%d requests to the hub, %d to the other host, %d of them ranges: want 300000/64000 ranges", hub,
			cdn, ranges)
	}
}

func TestSecondRunOnlyVerifies(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	first := len(h.requests())
	record, _ := os.ReadFile(filepath.Join(dir, "model", RecordName))
	res, err := h.run(t, dir)
	if err != nil || len(h.requests()) != first+1 {
		t.Errorf("%v: %d further requests, want the list alone", err, len(h.requests())-first)
	}
	for _, p := range res.Plan {
		if p.From != FromHere {
			t.Errorf("%s from %s", p.Name, p.From)
		}
	}
	again, _ := os.ReadFile(filepath.Join(dir, "model", RecordName))
	if !bytes.Equal(record, again) {
		t.Errorf("the record changed:\n%s\n%s", record, again)
	}
	// A spoilt file is noticed and replaced; a file of the user's stays.
	weights := filepath.Join(dir, "model", "model.safetensors")
	spoilt := bytes.Clone(h.files["model.safetensors"])
	spoilt[77] ^= 1
	mine := filepath.Join(dir, "model", "hives.json")
	if os.WriteFile(weights, spoilt, 0o644) != nil || os.WriteFile(mine, []byte("mine"), 0o644) != nil {
		t.Fatal("cannot spoil")
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	if raw, _ := os.ReadFile(mine); string(raw) != "mine" {
		t.Errorf("the user's file: %q", raw)
	}
	os.Remove(mine)
	h.expectModel(t, dir)
}

func TestFurtherFilesJoinTheFolder(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := h.run(t, dir, func(d *download) { d.Include = []string{"*.md", "onnx/*"} }); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir, append([]string{"README.md", "onnx/model.onnx"}, wanted...)...)
	if rec, _ := readRecord(filepath.Join(dir, "model")); len(rec.Files) != len(wanted)+2 {
		t.Errorf("record of %d files", len(rec.Files))
	}
	_, err := h.run(t, dir, func(d *download) { d.ID = "owner/other" })
	expectKind(t, err, fault.NotFound) // the hub has no such model
}

func TestForeignFolderIsLeftAlone(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	if os.MkdirAll(filepath.Join(dir, "model"), 0o755) != nil || os.WriteFile(filepath.Join(dir, "model", "thesis.txt"),
		nil, 0o644) != nil {
		t.Fatal("cannot prepare")
	}
	_, err := h.run(t, dir)
	expectKind(t, err, fault.Exists, "--out")
	other := Record{Format: 1, Kind: recordKind, ID: testID, Commit: strings.Repeat("a", 40)}
	if err := other.write(filepath.Join(dir, "model")); err != nil {
		t.Fatal(err)
	}
	_, err = h.run(t, dir)
	expectKind(t, err, fault.Exists, other.Commit, testCommit)
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	res, err := h.run(t, dir, func(d *download) { d.DryRun = true })
	if err != nil || len(res.Plan) != len(wanted) {
		t.Fatalf("%v: %+v", err, res.Plan)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v was written", left)
	}
}
