// Package talktest makes a language model that a test can ask: small, random and with a real tokenizer.
package talktest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/model/decoder"
	"hives/model/transformer"
	"hives/tokenizer"
)

// Positions of the model: prompt and answer together.
const Positions = 256

// template is ChatML's, as far as recognising it takes.
const template = "{% for m in messages %}{{'<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n'}}{% endfor %}"

// Dir is the folder of a random model of two layers with the demo's tokenizer. It writes anything at all and hardly
// ever ends its turn.
func Dir(t testing.TB) string {
	t.Helper()
	return DirOf(t, Positions)
}

// DirOf is Dir with so many positions.
func DirOf(t testing.TB, positions int) string {
	t.Helper()
	source, dir := filepath.Join(goldentest.ModuleRoot(t), "demo", "model", "tokenizer.json"), t.TempDir()
	tok, err := tokenizer.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &decoder.Config{
		VocabSize: tok.VocabSize(), HiddenSize: 24, IntermediateSize: 40, NumLayers: 2, NumHeads: 4, NumKVHeads: 2,
		HeadDim: 8, RMSNormEps: 1e-6, RopeTheta: 1e4, InitializerRange: .4, MaxPositions: positions, DType: "float32",
		ModelType: decoder.Qwen3, Tied: true,
	}
	w, err := transformer.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Save(dir); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	Write(t, dir, "tokenizer.json", string(raw))
	config, err := json.Marshal(map[string]string{"chat_template": template})
	if err != nil {
		t.Fatal(err)
	}
	Write(t, dir, "tokenizer_config.json", string(config))
	return dir
}

// Write puts a file into the folder.
func Write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
