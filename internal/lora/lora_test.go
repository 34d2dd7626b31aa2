package lora_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/lora"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// expected is what PEFT and transformers computed: testdata/make.py.
type expected struct {
	IDs  [][]int32   `json:"ids"`
	Mean [][]float64 `json:"mean"`
}

func readExpected(t *testing.T, name string) (e expected) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func load(t *testing.T, dir string, dtype dtypes.DType) *qwen3embed.Model {
	t.Helper()
	m, err := qwen3embed.Load(dir, dtype)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// off is how far the model's means are from the expected ones.
func (e *expected) off(t *testing.T, on *engine.Engine, m *qwen3embed.Model) (worst float64) {
	t.Helper()
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, any *Node) (out []*Node) {
		g := any.Graph()
		for _, ids := range e.IDs {
			raw := m.Raw(Const(g, [][]int32{ids}), Const(g, []int32{int32(len(ids))}), transformer.MeanTokens, transformer.F32)
			out = append(out, ConvertDType(raw, dtypes.Float64))
		}
		return out
	})
	defer exec.Finalize()
	for i, out := range exec.MustCall(float32(0)) {
		for k, x := range tensors.MustCopyFlatData[float64](out) {
			worst = math.Max(worst, math.Abs(x-e.Mean[i][k]))
		}
	}
	return worst
}

// TestAdaptersOfPEFT loads what PEFT saved and holds the vectors to PEFT's, adapted and merged. The base alone
// is the control.
func TestAdaptersOfPEFT(t *testing.T) {
	const bound = 3e-6
	on, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go}) // nothing to compile
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	for _, name := range []string{"qwen3", "llama"} {
		e, base := readExpected(t, name), filepath.Join("testdata", name, "base")
		m := load(t, base, dtypes.Float32)
		if d := e.off(t, on, m); d < 1e-2 {
			t.Errorf("%s: the base alone is %g off: the comparison sees nothing", name, d)
		}
		if _, err := lora.Load(filepath.Join("testdata", name, "adapter"), m); err != nil {
			t.Fatal(err)
		}
		adapted := e.off(t, on, m)
		if err := m.Merge(); err != nil {
			t.Fatal(err)
		}
		merged := e.off(t, on, m)
		t.Logf("%s: adapted %.2g off, merged %.2g", name, adapted, merged)
		if !(adapted <= bound && merged <= bound) {
			t.Errorf("%s: adapted %g off, merged %g, want at most %g", name, adapted, merged, bound)
		}
	}
}

// TestSavedAdaptersAreLoaded writes adapters and reads them again: the same values, scale and base.
func TestSavedAdaptersAreLoaded(t *testing.T) {
	base := filepath.Join("testdata", "llama", "base")
	m := load(t, base, dtypes.Float32)
	l := transformer.LoRA{Rank: 2, Alpha: 7, Targets: []string{"down_proj", "k_proj"}, FirstLayer: 1}
	if err := m.Adapt(l, 3); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := lora.Save(dir, m, l, lora.Origin{Name: "some-base", SHA256: "abc"}); err != nil {
		t.Fatal(err)
	}
	again := load(t, base, dtypes.Float32)
	sum, err := lora.Load(dir, again)
	if err != nil || sum != "abc" || !slices.Equal(m.Adapters(), again.Adapters()) {
		t.Fatalf("%v, base %q, adapters %v, saved %v", err, sum, again.Adapters(), m.Adapters())
	}
	for i, v := range m.AdapterVariables() {
		got := tensors.MustCopyFlatData[float32](again.AdapterVariables()[i].MustValue())
		if !slices.Equal(got, tensors.MustCopyFlatData[float32](v.MustValue())) {
			t.Errorf("%s: other values", v.Path())
		}
	}
	var c map[string]any
	raw, _ := os.ReadFile(filepath.Join(dir, lora.ConfigFile))
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"peft_type": "LORA", "r": 2., "lora_alpha": 7., "task_type": "FEATURE_EXTRACTION",
		"bias":                    "none",
		"base_model_name_or_path": "some-base", "target_modules": []any{"k_proj", "down_proj"},
		"layers_to_transform": []any{1.}}
	for key, value := range want {
		if fmt.Sprint(c[key]) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", key, c[key], value)
		}
	}
}

// spoil copies the llama adapter's folder and changes its config.
func spoil(t *testing.T, change func(c map[string]any)) string {
	t.Helper()
	dir, from := t.TempDir(), filepath.Join("testdata", "llama", "adapter")
	var c map[string]any
	for _, name := range []string{lora.ConfigFile, lora.WeightsFile} {
		raw, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == lora.ConfigFile {
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Fatal(err)
			}
			change(c)
			raw, _ = json.Marshal(c)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestWhatIsNotPlainLoRAIsRefused, each by its name.
func TestWhatIsNotPlainLoRAIsRefused(t *testing.T) {
	for key, value := range map[string]any{
		"peft_type": "IA3", "r": 0, "lora_alpha": -1, "use_dora": true, "bias": "all", "lora_bias": true,
		"fan_in_fan_out": true,
		"alpha_pattern":  map[string]any{"q_proj": 3}, "modules_to_save": []string{"norm"},
		"layer_replication":       [][]int{{0, 1}},
		"trainable_token_indices": []int{1}, "init_lora_weights": "pissa", "use_qalora": true,
		"alora_invocation_tokens": []int{33, 8}, "target_parameters": []string{"x"},
		"use_bdlora":   map[string]any{"nblocks": 2},
		"arrow_config": map[string]any{"top_k": 3}, "kasa_config": map[string]any{"beta": 1},
		"monteclora_config": map[string]any{"n": 1},
		"velora_config":     map[string]any{"scale": 1}, "lora_magnitude_vector": true, "Use_DoRA": true,
	} {
		m := load(t, filepath.Join("testdata", "llama", "base"), dtypes.Float32)
		_, err := lora.Load(spoil(t, func(c map[string]any) { c[key] = value }), m)
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), key) {
			t.Errorf("%s %v: %v", key, value, err)
		}
	}
	// The qwen3 base has the same sizes with q and k norms; its adapter fits llama's layers.
	m := load(t, filepath.Join("testdata", "qwen3", "base"), dtypes.Float32)
	dir := spoil(t, func(map[string]any) {})
	if err := os.Truncate(filepath.Join(dir, lora.WeightsFile), 3000); err != nil {
		t.Fatal(err)
	}
	if _, err := lora.Load(dir, m); fault.Of(err) != fault.Corrupt {
		t.Errorf("torn weights: %v", err)
	}
	for _, name := range []string{lora.WeightsFile, lora.ConfigFile} {
		os.Remove(filepath.Join(dir, name))
		if _, err := lora.Load(dir, m); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
