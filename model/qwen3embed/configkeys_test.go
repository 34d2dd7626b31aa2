package qwen3embed_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// publishedConfigs have every key that files of their kind have on the hubs.
var publishedConfigs = map[string]string{
	"Qwen3-Embedding, transformers 4": `{"architectures": ["Qwen3ForCausalLM"], "attention_bias": ` +
		`false, "attention_dropout": 0.0,
		"bos_token_id": 151643, "eos_token_id": 151643, "head_dim": 128, "hidden_act": "silu", "hidden_size": 1024,
		"initializer_range": 0.02, "intermediate_size": 3072, "max_position_embeddings": 32768, "max_window_layers": 28,
		"model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": ` +
		`8, "rms_norm_eps": 1e-06,
		"rope_scaling": null, "rope_theta": 1000000, "sliding_window": null, "tie_word_embeddings": true,
		"torch_dtype": "bfloat16", "transformers_version": "4.51.3", "use_cache": true, "use_sliding_window": ` +
		`false, "vocab_size": 151669}`,
	"Qwen3, transformers 5": `{"architectures": ["Qwen3Model"], "attention_bias": false, "attention_dropout": ` +
		`0.0, "bos_token_id": null,
		"dtype": "bfloat16", "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": ` +
		`1024, "initializer_range": 0.02,
		"intermediate_size": 3072, "layer_types": ["full_attention", "full_attention"], "max_position_embeddings": 40960,
		"max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": ` +
		`2, "num_key_value_heads": 8,
		"pad_token_id": null, "rms_norm_eps": 1e-06, "rope_parameters": {"rope_theta": 1000000, "rope_type": "default"},
		"sliding_window": 4096, "tie_word_embeddings": false, "transformers_version": "5.24.0", "use_cache": true,
		"use_sliding_window": false, "vocab_size": 151936}`,
	"SmolLM2": `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": ` +
		`0.0, "bos_token_id": 1,
		"eos_token_id": 2, "hidden_act": "silu", "hidden_size": 576, "initializer_range": ` +
		`0.041666666666666664, "intermediate_size": 1536,
		"is_llama_config": true, "max_position_embeddings": 8192, "mlp_bias": false, "model_type": ` +
		`"llama", "num_attention_heads": 9,
		"num_hidden_layers": 30, "num_key_value_heads": 3, "pad_token_id": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
		"rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000, "tie_word_embeddings": true, "torch_dtype": ` +
		`"bfloat16",
		"transformers.js_config": {"kv_cache_dtype": {"q4f16": "float16"}}, "transformers_version": "4.42.3", "use_cache": ` +
		`true, "vocab_size": 49152}`,
}

