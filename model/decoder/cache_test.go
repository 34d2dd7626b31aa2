package decoder_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/model/decoder"
	"hives/model/transformer"
)

// generator feeds steps to a model, with a cache that goes in and out of the graph as plain tensors.
type generator struct {
	t      *testing.T
	w      *transformer.Weights
	on     *engine.Engine
	arith  transformer.Arithmetic
	logits bool // in place of states
	hook   decoder.Hook

	first []int32 // of each row
	slots int
	start int
	cache []*tensors.Tensor   // keys of all layers, then values
	execs map[int]*model.Exec // by window
}

func generate(t *testing.T, on *engine.Engine, w *transformer.Weights, arith transformer.Arithmetic, first []int32,
	slots int) *generator {
	t.Helper()
	g := &generator{t: t, w: w, on: on, arith: arith, slots: slots, execs: map[int]*model.Exec{}}
	t.Cleanup(func() {
		for _, exec := range g.execs {
			exec.Finalize()
		}
	})
	g.begin(first)
	return g
}

// begin empties the cache for other rows.
func (g *generator) begin(first []int32) {
	g.first, g.start, g.cache = first, 0, nil
	shape := g.w.Architecture().(*decoder.Config).CacheShape(len(first), g.slots, g.arith)
	for range 2 * g.w.Sizes().Layers {
		g.cache = append(g.cache, tensors.FromShape(shape))
	}
}

// exec compiles steps of a window once for each number of tokens.
func (g *generator) exec(window int) *model.Exec {
	if exec, ok := g.execs[window]; ok {
		return exec
	}
	layers := g.w.Sizes().Layers
	g.execs[window] = model.MustNewExec(g.on.Backend, g.w.Store, func(_ *model.Scope, in []*Node) []*Node {
		s := decoder.Step{IDs: in[0], Start: in[1], First: in[2], Window: window}
		s.Cache = &decoder.Cache{Keys: slices.Clone(in[3 : 3+layers]), Values: slices.Clone(in[3+layers:])}
		f := decoder.Cached(g.w, &s, decoder.Options{Arith: g.arith, Hook: g.hook})
		out := f.States(f.Embed(s.IDs), 0, decoder.Everywhere)
		if g.logits {
			out = f.Logits(out)
		}
		return slices.Concat([]*Node{ConvertDType(out, dtypes.Float64)}, s.Cache.Keys, s.Cache.Values)
	})
	return g.execs[window]
}

// step feeds the next tokens of every row and returns what the graph says of each: [B·C, H or V] row by row.
func (g *generator) step(ids [][]int32, window int) (rows [][]float64) {
	g.t.Helper()
	if err := decoder.CheckStep(g.start, len(ids[0]), window, g.slots); err != nil {
		g.t.Fatal(err)
	}
	inputs := []any{ids, int32(g.start), g.first}
	for _, buffer := range g.cache {
		inputs = append(inputs, buffer)
	}
	out, err := g.exec(window).Call(inputs...)
	if err != nil {
		g.t.Fatal(err)
	}
	g.cache, g.start = out[1:], g.start+len(ids[0])
	flat, width := tensors.MustCopyFlatData[float64](out[0]), out[0].Shape().Dim(2)
	for at := 0; at < len(flat); at += width {
		rows = append(rows, flat[at:at+width])
	}
	return rows
}

// padded lays texts out in rows of s tokens; fill is what stands at padded positions.
func padded(texts [][]int32, s int, fill int32) (ids [][]int32, first []int32) {
	for _, text := range texts {
		row := slices.Concat(slices.Repeat([]int32{fill}, s-len(text)), text)
		ids, first = append(ids, row), append(first, int32(s-len(text)))
	}
	return ids, first
}

// column is one token of every row.
func column(ids [][]int32, from, to int) (out [][]int32) {
	for _, row := range ids {
		out = append(out, row[from:to])
	}
	return out
}

