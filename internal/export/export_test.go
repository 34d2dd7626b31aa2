package export

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

const seed = 31

// modelFolder saves a small random model of a family with the demo's tokenizer.
func modelFolder(t *testing.T, family string, change func(*folder.Info)) string {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "` + family + `", "_name_or_path": ` +
		`"/home/somebody/base", "vocab_size": 8200,
		"architectures": ["XForCausalLM"], "hidden_size": 64, "intermediate_size": 48, "num_hidden_layers": 2,
		"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "rope_theta": ` +
		`10000, "max_position_embeddings": 32}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info := folder.Defaults()
	info.MaxLength = 48
	change(&info)
	dir := filepath.Join(t.TempDir(), family)
	if err := folder.Save(dir, m, filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), info); err != nil {
		t.Fatal(err)
	}
	return dir
}

func same(*folder.Info) {}

// files reads a folder as relative path → content.
func files(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		out[rel] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func object(t *testing.T, text string) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSentenceTransformersFolder(t *testing.T) {
	for family, class := range map[string]string{"qwen3": "Qwen3Model", "qwen2": "Qwen2Model", "llama": "LlamaModel"} {
		for pooling, flag := range map[transformer.Pooling]string{"last": "pooling_mode_lasttoken",
			"mean": "pooling_mode_mean_tokens"} {
			dir := modelFolder(t, family, func(i *folder.Info) { i.Pooling = pooling })
			out := filepath.Join(t.TempDir(), "st")
			res, err := Run(Options{Model: dir, Out: out, Format: SentenceTransformers})
			if err != nil {
				t.Fatal(err)
			}
			before, after := files(t, dir), files(t, out)
			if before["model.safetensors"] != after["model.safetensors"] || res.DType != "float32" {
				t.Errorf("%s: the weights changed, or are %s", family, res.DType)
			}
			on := 0
			for name, value := range object(t, after["1_Pooling/config.json"]) {
				if strings.HasPrefix(name, "pooling_mode_") && value == true {
					on++
				}
			}
			if object(t, after["1_Pooling/config.json"])[flag] != true || on != 1 {
				t.Errorf("%s, %s: %d modes are on: %s", family, pooling, on, after["1_Pooling/config.json"])
			}
			config := object(t, after["config.json"])
			if d := cmp.Diff([]any{class}, config["architectures"]); d != "" || config["max_position_embeddings"] != 48. {
				t.Errorf("%s: %s, %v positions", family, d, config["max_position_embeddings"])
			}
			if _, err := os.Stat(filepath.Join(out, "2_Normalize")); err != nil {
				t.Error(err)
			}
			stillModelFolder(t, dir, out)
		}
	}
}

// stillModelFolder: the export embeds as the model does; of hives.json only the tokenizer's hash is another.
func stillModelFolder(t *testing.T, dir, out string) {
	t.Helper()
	want, err := folder.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := folder.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if got.TokenizerSHA256 == want.TokenizerSHA256 {
		t.Error("the tokenizer's hash is that of the file before it was framed")
	}
	got.TokenizerSHA256 = want.TokenizerSHA256
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// Without hives.json the folder says the same in the words of sentence-transformers.
	if err := os.Remove(filepath.Join(out, folder.InfoFile)); err != nil {
		t.Fatal(err)
	}
	foreign, err := folder.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	foreign.WeightsSHA256, foreign.TokenizerSHA256 = want.WeightsSHA256, want.TokenizerSHA256
	want.Prompts["document"] = ""
	if d := cmp.Diff(want, foreign); d != "" {
		t.Errorf("read as a folder of sentence-transformers: %s", d)
	}
}

// TestFramingLeavesTheRest: only three fields of tokenizer.json change, and their values are right.
func TestFramingLeavesTheRest(t *testing.T) {
	dir := modelFolder(t, "qwen3", same)
	before := parts(t, dir)
	if err := frameTokenizer(dir, "<|endoftext|>"); err != nil {
		t.Fatal(err)
	}
	after := parts(t, dir)
	for key, was := range before {
		changes := key == "post_processor" || key == "truncation" || key == "padding"
		if !changes && !bytes.Equal(was, after[key]) {
			t.Errorf("%s changed", key)
		}
	}
	var template struct {
		Single  []map[string]map[string]any
		Special map[string]struct{ IDs []int } `json:"special_tokens"`
	}
	if err := json.Unmarshal(after["post_processor"], &template); err != nil {
		t.Fatal(err)
	}
	if len(template.Single) != 2 || template.Single[0]["Sequence"]["id"] != "A" ||
		template.Single[1]["SpecialToken"]["id"] != "<|endoftext|>" {
		t.Errorf("template: %v", template.Single)
	}
	if d := cmp.Diff([]int{8187}, template.Special["<|endoftext|>"].IDs); d != "" {
		t.Error(d)
	}
}

func parts(t *testing.T, dir string) (out map[string]json.RawMessage) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, folder.TokenizerFile))
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTypes(t *testing.T) {
	dir := modelFolder(t, "llama", same)
	for name, dtype := range map[string]dtypes.DType{"bfloat16": dtypes.BFloat16, "float16": dtypes.Float16} {
		out := filepath.Join(t.TempDir(), name)
		res, err := Run(Options{Model: dir, Out: out, Format: SentenceTransformers, DType: name})
		if err != nil || res.DType != name {
			t.Fatalf("%s: %+v, %v", name, res, err)
		}
		m, err := qwen3embed.Load(out, dtypes.InvalidDType)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Variable("norm.weight").DType(); got != dtype {
			t.Errorf("%s became %s", name, got)
		}
		m.Close()
	}
}

// TestSameBytesAndNoPaths: an export is a function of the model, and tells nothing of the machine.
func TestSameBytesAndNoPaths(t *testing.T) {
	dir := modelFolder(t, "qwen3", same)
	var twice [2]map[string]string
	for i := range twice {
		out := filepath.Join(t.TempDir(), "same-name")
		if _, err := Run(Options{Model: dir, Out: out, Format: SentenceTransformers}); err != nil {
			t.Fatal(err)
		}
		twice[i] = files(t, out)
		for name, content := range twice[i] {
			for _, path := range []string{filepath.Dir(dir), filepath.Dir(out), "/home/somebody", os.TempDir() + "/"} {
				if strings.Contains(content, path) {
					t.Errorf("%s names %s", name, path)
				}
			}
		}
	}
	if d := cmp.Diff(twice[0], twice[1]); d != "" {
		t.Error("two exports of one model differ")
	}
}

func TestRefusals(t *testing.T) {
	dir := modelFolder(t, "qwen3", same)
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "thesis.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	odd := modelFolder(t, "qwen3", func(i *folder.Info) { i.EndToken = "Ġthe" })
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		name string
		o    Options
		kind fault.Kind
		says string
	}{
		{"another format", Options{Model: dir, Out: out, Format: "onnx"}, fault.Invalid, "sentence-transformers or gguf"},
		{"another type", Options{Model: dir, Out: out, Format: SentenceTransformers, DType: "int4"}, fault.Invalid,
			"bfloat16"},
		{"another type of GGUF", Options{Model: dir, Out: out + ".gguf", Format: GGUF, DType: "q4_k"}, fault.Invalid, "q8_0"},
		{"no model", Options{Model: out + "x", Out: out, Format: SentenceTransformers}, fault.NotFound, "no model"},
		{"taken", Options{Model: dir, Out: taken, Format: SentenceTransformers}, fault.Exists, "--force"},
		{"taken by no export", Options{Model: dir, Out: taken, Format: SentenceTransformers, Force: true}, fault.Exists,
			"no earlier export"},
		{"the model itself", Options{Model: dir, Out: dir, Format: SentenceTransformers, Force: true}, fault.Invalid,
			"holds the model"},
		{"around the model", Options{Model: dir, Out: filepath.Dir(dir), Format: SentenceTransformers, Force: true},
			fault.Invalid, "holds the model"},
		{"an end token that is none", Options{Model: odd, Out: out, Format: SentenceTransformers}, fault.Mismatch,
			"5 added tokens"},
		{"no run", Options{Model: dir, Out: out, Format: SentenceTransformers, Run: taken}, fault.NotFound, "no run"},
		{"a GGUF file without its ending", Options{Model: dir, Out: out, Format: GGUF}, fault.Invalid, ".gguf"},
	} {
		before := files(t, taken)
		_, err := Run(c.o)
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v (%s), want one that says %q (%s)", c.name, err, fault.Of(err), c.says, c.kind)
		}
		if d := cmp.Diff(before, files(t, taken)); d != "" || exists(out) {
			t.Errorf("%s: something was written", c.name)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(out)); len(left) != 0 {
		t.Errorf("refused exports left %v", left)
	}
}

func TestForceReplacesAnEarlierExport(t *testing.T) {
	dir := modelFolder(t, "qwen3", same)
	out := filepath.Join(t.TempDir(), "out")
	for _, force := range []bool{false, true} {
		if _, err := Run(Options{Model: dir, Out: out, Format: SentenceTransformers, Force: force, Name: "n"}); err != nil {
			t.Fatal(err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(out)); len(entries) != 1 {
		t.Errorf("%d entries beside the export", len(entries))
	}
}
