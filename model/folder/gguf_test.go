package folder_test

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/model/transformer"
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
	expect := func(model string, pooling transformer.Pooling, end string) {
		t.Helper()
		info, err := folder.Read(model)
		if err != nil || info.Pooling != pooling || info.EndToken != end {
			t.Errorf("%s: %+v, error %v; want pooling %s and end %s", model, info, err, pooling, end)
		}
	}
	expect(dir, transformer.MeanTokens, "<|im_end|>")
	expect(path, transformer.MeanTokens, "<|im_end|>")
	raw, _ := json.Marshal(map[string]any{"format": 1, "pooling": "last", "end_token": "<|endoftext|>"})
	if err := os.WriteFile(filepath.Join(dir, folder.InfoFile), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(dir, transformer.LastToken, "<|endoftext|>")
	expect(path, transformer.LastToken, "<|endoftext|>")
	link(t, dir, "other.gguf")
	expect(path, transformer.MeanTokens, "<|im_end|>")
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
	if again, err := qwen3embed.Load(dir, dtypes.Float32); err != nil || again.Config.ModelType != qwen3embed.Llama ||
		again.Config.RopeTheta != 500 {
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

// TestOneRuleForFolderAndGGUF: the same weights in two formats are framed and pooled alike, where nothing is said.
func TestOneRuleForFolderAndGGUF(t *testing.T) {
	file, err := folder.Read(ggufFixture(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]map[string]string{
		"a name":        {"tokenizer_config.json": `{"eos_token": "<|im_end|>", "tokenizer_class": "GPT2Tokenizer"}`},
		"an object":     {"tokenizer_config.json": `{"eos_token": {"content": "<|im_end|>", "lstrip": false}}`},
		"a number":      {},
		"of several":    {"config.json": `{"model_type": "llama", "eos_token_id": [2, 1]}`},
		"by a template": {"tokenizer_config.json": `{"eos_token": "<|im_start|>"}`, "tokenizer.json": endTemplate},
	} {
		dir := t.TempDir()
		all := map[string]string{"config.json": `{"model_type": "llama", "eos_token_id": 2}`,
			"tokenizer.json": `{"added_tokens": [{"id": 1, "content": "<|im_start|>"}, {"id": 2, "content": ` +
				`"<|im_end|>"}], "post_processor": null}`}
		maps.Copy(all, files)
		for file, content := range all {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := folder.Read(dir); err != nil || !reflect.DeepEqual(got, file) {
			t.Errorf("%s: %+v, error %v; the GGUF file says %+v", name, got, err, file)
		}
	}
}

const endTemplate = `{"post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": ` +
	`"A"}}, {"SpecialToken": {"id": "E"}}],
	"special_tokens": {"E": {"id": "E", "tokens": ["<|im_end|>"]}}}}`

// TestGGUFFraming: what the metadata says of tokens around a text and of pooling is done or refused.
func TestGGUFFraming(t *testing.T) {
	for _, c := range []struct {
		name  string
		entry gguf.Entry
		end   string
		pool  transformer.Pooling
		says  string
	}{
		{"ends texts", gguf.Entry{Key: "tokenizer.ggml.add_eos_token", Value: true}, "<|im_end|>", "mean", ""},
		{"ends none", gguf.Entry{Key: "tokenizer.ggml.add_eos_token", Value: false}, "", "mean", ""},
		{"begins texts", gguf.Entry{Key: "tokenizer.ggml.add_bos_token", Value: true}, "", "", "add_bos_token"},
		{"begins none", gguf.Entry{Key: "tokenizer.ggml.add_bos_token", Value: false}, "<|im_end|>", "mean", ""},
		{"last", gguf.Entry{Key: "llama.pooling_type", Value: uint32(3)}, "<|im_end|>", "last", ""},
		{"left open", gguf.Entry{Key: "llama.pooling_type", Value: uint32(0)}, "<|im_end|>", "mean", ""},
		{"first token", gguf.Entry{Key: "llama.pooling_type", Value: uint32(2)}, "", "", "pooling_type 2"},
		{"a ranking", gguf.Entry{Key: "llama.pooling_type", Value: uint32(4)}, "", "", "pooling_type 4"},
	} {
		path := withEntry(t, c.entry)
		info, err := folder.Read(path)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) ||
			err == nil && (info.EndToken != c.end || info.Pooling != c.pool) {
			t.Errorf("%s: %+v, error %v; want end %q, pooling %q, error %q", c.name, info, err, c.end, c.pool, c.says)
		}
		raw := []byte(`{"format": 1, "pooling": "mean", "end_token": "<|im_end|>"}`)
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), folder.InfoFile), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if info, err := folder.Read(path); err != nil || info.EndToken != "<|im_end|>" || info.Pooling != "mean" {
			t.Errorf("%s: hives.json beside it does not decide: %+v, %v", c.name, info, err)
		}
	}
}

// withEntry writes a GGUF file of a tokenizer of three tokens and one entry more.
func withEntry(t *testing.T, more gguf.Entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.gguf")
	entries := []gguf.Entry{
		{Key: "general.architecture", Value: "llama"}, {Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: "smollm"}, {Key: "tokenizer.ggml.tokens", Value: []string{"a", "<|im_start|>",
			"<|im_end|>"}},
		{Key: "tokenizer.ggml.token_type", Value: []int32{1, 3, 3}}, {Key: "tokenizer.ggml.merges", Value: []string{}},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(2)}, more,
	}
	err := fsutil.WriteFile(path, func(w io.Writer) error { return gguf.Write(w, entries, nil) })
	if err != nil {
		t.Fatal(err)
	}
	return path
}
