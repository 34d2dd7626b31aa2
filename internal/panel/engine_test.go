package panel

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/goldentest"
	"hives/internal/talk"
	"hives/model/decoder"
	"hives/model/transformer"
)

// babbler is a random language model with the demo's tokenizer: whatever it says means nothing.
func babbler(t *testing.T) string {
	t.Helper()
	dir, demo := t.TempDir(), filepath.Join(goldentest.ModuleRoot(t), "demo", "model")
	shape, err := decoder.LoadConfig(filepath.Join(demo, transformer.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	w, err := transformer.Random(&decoder.Config{
		VocabSize: shape.VocabSize, HiddenSize: 16, IntermediateSize: 24, NumLayers: 2, NumHeads: 2, NumKVHeads: 1,
		HeadDim: 8, RMSNormEps: 1e-6, RopeTheta: 1e4, InitializerRange: .4, MaxPositions: 4096, DType: "float32",
		ModelType: decoder.Llama, Tied: true,
	}, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	template, _ := json.Marshal(map[string]string{
		"chat_template": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"})
	raw, err := os.ReadFile(filepath.Join(demo, "tokenizer.json"))
	for name, content := range map[string][]byte{"tokenizer.json": raw, "tokenizer_config.json": template} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
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

// A model that babbles gives no unusable answer: closed questions are compared, and what it writes is held to the
// schema. Batches and temperature move nothing that a second start would have to ask again.
func TestABabblingModelGivesNoUnusableAnswer(t *testing.T) {
	dir := babbler(t)
	cfg := Defaults()
	cfg.Opener = talk.Provide
	for _, v := range []judge.Voter{
		{Name: "a", Prompt: "terse.v1", Choose: judge.Calibrated}, {Name: "b", Prompt: "terse.v1", Choose: judge.PerByte},
		{Name: "c", Prompt: "careful.v1"},
	} {
		v.Model = llm.Model{Name: dir, MaxTokens: 60, Temperature: .5, Local: llm.Local{
			Provider: llm.AtHome, Batch: 2, Engine: "go"}}
		cfg.Voters = append(cfg.Voters, v)
	}
	j, out := jobFor(t, cfg, lie, "she kept her word")
	run(t, j)
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	queue, err := store.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queue {
		for _, v := range q.Votes {
			if v.Choice() == "" || v.Attempt != 1 || !strings.Contains(v.Model, "@") {
				t.Errorf("%+v", v)
			}
		}
	}
	first := bytes.Clone(out.Bytes())
	out.Reset()
	run(t, j)
	if !bytes.Equal(first, out.Bytes()) || len(queue) == 0 {
		t.Errorf("a second start says otherwise, or %d texts were open:\n%s\n%s", len(queue), first, out)
	}
}
