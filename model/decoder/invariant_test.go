package decoder_test

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/model/decoder"
	"hives/model/transformer"
)

// TestOnlyDifferencesOfPositionsMatter: a text has the same states wherever in a row it stands, since rotary embedding
// turns queries and keys by the same angle more.
func TestOnlyDifferencesOfPositionsMatter(t *testing.T) {
	on := goEngine(t)
	w, cfg := oddModel(t, decoder.Qwen3, 11, 2)
	text := randomTexts(4, cfg.VocabSize, 6)
	var want [][]float64
	for _, sequence := range []int{6, 7, 40} {
		ids, first := padded(text, sequence, 1)
		got := onePass(t, on, w, ids, first, decoder.Options{Arith: transformer.F64})[first[0]:]
		if want == nil {
			want = got
		}
		for i := range got {
			if d := furthest(t, got[i], want[i]); !(d <= 1e-12) {
				t.Errorf("%d positions further right, token %d differs by %g", sequence-6, i, d)
			}
		}
	}
	// The control: one token's position alone.
	apart := slices.Concat(text[0][:3], []int32{0}, text[0][3:])
	got := onePass(t, on, w, [][]int32{apart}, []int32{0}, decoder.Options{Arith: transformer.F64})
	if d := furthest(t, got[6], want[5]); d < 1e-3 {
		t.Errorf("a token in between moves the last state by %g only", d)
	}
}

// TestAttentionSharesAddUpToOne gives every token the value 1 in every number, so that attention must say 1 of whatever
// it sees, for padded queries too: the shares sum to 1, and none goes to where 1 is not.
func TestAttentionSharesAddUpToOne(t *testing.T) {
	w, cfg := oddModel(t, decoder.Qwen2, 5, 1)
	fill := func(name string, value float64) {
		t.Helper()
		v := w.Variable(name)
		values := slices.Repeat([]float32{float32(value)}, v.Shape().Size())
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	fill("layers.0.self_attn.v_proj.weight", 0)
	fill("layers.0.self_attn.v_proj.bias", 1)
	fill("layers.0.self_attn.o_proj.weight", 1/float64(cfg.NumHeads*cfg.HeadDim))
	ids, first := padded(randomTexts(6, cfg.VocabSize, 5, 2), 5, 0)
	exec := model.MustNewExec(goEngine(t).Backend, w.Store, func(_ *model.Scope, ids, lengths *Node) []*Node {
		var said *Node
		f := decoder.Padded(w, ids, lengths, decoder.Options{Arith: transformer.F32, Tap: func(name string, x *Node) {
			if name == "layers.0.self_attn" {
				said = x
			}
		}})
		return []*Node{f.States(f.Embed(ids), 0, decoder.Everywhere), said}
	})
	defer exec.Finalize()
	out, err := exec.Call(ids, []int32{5 - first[0], 5 - first[1]})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range tensors.MustCopyFlatData[float32](out[1]) {
		if x < .99999 || x > 1.00001 {
			t.Fatalf("number %d is %g", i, x)
		}
	}
}
