package trainer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
	"hives/internal/export"
	"hives/internal/llm"
	"hives/internal/lora"
	"hives/internal/rig/goldentest"
	"hives/internal/talk"
	"hives/internal/trainer"
	"hives/internal/trainer/start"
	"hives/model/decoder"
	"hives/model/lm"
	"hives/model/transformer"
)

const (
	chatML     = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
	generation = `{"eos_token_id": [0, 2]}`
)

// speaker is the folder of a language model with a head of its own and the demo's tokenizer.
func speaker(t *testing.T) string {
	t.Helper()
	dir, demo := t.TempDir(), filepath.Join(goldentest.ModuleRoot(t), "demo", "model")
	shape, err := decoder.LoadConfig(filepath.Join(demo, transformer.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	w, err := transformer.Random(&decoder.Config{
		VocabSize: shape.VocabSize, HiddenSize: 16, IntermediateSize: 24, NumLayers: 2, NumHeads: 2, NumKVHeads: 1,
		HeadDim: 8, RMSNormEps: 1e-6, RopeTheta: 1e4, InitializerRange: .2, MaxPositions: 64, DType: "float32",
		ModelType: decoder.Qwen3, Head: true,
	}, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	raw, err := os.ReadFile(filepath.Join(demo, "tokenizer.json"))
	template, _ := json.Marshal(map[string]string{"chat_template": chatML, "pad_token": "<|endoftext|>"})
	for name, content := range map[string]string{
		"tokenizer.json": string(raw), "tokenizer_config.json": string(template), "generation_config.json": generation,
	} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644)
		}
	}
	if err == nil {
		err = w.Save(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// headOf is the head of a language model, and its class.
func headOf(t *testing.T, dir string) []float32 {
	t.Helper()
	m, err := lm.Load(nil, dir, dtypes.Float32)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	defer m.Close()
	value, err := m.Variable(m.Config.HeadName()).Value()
	if err != nil || !m.Config.OwnHead() {
		t.Fatalf("%s: own head %v, %v", dir, m.Config.OwnHead(), err)
	}
	return tensors.MustCopyFlatData[float32](value)
}

// talks asks a model, which needs its template and its tokenizer for that, and returns the answer.
func talks(t *testing.T, dir string) string {
	t.Helper()
	m, err := talk.Open(t.Context(), dir, talk.Options{Engine: engine.Options{Kind: engine.Go}, Rows: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	replies, err := m.Generate(t.Context(), []llm.Request{{
		Messages: []llm.Message{{Role: llm.User, Content: "hi"}}, Sampling: llm.Sampling{MaxTokens: 6}}})
	if err != nil {
		t.Fatal(err)
	}
	return replies[0].Text
}

// A language model that is trained as an embedder can still speak: its own head, template, ends of answers and class go
// from the base through a run that was stopped, a merge of adapters and the exports.
func TestAHeadGoesThroughTrainingMergeAndExport(t *testing.T) {
	base, on := speaker(t), goEngine(t)
	head, answer := headOf(t, base), talks(t, base)
	cfg := tinyRun(t, 3)
	cfg.Model.From, cfg.Model.Tokenizer, cfg.Log.ValidateEvery = base, "", 0
	whole := filepath.Join(stopped(t, cfg, on), "final")
	cfg.LoRA.Rank, cfg.LoRA.Alpha = 2, 4
	out := filepath.Join(t.TempDir(), "adapters")
	if _, err := runIn(context.Background(), t, cfg, out, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	merged := filepath.Join(t.TempDir(), "merged")
	adapter := filepath.Join(out, "final", start.AdapterFolder)
	if _, err := lora.Merge(lora.MergeOptions{Base: base, Adapter: adapter, Out: merged}); err != nil {
		t.Fatal(err)
	}
	exported, file := filepath.Join(t.TempDir(), "exported"), filepath.Join(t.TempDir(), "exported.gguf")
	for path, format := range map[string]export.Format{exported: export.SentenceTransformers, file: export.GGUF} {
		if _, err := export.Run(export.Options{Model: whole, Out: path, Format: format}); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{whole, filepath.Join(out, "final"), merged, exported, file} {
		if !slices.Equal(headOf(t, dir), head) {
			t.Errorf("%s has another head", dir)
		}
		if got := talks(t, dir); got == answer && dir != merged {
			t.Errorf("%s answers as before it was trained: %q", dir, got) // the layers under the head did change
		}
		if dir == file {
			continue
		}
		config, _ := os.ReadFile(filepath.Join(dir, transformer.ConfigFile))
		ends, _ := os.ReadFile(filepath.Join(dir, "generation_config.json"))
		said, _ := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
		if !bytes.Contains(config, []byte("Qwen3ForCausalLM")) || string(ends) != generation ||
			!strings.Contains(string(said), "im_start") {
			t.Errorf("%s: config %s, ends %s, template %s", dir, config, ends, said)
		}
	}
	// The control: of fewer layers the head makes no tokens, and nothing says that it does.
	cfg.LoRA, cfg.Model.Layers = trainer.Default().LoRA, 1
	short := filepath.Join(t.TempDir(), "short")
	if _, err := runIn(context.Background(), t, cfg, short, false, false, &recorder{engine: on}); err != nil {
		t.Fatal(err)
	}
	if _, err := lm.Load(nil, filepath.Join(short, "final"), dtypes.Float32); err == nil {
		t.Error("half a model speaks")
	}
}
