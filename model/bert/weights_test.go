package bert_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/model/bert"
	"hives/model/transformer"
)

// saved writes an odd model into a folder and returns it.
func saved(t *testing.T, seed uint64) (m *bert.Model, dir string) {
	t.Helper()
	m, dir = oddModel(t, seed, 2), t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return m, dir
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// rewrite changes the tensors of a folder's file.
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
	var infos []safetensorsio.Info
	data := map[string][]byte{}
	for _, x := range change(all) {
		infos, data[x.Name] = append(infos, safetensorsio.Info{Name: x.Name, DType: x.DType, Shape: x.Shape}), x.Data
	}
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	err = safetensorsio.WriteStream(out, infos, nil, func(i safetensorsio.Info) ([]byte, error) {
		return data[i.Name], nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// floats of n numbers, all zero.
func floats(name string, dims ...int) safetensorsio.Tensor {
	n := 4
	for _, d := range dims {
		n *= d
	}
	return safetensorsio.Tensor{Name: name, DType: "F32", Shape: dims, Data: make([]byte, n)}
}

// TestLoadReadsWhatOthersWrite: prefixed names, TensorFlow's names of norms, heads, the pooler and buffers make the
// same weights, saved again as they were.
func TestLoadReadsWhatOthersWrite(t *testing.T) {
	m, dir := saved(t, 1)
	want, h := readFile(t, dir, transformer.WeightsFile), m.Config.HiddenSize
	rewrite(t, dir, func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
		for i, x := range all {
			name := strings.ReplaceAll(strings.ReplaceAll(x.Name, "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias",
				"LayerNorm.beta")
			all[i].Name = "bert." + name
		}
		positions := safetensorsio.Tensor{Name: "bert.embeddings.position_ids", DType: "I64", Shape: []int{1, 2},
			Data: make([]byte, 16)}
		return append(all, floats("bert.pooler.dense.weight", h, h), floats("cls.seq_relationship.bias", 2),
			floats("cls.predictions.transform.dense.weight", h, h), positions)
	})
	again, err := bert.Load(dir, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	out := t.TempDir()
	if err := again.Save(out); err != nil || !bytes.Equal(readFile(t, out, transformer.WeightsFile), want) {
		t.Errorf("other weights, error %v", err)
	}
	if !bytes.Equal(readFile(t, out, transformer.ConfigFile), readFile(t, dir, transformer.ConfigFile)) {
		t.Error("the config changed")
	}
}

// TestLoadRefusesBadWeights names the tensor.
func TestLoadRefusesBadWeights(t *testing.T) {
	const query = "encoder.layer.1.attention.self.query.bias"
	at := func(all []safetensorsio.Tensor, name string) int {
		return slices.IndexFunc(all, func(x safetensorsio.Tensor) bool { return x.Name == name })
	}
	for name, c := range map[string]struct {
		change func(all []safetensorsio.Tensor) []safetensorsio.Tensor
		says   string
		kind   fault.Kind
	}{
		"a missing one": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			return slices.Delete(all, at(all, query), at(all, query)+1)
		}, "lack 1 of 37 tensors: " + query, fault.Mismatch},
		"an unknown one": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			return append(all, floats("encoder.layer.0.attention.self.distance_embedding.weight", 3, 2))
		}, "distance_embedding.weight [3 2] is not part", fault.Mismatch},
		"a layer too many": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			return append(all, floats("bert.encoder.layer.2.output.dense.bias", 3))
		}, "encoder.layer.2.output.dense.bias", fault.Mismatch},
		"another shape": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			all[at(all, query)] = floats(query, 3)
			return all
		}, query + " is [3]", fault.Mismatch},
		"twice": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			again := all[at(all, query)]
			again.Name = "bert." + query
			return append(all, again)
		}, query + " stands in the weights twice", fault.Corrupt},
		"whole numbers": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			all[at(all, query)].DType = "I32"
			return all
		}, query + ": type I32", fault.Invalid},
		"not a number": {func(all []safetensorsio.Tensor) []safetensorsio.Tensor {
			binary.LittleEndian.PutUint32(all[at(all, query)].Data[4:], math.Float32bits(float32(math.NaN())))
			return all
		}, query + " holds a value that is not finite at index 1", fault.Corrupt},
	} {
		_, dir := saved(t, 2)
		rewrite(t, dir, c.change)
		if _, err := bert.Load(dir, dtypes.Float32); fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%s), want %q (%s)", name, err, fault.Of(err), c.says, c.kind)
		}
	}
}