// onePass is Padded's states of whole rows: [B·S][H].
func onePass(t *testing.T, on *engine.Engine, w *transformer.Weights, ids [][]int32, first []int32,
	o decoder.Options) (rows [][]float64) {
	t.Helper()
	var lengths []int32
	for _, at := range first {
		lengths = append(lengths, int32(len(ids[0]))-at)
	}
	exec := model.MustNewExec(on.Backend, w.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		f := decoder.Padded(w, ids, lengths, o)
		return ConvertDType(f.States(f.Embed(ids), 0, decoder.Everywhere), dtypes.Float64)
	})
	defer exec.Finalize()
	out, err := exec.Call1(ids, lengths)
	if err != nil {
		t.Fatal(err)
	}
	flat, width := tensors.MustCopyFlatData[float64](out), out.Shape().Dim(2)
	for at := 0; at < len(flat); at += width {
		rows = append(rows, flat[at:at+width])
	}
	return rows
}

// stepwise feeds rows of one length in parts and returns the states of all their tokens: [B·S][H].
func stepwise(t *testing.T, on *engine.Engine, w *transformer.Weights, arith transformer.Arithmetic, ids [][]int32,
	first []int32, parts ...int) [][]float64 {
	t.Helper()
	g := generate(t, on, w, arith, first, len(ids[0])+3)
	all := make([][]float64, len(ids)*len(ids[0]))
	for _, c := range parts {
		from := g.start
		for i, state := range g.step(column(ids, from, from+c), max(from+c, min(8, g.slots))) {
			all[i/c*len(ids[0])+from+i%c] = state
		}
	}
	return all
}

// worstReal compares the states of real tokens.
func worstReal(t *testing.T, got, want [][]float64, first []int32) (worst float64) {
	t.Helper()
	sequence := len(got) / len(first)
	for i := range got {
		if int32(i%sequence) >= first[i/sequence] {
			worst = max(worst, furthest(t, got[i], want[i]))
		}
	}
	return worst
}

// TestStepsGiveTheStatesOfOnePass: a prompt at once or in parts, and then token by token, over rows of unequal length.
// In float64 nothing but the order of sums is left to differ by.
func TestStepsGiveTheStatesOfOnePass(t *testing.T) {
	on := goEngine(t)
	for seed, family := range decoder.Families() {
		w, cfg := oddModel(t, family, uint64(seed+3), 3)
		ids, first := padded(randomTexts(9, cfg.VocabSize, 12, 1, 5, 11, 8), 12, 0)
		for _, c := range []struct {
			arith transformer.Arithmetic
			bound float64
		}{{transformer.F64, 1e-12}, {transformer.F32, 2e-5}} {
			want := onePass(t, on, w, ids, first, decoder.Options{Arith: c.arith})
			for _, parts := range [][]int{{12}, {8, 1, 1, 1, 1}, {3, 4, 5}, slices.Repeat([]int{1}, 12)} {
				got := stepwise(t, on, w, c.arith, ids, first, parts...)
				if d := worstReal(t, got, want, first); !(d <= c.bound) {
					t.Errorf("%s in steps of %v: differs by %g, more than %g", family, parts, d, c.bound)
				}
			}
		}
		// The control: a row that begins a slot too early sees a token of padding.
		want := onePass(t, on, w, ids, first, decoder.Options{Arith: transformer.F64})
		leak := slices.Clone(first)
		leak[2]--
		if d := worstReal(t, stepwise(t, on, w, transformer.F64, ids, leak, 12), want, first); d < 1e-3 {
			t.Errorf("%s: a mask that leaks moves states by %g only", family, d)
		}
	}
}