func TestPublishedConfigs(t *testing.T) {
	theta := map[string]float64{"Qwen3-Embedding, transformers 4": 1e6, "Qwen3, transformers 5": 1e6, "SmolLM2": 1e5}
	for name, raw := range publishedConfigs {
		cfg, err := qwen3embed.ParseConfig([]byte(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if cfg.RopeTheta != theta[name] {
			t.Errorf("%s: rope_theta %g, want %g", name, cfg.RopeTheta, theta[name])
		}
	}
}

// parseWith is a published config with some keys in other words.
func parseWith(t *testing.T, name, change string) (*qwen3embed.Config, error) {
	t.Helper()
	var file, more map[string]any
	for raw, into := range map[string]*map[string]any{publishedConfigs[name]: &file, change: &more} {
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(file, more)
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return qwen3embed.ParseConfig(raw)
}

// What is not computed is refused under its name; what asks for nothing is not.
func TestConfigKeys(t *testing.T) {
	for _, c := range []struct{ of, change, says string }{
		{"SmolLM2", `{"attention_multiplier": 0.0156}`, "attention_multiplier 0.0156"},
		{"SmolLM2", `{"embedding_multiplier": 12}`, "embedding_multiplier 12"},
		{"SmolLM2", `{"embedding_multiplier": 1.0}`, ""},
		{"SmolLM2", `{"residual_multiplier": 0.2}`, "residual_multiplier"},
		{"SmolLM2", `{"logit_scale": 0.06}`, "logit_scale"},
		{"SmolLM2", `{"partial_rotary_factor": 0.5}`, "partial_rotary_factor 0.5"},
		{"SmolLM2", `{"sliding_window": 4096}`, "sliding_window 4096"},
		{"SmolLM2", `{"sliding_window": 4096, "use_sliding_window": false}`, ""},
		{"Qwen3, transformers 5", `{"sliding_window": 4096, "use_sliding_window": true}`, "use_sliding_window true"},
		{"Qwen3, transformers 5", `{"layer_types": ["full_attention", "sliding_attention"]}`, "layer_types[1]"},
		{"Qwen3, transformers 5", `{"layer_types": "full_attention"}`, "layer_types"},
		{"SmolLM2", `{"mlp_bias": true}`, "mlp_bias"},
		{"SmolLM2", `{"quantization_config": {"bits": 4}}`, "quantization_config"},
		{"SmolLM2", `{"auto_map": {"AutoModel": "own.Model"}}`, "auto_map"},
		{"SmolLM2", `{"is_causal": false}`, "is_causal false"},
		{"SmolLM2", `{"architectures": ["LlamaBiModel"]}`, "LlamaBiModel"},
		{"SmolLM2", `{"architectures": ["LlamaForSequenceClassification"]}`, "LlamaForSequenceClassification"},
		{"SmolLM2", `{"architectures": null}`, ""},
		{"SmolLM2", `{"attention_dropout": 0.1}`, ""},
		{"SmolLM2", `{"num_experts_per_tok": 2}`, "num_experts_per_tok 2 is not known"},
		{"SmolLM2", `{"unheard_of": 0}`, "unheard_of 0 is not known"},
		{"SmolLM2", `{"unheard_of": null}`, ""},
		{"SmolLM2", `{"Attention_Bias": true}`, "Attention_Bias"},
		{"SmolLM2", `{"rope_scaling": {"rope_type": "llama3", "factor": 32}}`, `rope_scaling: rope_type "llama3"`},
		{"SmolLM2", `{"rope_scaling": {"type": "linear", "factor": 2}}`, `rope_scaling: type "linear"`},
		{"SmolLM2", `{"rope_scaling": {"factor": 2}}`, "rope_scaling: factor 2"},
		{"SmolLM2", `{"rope_scaling": {"rope_type": "default"}}`, ""},
		{"SmolLM2", `{"rope_scaling": {"rope_type": "default", "rope_theta": 7}}`, "rope_scaling: rope_theta"},
		{"SmolLM2", `{"rope_scaling": "yarn"}`, "rope_scaling is not an object"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"rope_theta": 1e6, "rope_type": "longrope"}}`, "longrope"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"rope_theta": 1e6, "rope_type": "dynamic", "factor": 4}}`, "dynamic"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"rope_theta": 1e6, "type": "yarn", "factor": 4}}`, "yarn"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"rope_theta": 1e6, "partial_rotary_factor": 0.25}}`,
			"partial_rotary_factor"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"rope_theta": 1e6, "mrope_section": [1]}}`, "mrope_section"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"rope_theta": "1e6"}}`, "rope_theta"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}`, "yarn"},
		{"Qwen3, transformers 5", `{"rope_parameters": {"full_attention": {}, "sliding_attention": {"rope_theta": 1}}}`,
			"full_attention"},
	} {
		_, err := parseWith(t, c.of, c.change)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) ||
			fault.Of(err) != fault.Invalid) {
			t.Errorf("%s: %v, want %q", c.change, err, c.says)
		}
	}
}

// The base of the rotary frequencies is found in every place that it is written to.
func TestRopeTheta(t *testing.T) {
	for change, want := range map[string]float64{
		`{"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 5000}}}`: 5000,
		`{"rope_parameters": {"rope_theta": 5000}, "rope_theta": 1}`:                            5000,
		`{"rope_parameters": {"rope_type": "default"}, "rope_theta": 300}`:                      300,
		`{"rope_parameters": null}`: 10000,
	} {
		if cfg, err := parseWith(t, "Qwen3, transformers 5", change); err != nil || cfg.RopeTheta != want {
			t.Errorf("%s: %v, want rope_theta %g", change, err, want)
		}
	}
}

// A head and a kept table of frequencies change nothing; the weights behind them are read all the same.
func TestLoadReadsOverTheHead(t *testing.T) {
	dir, c := t.TempDir(), tinyConfig(t)
	if err := tinyModel(t, 1).Save(dir); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
		return append(ts,
			safetensorsio.Tensor{Name: "lm_head.weight", DType: "F32", Shape: []int{c.VocabSize, c.HiddenSize},
				Data: make([]byte, 4*c.VocabSize*c.HiddenSize)},
			safetensorsio.Tensor{Name: "model.layers.0.self_attn.rotary_emb.inv_freq", DType: "F32", Shape: []int{c.HeadDim / 2},
				Data: make([]byte, 2*c.HeadDim)})
	})
	m, err := qwen3embed.Load(dir, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if again := t.TempDir(); m.Save(again) != nil ||
		string(readFile(t, again, transformer.WeightsFile)) != string(plainWeights(t)) {
		t.Error("other weights than without the head")
	}
}

func plainWeights(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := tinyModel(t, 1).Save(dir); err != nil {
		t.Fatal(err)
	}
	return readFile(t, dir, transformer.WeightsFile)
}

// TestGoldenConfigs: the reference models' own files pass.
func TestGoldenConfigs(t *testing.T) {
	found, err := filepath.Glob(goldentest.Path(t, "a_model") + "/*/config.json")
	if err != nil || len(found) == 0 {
		t.Fatalf("%v: no configs", err)
	}
	for _, path := range found {
		if _, err := qwen3embed.LoadConfig(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