// TestConfigRefuses changes a key at a time: what could change a number and is not computed, or not known, is named.
func TestConfigRefuses(t *testing.T) {
	base := `{"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 31, "hidden_size": ` +
		`12, "intermediate_size": 20,
		"num_hidden_layers": 2, "num_attention_heads": 3, "max_position_embeddings": 14, "type_vocab_size": ` +
		`2, "hidden_act": "gelu",
		"hidden_dropout_prob": 0.1, "classifier_dropout": null, "position_embedding_type": "absolute", "torch_dtype": ` +
		`"float16"}`
	for change, says := range map[string]string{
		`{}`: "", `{"position_embedding_type": null}`: "", `{"unheard_of": null}`: "", `{"dtype": "bfloat16"}`: "",
		`{"position_embedding_type": "relative_key_query"}`: "relative_key_query",
		`{"hidden_act": "gelu_new"}`:                        "gelu_new",
		`{"hidden_act": "relu"}`:                            "relu",
		`{"is_decoder": true}`:                              "is_decoder true",
		`{"add_cross_attention": true}`:                     "add_cross_attention",
		`{"architectures": ["NomicBertModel"]}`:             "NomicBertModel",
		`{"auto_map": {"AutoModel": "own.Model"}}`:          "auto_map",
		`{"quantization_config": {"bits": 4}}`:              "quantization_config",
		`{"pruned_heads": {"0": [1]}}`:                      "pruned_heads",
		`{"embedding_size": 6}`:                             "embedding_size 6",
		`{"embedding_size": 12}`:                            "",
		`{"rotary_dim": 4}`:                                 "rotary_dim 4 is not known",
		`{"layer_norm_type": "rms"}`:                        "layer_norm_type",
		`{"hidden_size": 13}`:                               "hidden_size 13 is not a multiple of 3",
		`{"layer_norm_eps": -1}`:                            "layer_norm_eps -1",
		`{"max_position_embeddings": 0}`:                    "max_position_embeddings is 0",
		`{"torch_dtype": "int8"}`:                           "int8",
		`{"model_type": "roberta"}`:                         "roberta",
	} {
		var file, changes map[string]any
		if err := json.Unmarshal([]byte(base), &file); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(change), &changes); err != nil {
			t.Fatal(err)
		}
		for key, value := range changes {
			file[key] = value
		}
		raw, _ := json.Marshal(file)
		_, err := bert.ParseConfig(raw)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) ||
			fault.Of(err) != fault.Invalid) {
			t.Errorf("%s: %v, want %q", change, err, says)
		}
	}
}

// TestRandomIsDrawnByKind: gains are 1, biases 0, matrices of the config's deviation; the first layer is that of a
// model of fewer layers, and the seed decides.
func TestRandomIsDrawnByKind(t *testing.T) {
	config := func(layers int) *bert.Config {
		cfg, err := bert.ParseConfig(fmt.Appendf(nil, `{"vocab_size": 400, "hidden_size": 32, "intermediate_size": 64,
			"num_hidden_layers": %d, "num_attention_heads": 4, "max_position_embeddings": 64}`, layers))
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	values := func(layers int, seed uint64) map[string][]float32 {
		m, err := bert.Random(config(layers), seed)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		out := map[string][]float32{}
		for _, spec := range m.Layout() {
			out[spec.Name] = tensors.MustCopyFlatData[float32](m.Variable(spec.Name).MustValue())
		}
		return out
	}
	one, two, other := values(1, 7), values(2, 7), values(1, 8)
	for _, spec := range config(1).Layout() {
		sum := 0.0
		for _, x := range one[spec.Name] {
			sum += float64(x) * float64(x)
		}
		deviation, want := math.Sqrt(sum/float64(len(one[spec.Name]))), []float64{.02, 1, 0}[spec.Kind]
		if math.Abs(deviation-want) > .1*want {
			t.Errorf("%s: root mean square %g, want %g", spec.Name, deviation, want)
		}
		if !slices.Equal(one[spec.Name], two[spec.Name]) {
			t.Errorf("%s differs in a model of two layers", spec.Name)
		}
		if same := slices.Equal(one[spec.Name], other[spec.Name]); same != (spec.Kind != transformer.Matrix) {
			t.Errorf("%s with another seed: the same %v", spec.Name, same)
		}
	}
}

// TestTruncatedModelIsASmallerOne: of two layers the first is left, with its config, and loads again.
func TestTruncatedModelIsASmallerOne(t *testing.T) {
	m, _ := saved(t, 3)
	if err := m.Truncate(3); fault.Of(err) != fault.Invalid {
		t.Errorf("three layers of two: %v", err)
	}
	if err := m.Truncate(1); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := bert.Load(dir, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n := again.Config.NumLayers; n != 1 || len(again.Layout()) != 21 || m.Config.NumLayers != 1 {
		t.Errorf("%d layers, %d tensors", n, len(again.Layout()))
	}
}