// TestStepsRoundNoWorseThanOnePass: with narrow operands a cache keeps narrow keys and values, of numbers that products
// would have rounded anyway. One pass and steps count positions from different places, so they round differently; from
// the states in float32 they are equally far.
func TestStepsRoundNoWorseThanOnePass(t *testing.T) {
	on := goEngine(t)
	w, cfg := oddModel(t, decoder.Qwen3, 8, 2)
	ids, first := padded(randomTexts(9, cfg.VocabSize, 10, 4), 10, 0)
	exact := onePass(t, on, w, ids, first, decoder.Options{Arith: transformer.F32})
	for name, arith := range map[string]transformer.Arithmetic{"mixed": transformer.Mixed, "bf16": transformer.BF16} {
		plain := worstReal(t, onePass(t, on, w, ids, first, decoder.Options{Arith: arith}), exact, first)
		steps := worstReal(t, stepwise(t, on, w, arith, ids, first, 8, 1, 1), exact, first)
		if !(steps <= 3*plain) || plain == 0 {
			t.Errorf("%s: one pass is off by %g, steps by %g", name, plain, steps)
		}
	}
}

// TestCompanyChangesNoBit runs one row as each row of a batch, among shorter and longer ones, through a prompt and two
// steps. Shapes are equal, so bits are. Both engines are asked, which write into a cache in ways of their own.
func TestCompanyChangesNoBit(t *testing.T) {
	const sequence, tokens, batch = 10, 7, 4
	for _, on := range []*engine.Engine{goEngine(t), engine.OpenForTest(t)} {
		w, cfg := oddModel(t, decoder.Qwen3, 4, 2)
		row := randomTexts(1, cfg.VocabSize, tokens)[0]
		var want []float64
		g := generate(t, on, w, transformer.F32, make([]int32, batch), sequence+2)
		for place := range batch {
			others := randomTexts(uint64(place+2), cfg.VocabSize, 1, 5+place, sequence)
			ids, first := padded(slices.Insert(others, place, row), sequence, int32(place))
			g.begin(first)
			var got []float64
			for _, to := range []int{sequence - 2, sequence - 1, sequence} {
				from := g.start
				states := g.step(column(ids, from, to), sequence)
				for slot := max(from, sequence-tokens); slot < to; slot++ {
					got = append(got, states[place*(to-from)+slot-from]...)
				}
			}
			if len(got) != tokens*cfg.HiddenSize {
				t.Fatalf("%d numbers of %d tokens", len(got), tokens)
			}
			if want == nil {
				want = got
				plain := onePass(t, on, w, ids, first, decoder.Options{Arith: transformer.F32})
				if d := furthest(t, got, slices.Concat(plain[sequence-tokens:sequence]...)); !(d <= 2e-5) {
					t.Errorf("%s: steps differ from one pass by %g", on.Name, d)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, row %d: differs by %g from row 0", on.Name, place, furthest(t, got, want))
			}
		}
	}
}

// TestStepIsChecked: what the window or the cache has no room for.
func TestStepIsChecked(t *testing.T) {
	for _, c := range []struct {
		start, tokens, window, slots int
		fits                         bool
	}{
		{0, 8, 8, 8, true}, {7, 1, 8, 9, true}, {8, 1, 8, 9, false}, {0, 9, 8, 9, false}, {0, 1, 10, 9, false},
		{-1, 1, 8, 8, false}, {0, 0, 8, 8, false},
	} {
		err := decoder.CheckStep(c.start, c.tokens, c.window, c.slots)
		if (err == nil) != c.fits || err != nil && fault.Of(err) != fault.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestCacheBytes counts what the specification does: 2·L·B·K·T·D numbers.
func TestCacheBytes(t *testing.T) {
	cfg := &decoder.Config{NumLayers: 30, NumKVHeads: 3, HeadDim: 64}
	for name, want := range map[string]int64{"f32": 4, "mixed": 2, "bf16": 2} {
		arith, err := transformer.ParseArithmetic(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.CacheBytes(32, 512, arith); got != want*2*30*32*3*512*64 {
			t.Errorf("%s: %d bytes", name, got)
		}
	}
}

func ExampleCheckStep() {
	fmt.Println(decoder.CheckStep(60, 8, 64, 128))
	// Output: 8 tokens from slot 60 on, a window of 64, 128 slots: want start + tokens ≤ window ≤ slots
}
