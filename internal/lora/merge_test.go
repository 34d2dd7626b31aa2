package lora_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/lora"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/transformer"
)

// baseFolder is the llama fixture's base as a model folder: with a tokenizer beside it.
func baseFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "llama", "base"))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(goldentest.ModuleRoot(t), "demo", "model", folder.TokenizerFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, folder.TokenizerFile), raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMergeWantsTheBaseOfTheAdapter: one that names other weights is refused unless any base will do, and a
// folder that is there is never written over.
func TestMergeWantsTheBaseOfTheAdapter(t *testing.T) {
	base, adapter := baseFolder(t), t.TempDir()
	m := load(t, base, dtypes.Float32)
	l := transformer.LoRA{Rank: 2, Alpha: 4, Targets: []string{"o_proj"}}
	if err := m.Adapt(l, 1); err != nil {
		t.Fatal(err)
	}
	if err := lora.Save(adapter, m, l, lora.Origin{Name: "base", SHA256: "another"}); err != nil {
		t.Fatal(err)
	}
	o := lora.MergeOptions{Base: base, Adapter: adapter, Out: filepath.Join(t.TempDir(), "merged")}
	if _, err := lora.Merge(o); fault.Of(err) != fault.Mismatch {
		t.Errorf("another base: %v", err)
	}
	if _, err := os.Stat(o.Out); !os.IsNotExist(err) {
		t.Errorf("a refused merge left %s: %v", o.Out, err)
	}
	o.AnyBase = true
	done, err := lora.Merge(o)
	if err != nil || done.Adapters != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	info, err := folder.Read(o.Out)
	if err != nil || info.Provenance["adapter_sha256"] == "" || info.WeightsSHA256 != done.Weights {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := lora.Merge(o); fault.Of(err) != fault.Exists {
		t.Errorf("a second time: %v", err)
	}
}
