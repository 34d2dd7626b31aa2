package qwen3embed_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/go-huggingface/hub"
	"github.com/gomlx/go-huggingface/models/safetensors"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
	"hives/model/transformer"
)

// TestAnotherReaderFindsTheSameWeights serves a saved folder as a hub would and reads it with
// go-huggingface: what we write is what others load.
func TestAnotherReaderFindsTheSameWeights(t *testing.T) {
	m, dir := tinyModel(t, 21), t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	const commit = "0123456789abcdef0123456789abcdef01234567"
	mux := http.NewServeMux()
	mux.HandleFunc("/api/models/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"id": "a/b", "sha": %q, "siblings": [{"rfilename": %q}]}`, commit, transformer.WeightsFile)
	})
	mux.HandleFunc("/a/b/resolve/"+commit+"/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeFile(w, r, filepath.Join(dir, filepath.Base(r.URL.Path)))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	t.Setenv("HF_TOKEN", "")

	repo := hub.New("a/b").WithEndpoint(server.URL).WithCacheDir(t.TempDir()).WithProgressBar(false)
	peer, err := safetensors.New(repo)
	if err != nil {
		t.Fatal(err)
	}
	backend := engine.OpenForTest(t).Backend
	for _, spec := range m.Config.Layout() {
		theirs, err := peer.GetTensor(backend, spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := m.Variable(spec.Name).Value()
		if err != nil {
			t.Fatal(err)
		}
		got, want := tensors.MustCopyFlatData[float32](theirs.Tensor), tensors.MustCopyFlatData[float32](ours)
		near(t, spec.Name, got, want, 0)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("saving left %v", entries)
	}
}
