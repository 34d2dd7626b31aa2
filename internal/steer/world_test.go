package steer

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/engine"
	"hives/internal/talk"
	"hives/model/decoder"
	"hives/model/transformer"
	"hives/tokenizer"
)

// world is a folder with a random model of three layers that was taught nothing, and the demo's tokenizer.
func world(t *testing.T, seed uint64) (dir string) {
	t.Helper()
	const source = "../../demo/model"
	tok, err := tokenizer.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &decoder.Config{
		VocabSize: tok.VocabSize(), HiddenSize: 24, IntermediateSize: 40, NumLayers: 3, NumHeads: 4, NumKVHeads: 2,
		HeadDim: 8, RMSNormEps: 1e-6,
		RopeTheta: 1e4, InitializerRange: .4, MaxPositions: 512, DType: "float32", ModelType: decoder.Qwen3, Tied: true,
	}
	w, err := transformer.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dir = t.TempDir()
	if err := w.Save(dir); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(source, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]string{"chat_template": "{% for m in messages %}{{'<|im_start|>' + " +
		"m['role'] + '\n' + m['content'] + '<|im_end|>'}}{% endfor %}"})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"tokenizer.json": raw, "tokenizer_config.json": config} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// local is that model without a compiler, which would take longer than the work.
func local(dir string) Local { return Local{Dir: dir, Engine: string(engine.Go)} }

func openModel(t *testing.T, dir string) *talk.Model {
	t.Helper()
	m, err := local(dir).Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
