package daemon

import (
	"context"
	"path/filepath"
	"testing"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/native"
	"hives/model/qwen3embed"
)

// TestSelfCheckIsStrictWhereVectorsHaveTheSameBits: in float32, and in bf16 where kernels compute.
func TestSelfCheckIsStrictWhereVectorsHaveTheSameBits(t *testing.T) {
	e := engine.OpenForTest(t)
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 24,
		"intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
		"head_dim": 8, "rope_theta": 10000, "max_position_embeddings": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	w, err := qwen3embed.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dir := t.TempDir()
	demo := filepath.Join(goldentest.ModuleRoot(t), "demo", "model")
	if err := folder.Save(dir, w, demo, folder.Defaults()); err != nil {
		t.Fatal(err)
	}
	for _, precision := range []string{"f32", "mixed", "bf16"} {
		for _, kernels := range []string{"on", "off"} {
			t.Setenv(native.EnvVar, kernels)
			m, err := loader(Config{Model: dir, Precision: precision}, e)(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			want := precision == "f32" || precision == "bf16" && m.Version.Engine == native.Name
			if m.Exact != want || kernels == "off" && m.Version.Engine == native.Name {
				t.Errorf("%s, kernels %s, engine %s: strict %v", precision, kernels, m.Version.Engine, m.Exact)
			}
			m.Close()
		}
	}
}
