package decoder_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/model/decoder"
	"hives/model/transformer"
)

// TestHookSeesEveryLayer: what it is shown are the outputs that taps name, and what it returns goes on.
func TestHookSeesEveryLayer(t *testing.T) {
	on, layers := goEngine(t), 3
	w, cfg := oddModel(t, decoder.Qwen2, 2, layers)
	ids, first := padded(randomTexts(3, cfg.VocabSize, 6, 2), 6, 0)
	lengths := []int32{6 - first[0], 6 - first[1]}
	var behind []int
	exec := model.MustNewExec(on.Backend, w.Store, func(_ *model.Scope, ids, lengths *Node) (out []*Node) {
		var taps, hooks []*Node
		f := decoder.Padded(w, ids, lengths, decoder.Options{
			Arith: transformer.F64,
			Tap: func(name string, x *Node) {
				if name == "embed_tokens" || strings.HasPrefix(name, "layers.") && strings.Count(name, ".") == 1 {
					taps = append(taps, x)
				}
			},
			Hook: func(l int, x *Node) *Node {
				behind, hooks = append(behind, l), append(hooks, x)
				return x
			},
		})
		f.States(f.Embed(ids), 0, decoder.Everywhere)
		return slices.Concat(taps, hooks)
	})
	defer exec.Finalize()
	out, err := exec.Call(ids, lengths)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(behind, []int{0, 1, 2, 3}) || len(out) != 2*(layers+1) {
		t.Fatalf("the hook was called after %v layers; %d outputs", behind, len(out))
	}
	for l := range layers + 1 {
		tap, hook := tensors.MustCopyFlatData[float64](out[l]), tensors.MustCopyFlatData[float64](out[layers+1+l])
		if d := furthest(t, hook, tap); d != 0 {
			t.Errorf("after %d layers: differs by %g", l, d)
		}
	}
}

// nodes counts the nodes of a graph of three layers.
func nodes(t *testing.T, hook decoder.Hook) (n int) {
	t.Helper()
	w, cfg := oddModel(t, decoder.Llama, 2, 3)
	ids, first := padded(randomTexts(3, cfg.VocabSize, 6), 6, 0)
	exec := model.MustNewExec(goEngine(t).Backend, w.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		f := decoder.Padded(w, ids, lengths, decoder.Options{Arith: transformer.F32, Hook: hook})
		out := f.States(f.Embed(ids), 0, decoder.LastTokens)
		n = len(out.Graph().Nodes())
		return out
	})
	defer exec.Finalize()
	if _, err := exec.Call1(ids, []int32{6 - first[0]}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestUnusedHookCostsNothing: neither none at all, nor one that looks and returns what it saw.
func TestUnusedHookCostsNothing(t *testing.T) {
	none := nodes(t, nil)
	if n := nodes(t, func(_ int, x *Node) *Node { return x }); n != none {
		t.Errorf("%d nodes with a hook that only looks, %d without", n, none)
	}
	if n := nodes(t, func(_ int, x *Node) *Node { return AddScalar(x, 1) }); n <= none {
		t.Errorf("%d nodes with a hook that adds, %d without", n, none)
	}
}

// TestHookSteersWithTheCacheAsInOnePass adds a vector to one layer at all positions; adding 0 gives the same numbers as
// no hook.
func TestHookSteersWithTheCacheAsInOnePass(t *testing.T) {
	on := goEngine(t)
	w, cfg := oddModel(t, decoder.Llama, 6, 3)
	ids, first := padded(randomTexts(8, cfg.VocabSize, 9, 4), 9, 0)
	steer := func(by float64) decoder.Hook {
		return func(behind int, x *Node) *Node {
			if behind != 2 {
				return x
			}
			v := Iota(x.Graph(), x.Shape(), -1)
			return Add(x, MulScalar(ConvertDType(v, x.DType()), by))
		}
	}
	states := func(hook decoder.Hook) [][]float64 {
		return onePass(t, on, w, ids, first, decoder.Options{Arith: transformer.F64, Hook: hook})
	}
	plain, steered := states(nil), states(steer(.1))
	if d := worstReal(t, states(steer(0)), plain, first); d != 0 {
		t.Errorf("steering by 0 moves states by %g", d)
	}
	if d := worstReal(t, steered, plain, first); d < 1e-3 {
		t.Errorf("steering moves states by %g only", d)
	}
	g := generate(t, on, w, transformer.F64, first, 9)
	g.hook = steer(.1)
	got := make([][]float64, len(steered))
	for slot := range 9 {
		for row, state := range g.step(column(ids, slot, slot+1), 9) {
			got[row*9+slot] = state
		}
	}
	if d := worstReal(t, got, steered, first); d > 1e-12 {
		t.Errorf("steered step by step: differs by %g", d)
	}
}

// TestHookMustKeepTheShape: the layers above would fail later and less clearly.
func TestHookMustKeepTheShape(t *testing.T) {
	w, _ := oddModel(t, decoder.Llama, 2, 1)
	exec := model.MustNewExec(goEngine(t).Backend, w.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		f := decoder.Padded(w, ids, lengths, decoder.Options{Arith: transformer.F32, Hook: func(_ int, x *Node) *Node {
			return ConvertDType(x, dtypes.Float64)
		}})
		return f.States(f.Embed(ids), 0, decoder.Everywhere)
	})
	defer exec.Finalize()
	if _, err := exec.Call1([][]int32{{1, 2}}, []int32{2}); err == nil || !strings.Contains(err.Error(), "a hook made") {
		t.Errorf("a hook that changes the type: %v", err)
	}
}
