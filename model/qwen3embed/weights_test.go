package qwen3embed_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// tinyConfig has Q·D unlike H and two queries a key, as the real model.
func tinyConfig(t testing.TB) *qwen3embed.Config {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 97, "hidden_size": 24,
		"intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
		"head_dim": 8, "rope_theta": 10000, "torch_dtype": "float32", "max_position_embeddings": 128}`))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func tinyModel(t testing.TB, seed uint64) *qwen3embed.Model {
	t.Helper()
	m, err := qwen3embed.Random(tinyConfig(t), seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestSaveLoadsAgainBitForBit writes a model, loads it and writes it again: the files must be equal.
func TestSaveLoadsAgainBitForBit(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float16} {
		first, second, third := t.TempDir(), t.TempDir(), t.TempDir()
		if err := tinyModel(t, 3).Save(first); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ from, to string }{{first, second}, {second, third}} {
			m, err := qwen3embed.Load(step.from, dtype)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Save(step.to); err != nil {
				t.Fatal(err)
			}
			m.Close()
		}
		for _, name := range []string{transformer.WeightsFile, transformer.ConfigFile} {
			a, b := readFile(t, second, name), readFile(t, third, name)
			if !bytes.Equal(a, b) {
				t.Errorf("%s of %s: saving a loaded model changes the file", name, dtype)
			}
			if dtype == dtypes.Float32 && !bytes.Equal(a, readFile(t, first, name)) {
				t.Errorf("%s: a float32 model does not survive loading", name)
			}
		}
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRandomIsAFunctionOfTheSeed(t *testing.T) {
	bytesOf := func(seed uint64) []byte {
		dir := t.TempDir()
		if err := tinyModel(t, seed).Save(dir); err != nil {
			t.Fatal(err)
		}
		return readFile(t, dir, transformer.WeightsFile)
	}
	if !bytes.Equal(bytesOf(1), bytesOf(1)) {
		t.Error("seed 1 gives two models")
	}
	if bytes.Equal(bytesOf(1), bytesOf(2)) {
		t.Error("seeds 1 and 2 give one model")
	}
}

// TestLoadRefusesBadWeights changes one thing of a good folder at a time.
func TestLoadRefusesBadWeights(t *testing.T) {
	for _, c := range []struct {
		name, says string
		kind       fault.Kind
		change     func([]safetensorsio.Tensor) []safetensorsio.Tensor
	}{
		{"missing tensor", "lack 1 of 24 tensors: layers.1.self_attn.k_norm.weight", fault.Mismatch,
			func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
				return slices.DeleteFunc(ts, func(x safetensorsio.Tensor) bool {
					return x.Name == "layers.1.self_attn.k_norm.weight"
				})
			}},
		{"extra tensor", "tensor lm_head.weight [2] is not part", fault.Mismatch,
			func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
				return append(ts, safetensorsio.Tensor{Name: "lm_head.weight", DType: "F32", Shape: []int{2},
					Data: make([]byte, 8)})
			}},
		{"misshapen tensor", "tensor norm.weight is [12 2], the config asks for [24]", fault.Mismatch,
			func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
				ts[slices.IndexFunc(ts, func(x safetensorsio.Tensor) bool { return x.Name == "norm.weight" })].Shape = []int{12, 2}
				return ts
			}},
		{"NaN", "tensor layers.0.mlp.up_proj.weight holds a value that is not finite at index 5", fault.Corrupt,
			func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
				at := slices.IndexFunc(ts, func(x safetensorsio.Tensor) bool { return x.Name == "layers.0.mlp.up_proj.weight" })
				nan := math.Float32bits(float32(math.NaN()))
				for i := range 4 {
					ts[at].Data[4*5+i] = byte(nan >> (8 * i))
				}
				return ts
			}},
		{"same tensor with and without prefix", "twice", fault.Corrupt,
			func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
				twin := ts[0]
				twin.Name = "model." + twin.Name
				return append(ts, twin)
			}},
		{"integers", "type I32 is not supported", fault.Invalid,
			func(ts []safetensorsio.Tensor) []safetensorsio.Tensor {
				ts[slices.IndexFunc(ts, func(x safetensorsio.Tensor) bool { return x.Name == "norm.weight" })].DType = "I32"
				return ts
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tinyModel(t, 1).Save(dir); err != nil {
				t.Fatal(err)
			}
			rewrite(t, dir, c.change)
			_, err := qwen3embed.Load(dir, dtypes.Float32)
			if err == nil || !strings.Contains(err.Error(), c.says) || fault.Of(err) != c.kind {
				t.Errorf("error %v (%s), want one that says %q (%s)", err, fault.Of(err), c.says, c.kind)
			}
		})
	}
}

// rewrite passes the tensors of a folder through change.
func rewrite(t *testing.T, dir string, change func([]safetensorsio.Tensor) []safetensorsio.Tensor) {
	t.Helper()
	path := filepath.Join(dir, transformer.WeightsFile)
	file, err := safetensorsio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []safetensorsio.Tensor
	for _, name := range file.Names() {
		x, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		x.Data = bytes.Clone(x.Data)
		all = append(all, x)
	}
	file.Close()
	var out bytes.Buffer
	if err := safetensorsio.Write(&out, change(all), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLoadNamesWhatIsAbsent(t *testing.T) {
	dir := t.TempDir()
	if _, err := qwen3embed.Load(dir, dtypes.Float32); fault.Of(err) != fault.NotFound ||
		!strings.Contains(err.Error(), "config.json") {
		t.Errorf("empty folder: %v", err)
	}
	raw, err := tinyConfig(t).JSON("float32")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, transformer.ConfigFile), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := qwen3embed.Load(dir, dtypes.Float32); fault.Of(err) != fault.NotFound ||
		!strings.Contains(err.Error(), transformer.IndexFile) {
		t.Errorf("no weights: %v", err)
	}
	index := `{"weight_map": {"norm.weight": "../elsewhere.safetensors"}}`
	if err := os.WriteFile(filepath.Join(dir, transformer.IndexFile), []byte(index), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := qwen3embed.Load(dir, dtypes.Float32); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "outside") {
		t.Errorf("shard outside the folder: %v", err)
	}
}

func TestConfigRefuses(t *testing.T) {
	good := map[string]any{"model_type": "qwen3", "vocab_size": 97, "hidden_size": 24, "intermediate_size": 40,
		"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "rope_theta": 1e4}
	for _, c := range []struct {
		key   string
		value any
		says  string
	}{
		{"model_type", "gemma", "gemma"}, {"mlp_bias", true, "bias"}, {"rope_interleaved", true, "rotate-half"},
		{"hidden_act", "gelu", "gelu"}, {"attention_bias", true, "bias"},
		{"use_sliding_window", true, "sliding"}, {"rope_scaling", map[string]any{"type": "yarn"}, "rope_scaling"},
		{"rope_parameters", map[string]any{"rope_type": "yarn"}, "yarn"}, {"vocab_size", 0, "vocab_size is 0"},
		{"num_key_value_heads", 3, "4 query heads are not a multiple of 3"}, {"head_dim", 7, "head_dim 7 is odd"},
		{"rope_theta", -1, "rope_theta -1"}, {"torch_dtype", "int8", "int8"}, {"layer_types", []string{"sliding_attention"},
			"layer_types[0]"},
		{"vocab_size", "many", "JSON"},
	} {
		bad := map[string]any{}
		for k, v := range good {
			bad[k] = v
		}
		bad[c.key] = c.value
		raw, _ := json.Marshal(bad)
		if _, err := qwen3embed.ParseConfig(raw); err == nil || !strings.Contains(err.Error(), c.says) ||
			fault.Of(err) != fault.Invalid {
			t.Errorf("%s = %v: error %v, want one that says %q", c.key, c.value, err, c.says)
		}
	}
	raw, _ := json.Marshal(good)
	if _, err := qwen3embed.ParseConfig(raw); err != nil {
		t.Errorf("the good config: %v", err)
	}
}
