package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/model/folder"
)

// TestWeightsOverwrittenWhileTheyLoad copies the weights over themselves in place, as cp does, while they are loaded
// again and again: a load is whole, or an error that names the file.
func TestWeightsOverwrittenWhileTheyLoad(t *testing.T) {
	for _, precision := range []string{"f32", "bf16"} {
		t.Run(precision, func(t *testing.T) { overwriteWhileLoading(t, local.Options{Precision: precision}) })
	}
}

func overwriteWhileLoading(t *testing.T, o local.Options) {
	dir := tinyFolder(t)
	path := filepath.Join(dir, "model.safetensors")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e := engine.OpenForTest(t)
	want := encode(t, open(t, dir, o), "a text")[0]
	var copies sync.WaitGroup
	stop := make(chan struct{})
	copies.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := os.WriteFile(path, content, 0o644); err != nil { // cuts the file to nothing first
					t.Error(err)
					return
				}
			}
		}
	})
	loaded, refused := 0, 0
	for range 60 {
		l, err := local.Open(dir, e.Backend, string(e.Name), o)
		if err != nil {
			if refused++; !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			continue
		}
		if loaded++; distance(encode(t, l, "a text")[0], want) != 0 {
			t.Error("a load that was accepted embeds otherwise")
		}
		l.Close()
	}
	close(stop)
	copies.Wait()
	t.Logf("%d loads whole, %d refused", loaded, refused)
	if refused == 0 {
		t.Error("no load met a copy: the test shows nothing")
	}
	if got := encode(t, open(t, dir, o), "a text")[0]; distance(got, want) != 0 {
		t.Error("other vectors once the copy has ended")
	}
}

// TestWeightsReplacedWhileTheyLoad: the hash that a model bears is that of the weights it holds.
func TestWeightsReplacedWhileTheyLoad(t *testing.T) {
	dir, other := tinyFolder(t), tinyFolder(t)
	err := folder.Unchanged(dir, func() error {
		return os.Rename(filepath.Join(other, "model.safetensors"), filepath.Join(dir, "model.safetensors"))
	})
	if fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), "load them again") {
		t.Errorf("weights replaced by rename between two looks: %v", err)
	}
	if err := folder.Unchanged(dir, func() error { return nil }); err != nil {
		t.Errorf("weights that stay: %v", err)
	}
}
