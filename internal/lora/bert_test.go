package lora_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/fsutil"
	"hives/internal/lora"
	"hives/internal/safetensorsio"
	"hives/model/bert"
	"hives/model/transformer"
)

func tinyBERT(t *testing.T) *bert.Model {
	t.Helper()
	cfg, err := bert.ParseConfig([]byte(`{"vocab_size": 31, "hidden_size": 12, "intermediate_size": ` +
		`20, "num_hidden_layers": 2,
		"num_attention_heads": 3, "max_position_embeddings": 14, "initializer_range": 0.5}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := bert.Random(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// adaptedBERT has adapters of a rank on all linear layers from one on, of which B is not 0 any more.
func adaptedBERT(t *testing.T, l transformer.LoRA) *bert.Model {
	t.Helper()
	m := tinyBERT(t)
	if err := m.Adapt(l, 5); err != nil {
		t.Fatal(err)
	}
	for n, v := range m.AdapterVariables() {
		values := tensors.MustCopyFlatData[float32](v.MustValue())
		for i := range values {
			values[i] = float32(math.Sin(float64(7*n+i))) * .3
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { on.Close() })
	return on
}

func bertMean(t *testing.T, on *engine.Engine, m *bert.Model) []float64 {
	t.Helper()
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, ids, texts, last *Node) *Node {
		return m.Packed(transformer.Packed{IDs: ids, Texts: texts, Last: last}, transformer.MeanTokens, transformer.F64)
	})
	defer exec.Finalize()
	return tensors.MustCopyFlatData[float64](exec.MustCall1([][]int32{{1, 9, 4, 7}}, [][]int32{{0, 0, 0, 0}}, []int32{3}))
}

func furthest(a, b []float64) (worst float64) {
	for i := range a {
		worst = math.Max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}

// TestBERTAdaptersComeBack: saved under PEFT's names and loaded again they make the same vectors, adapted and merged;
// the names that PEFT is told are those of BERT's layers, and not the pooler's. The base alone is the control.
func TestBERTAdaptersComeBack(t *testing.T) {
	l := transformer.LoRA{Rank: 2, Alpha: 6, Targets: []string{transformer.AllLinear}, FirstLayer: 1}
	on, m, dir := goEngine(t), adaptedBERT(t, l), t.TempDir()
	if err := lora.Save(dir, m, l, lora.Origin{Name: "tiny"}); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Targets []string `json:"target_modules"`
		Layers  []int    `json:"layers_to_transform"`
		Pattern string   `json:"layers_pattern"`
	}
	raw, err := os.ReadFile(filepath.Join(dir, lora.ConfigFile))
	if err == nil {
		err = json.Unmarshal(raw, &config)
	}
	want := []string{"query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"}
	if err != nil || !slices.Equal(config.Targets, want) || !slices.Equal(config.Layers, []int{1}) ||
		config.Pattern != "layer" {
		t.Errorf("%+v, %v", config, err)
	}
	again := tinyBERT(t)
	plain := bertMean(t, on, again)
	if _, err := lora.Load(dir, again); err != nil {
		t.Fatal(err)
	}
	adapted := bertMean(t, on, m)
	if d := furthest(adapted, bertMean(t, on, again)); d != 0 || furthest(adapted, plain) < 1e-2 {
		t.Errorf("loaded again: %g off; the base alone is %g off", d, furthest(adapted, plain))
	}
	if n := len(again.Adapters()); n != 6 {
		t.Errorf("%d adapters, want those of one layer, 6", n)
	}
	if err := again.Merge(); err != nil {
		t.Fatal(err)
	}
	if d := furthest(adapted, bertMean(t, on, again)); d > 1e-6 {
		t.Errorf("merged: %g off", d)
	}
}

// TestBERTAdaptersOfOthers: PEFT's all-linear adapts the pooler too, which no vector needs, and a model with a head has
// its encoder under bert.
func TestBERTAdaptersOfOthers(t *testing.T) {
	l := transformer.LoRA{Rank: 2, Alpha: 6, Targets: []string{"dense"}}
	on, m, dir := goEngine(t), adaptedBERT(t, l), t.TempDir()
	if err := lora.Save(dir, m, l, lora.Origin{Name: "tiny"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, lora.WeightsFile)
	file, err := safetensorsio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var infos []safetensorsio.Info
	data := map[string][]byte{}
	add := func(name string, shape []int, raw []byte) {
		infos, data[name] = append(infos, safetensorsio.Info{Name: name, DType: "F32", Shape: shape}), raw
	}
	for _, name := range file.Names() {
		x, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		add(strings.Replace(name, "model.encoder", "model.bert.encoder", 1), x.Shape, slices.Clone(x.Data))
	}
	file.Close()
	add("base_model.model.bert.pooler.dense.lora_A.weight", []int{2, 12}, make([]byte, 4*24))
	add("base_model.model.bert.pooler.dense.lora_B.weight", []int{12, 2}, make([]byte, 4*24))
	err = fsutil.WriteFile(path, func(w io.Writer) error {
		return safetensorsio.WriteStream(w, infos, nil, func(i safetensorsio.Info) ([]byte, error) {
			return data[i.Name], nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	again := tinyBERT(t)
	if _, err := lora.Load(dir, again); err != nil {
		t.Fatal(err)
	}
	if d := furthest(bertMean(t, on, m), bertMean(t, on, again)); d != 0 || len(again.Adapters()) != 6 {
		t.Errorf("%g off, %d adapters", d, len(again.Adapters()))
	}
}
