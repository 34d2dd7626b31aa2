package decoder_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/model/decoder"
	"hives/model/transformer"
)

// TestQwen2IsThatOfTransformers compares every layer's states, and the logits of a head of its own, with those that
// transformers computed from the same weights, in float64 but for norms, softmax and rotary tables, whence the bound.
// The last of its states is after the final norm.
func TestQwen2IsThatOfTransformers(t *testing.T) {
	const bound = 2e-5
	dir := filepath.Join("testdata", "qwen2")
	raw, err := os.ReadFile(filepath.Join(dir, "states.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		IDs    []int32     `json:"ids"`
		States [][]float64 `json:"states"`
		Logits []float64   `json:"logits"`
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	cfg, err := decoder.LoadConfig(filepath.Join(dir, transformer.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Head = true; cfg.Class() != "Qwen2ForCausalLM" || cfg.HeadName() != "lm_head.weight" {
		t.Errorf("class %s, head %s", cfg.Class(), cfg.HeadName())
	}
	w, err := transformer.Load(cfg, transformer.From{Dir: dir, DType: dtypes.Float32})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	exec := model.MustNewExec(goEngine(t).Backend, w.Store, func(_ *model.Scope, ids, lengths *Node) (out []*Node) {
		f := decoder.Padded(w, ids, lengths, decoder.Options{Arith: transformer.F64, Hook: func(_ int, x *Node) *Node {
			out = append(out, x)
			return x
		}})
		states := f.States(f.Embed(ids), 0, decoder.Everywhere)
		return append(out[:cfg.NumLayers], states, f.Logits(states))
	})
	defer exec.Finalize()
	got, err := exec.Call([][]int32{want.IDs}, []int32{int32(len(want.IDs))})
	if err != nil {
		t.Fatal(err)
	}
	for i, values := range slices.Concat(want.States, [][]float64{want.Logits}) {
		if d := furthest(t, tensors.MustCopyFlatData[float64](got[i]), values); !(d <= bound) {
			t.Errorf("output %d of %d differs by %g", i, len(got), d)
		}
	}
}
