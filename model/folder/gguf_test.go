package folder_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fsutil"
	"hives/internal/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/tokenizer"
)

func ggufFixture(t *testing.T) string {
	return filepath.Join(goldentest.ModuleRoot(t), "internal", "gguf", "testdata", "llama.gguf")
}

// link puts the fixture into a folder under a name.
func link(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.Symlink(ggufFixture(t), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadOfGGUF: a file alone speaks for itself, by its name or its folder's; hives.json beside it says more, as
// long as no other model lies there.
func TestReadOfGGUF(t *testing.T) {
	dir := t.TempDir()
	path := link(t, dir, "m.gguf")
	expect := func(model string, pooling qwen3embed.Pooling, end string) {
		t.Helper()
		info, err := folder.Read(model)
		if err != nil || info.Pooling != pooling || info.EndToken != end {
			t.Errorf("%s: %+v, error %v; want pooling %s and end %s", model, info, err, pooling, end)
		}
	}
	expect(dir, qwen3embed.MeanTokens, "<|im_end|>")
	expect(path, qwen3embed.MeanTokens, "<|im_end|>")
	raw, _ := json.Marshal(map[string]any{"format": 1, "pooling": "last", "end_token": "<|endoftext|>"})
	if err := os.WriteFile(filepath.Join(dir, folder.InfoFile), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(dir, qwen3embed.LastToken, "<|endoftext|>")
	expect(path, qwen3embed.LastToken, "<|endoftext|>")
	link(t, dir, "other.gguf")
	expect(path, qwen3embed.MeanTokens, "<|im_end|>")
	if _, err := folder.Read(dir); err == nil {
		t.Error("a folder of two models was taken")
	}
}

// TestSaveOfGGUF: what is saved from a GGUF model is a whole folder of the other kind, with the same tokenizer.
func TestSaveOfGGUF(t *testing.T) {
	m, err := qwen3embed.Load(ggufFixture(t), dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info, err := folder.Read(ggufFixture(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := folder.Save(dir, m, ggufFixture(t), info); err != nil {
		t.Fatal(err)
	}
	saved, err := folder.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Open(ggufFixture(t))
	if err != nil || tok.SHA256() != saved.TokenizerSHA256 {
		t.Errorf("tokenizer %s, in the file %s, error %v", saved.TokenizerSHA256, tok.SHA256(), err)
	}
	if again, err := qwen3embed.Load(dir, dtypes.Float32); err != nil || again.Config.Family != qwen3embed.Llama || again.Config.RopeTheta != 500 {
		t.Errorf("loading the folder again: %v", err)
	}
	sum, err := folder.WeightsSHA256(ggufFixture(t))
	if want, _ := fsutil.SHA256(ggufFixture(t)); err != nil || sum != want {
		t.Errorf("the weights' digest is %s, error %v, the file's %s", sum, err, want)
	}
	var config map[string]any
	raw, err := os.ReadFile(filepath.Join(dir, folder.TokenizerConfigFile))
	if err == nil {
		err = json.Unmarshal(raw, &config)
	}
	if err != nil || config["eos_token"] != "<|im_end|>" {
		t.Errorf("tokenizer_config.json: %s, error %v", raw, err)
	}
}
