package hub

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/fault"
)

// fillCache lays the hub's files out as huggingface_hub does: blobs by etag and a snapshot of links to them.
func (h *fakeHub) fillCache(t *testing.T, dir string, names ...string) string {
	t.Helper()
	repo := filepath.Join(dir, "cache", "models--owner--tiny")
	put := func(path string, content []byte) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(repo, "refs", "main"), []byte(testCommit))
	for _, name := range names {
		blob := gitSum(h.files[name])
		if large(name) {
			blob = sum256(h.files[name])
		}
		blob = filepath.Join(repo, "blobs", blob)
		put(blob, h.files[name])
		link := filepath.Join(repo, "snapshots", testCommit, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		to, err := filepath.Rel(filepath.Dir(link), blob)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	return repo
}

func TestCacheInPlaceOfTheHub(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.fillCache(t, dir, "model.safetensors", "config.json")
	plan, err := h.run(t, dir, func(d *download) { d.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan.Plan {
		cached := p.Name == "model.safetensors" || p.Name == "config.json"
		if cached != (p.From == FromCache) {
			t.Errorf("%s from %s", p.Name, p.From)
		}
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	for _, r := range h.requests() {
		if "http://"+r.Host == h.cdn.URL {
			t.Errorf("%s was downloaded although the cache has it", r.URL.Path)
		}
	}
	info, err := os.Lstat(filepath.Join(dir, "model", "model.safetensors"))
	if err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v: want a file, no link into the cache", info, err)
	}
}

func TestSpoiltCacheIsNotBelieved(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	repo := h.fillCache(t, dir, wanted...)
	blob := filepath.Join(repo, "blobs", sum256(h.files["model.safetensors"]))
	spoilt := bytes.Clone(h.files["model.safetensors"])
	spoilt[5] ^= 1
	if err := os.WriteFile(blob, spoilt, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := h.run(t, dir, func(d *download) { d.client.Offline = true })
	expectKind(t, err, fault.Corrupt, "hub cache")
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	if raw, _ := os.ReadFile(blob); !bytes.Equal(raw, spoilt) {
		t.Error("the cache was written to")
	}
}

// The cache alone is enough where the hub is off or out of reach; incomplete, it is not.
func TestWithoutAHub(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	_, err := h.run(t, dir, func(d *download) { d.client.Offline = true })
	expectKind(t, err, fault.NotFound, "not in the hub cache")
	h.fillCache(t, dir, wanted...)
	if _, err := h.run(t, dir, func(d *download) { d.client.Offline = true }); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	if n := len(h.requests()); n != 0 {
		t.Errorf("%d requests although offline", n)
	}
	h.api = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	other := t.TempDir()
	h.fillCache(t, other, wanted...)
	said := 0
	if _, err := h.run(t, other, func(d *download) { d.Say = func(string, ...any) { said++ } }); err != nil || said != 1 {
		t.Errorf("%v, said %d lines", err, said)
	}
	h.expectModel(t, other)
}

func TestIncompleteSnapshot(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.files["model.safetensors.index.json"] = []byte(`{"weight_map":{"a":"model-2.safetensors"}}`)
	h.fillCache(t, dir, append([]string{"model.safetensors.index.json"}, wanted...)...)
	_, err := h.run(t, dir, func(d *download) { d.client.Offline = true })
	expectKind(t, err, fault.NotFound, "model-2.safetensors")
	// A link out of the cache is no file of it.
	repo := h.fillCache(t, t.TempDir(), "config.json")
	outside := filepath.Join(t.TempDir(), gitSum([]byte("secret")))
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(repo, "snapshots", testCommit, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	c := openCache(filepath.Dir(repo), testID)
	defer c.close()
	if f := c.open(File{Name: "tokenizer.json", Size: 6, Digest: Digest{Git: gitSum([]byte("secret"))}},
		testCommit); f != nil {
		t.Error("a file outside the cache was opened")
	}
}

func TestPinnedHashes(t *testing.T) {
	t.Parallel()
	p := pin{commit: testCommit, sha256: map[string]string{"model.safetensors": sum256([]byte("x")),
		"tokenizer.json": sum256([]byte("y"))}}
	files := []File{{Name: "model.safetensors", Digest: Digest{SHA256: sum256([]byte("z"))}}}
	expectKind(t, p.hold(testCommit, files), fault.Mismatch, "mirror")
	if err := p.hold("another", files); err != nil {
		t.Error(err)
	}
	git := []File{{Name: "tokenizer.json", Digest: Digest{Git: gitSum([]byte("z"))}}}
	if err := p.hold(testCommit, git); err != nil || git[0].Digest != (Digest{SHA256: sum256([]byte("y"))}) {
		t.Errorf("%v: %v", err, git[0].Digest)
	}
	for id, p := range pins {
		if !commitForm.MatchString(p.commit) {
			t.Errorf("%s: commit %q", id, p.commit)
		}
		for name, sum := range p.sha256 {
			if !sha256Form.MatchString(sum) {
				t.Errorf("%s: %s %q", id, name, sum)
			}
		}
	}
}

func TestTwoProcessesOneFolder(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	s, err := openStaging(filepath.Join(dir, "model"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.run(t, dir)
	expectKind(t, err, fault.Unavailable, "another process")
	s.close()
	if _, err := h.start(t, dir).run(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
}
