package local_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/pack"
)

// TestShapesAreFewAndHoldEveryText draws the model's length and packs texts of up to that length.
func TestShapesAreFewAndHoldEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 16, 17, 33, 63, 64, 65, 256, 300, 4096, 32768}).Draw(t, "limit")
		shapes := local.Shapes(limit)
		if len(shapes) > pack.MaxShapes {
			t.Fatalf("%d shapes to compile", len(shapes))
		}
		lengths := append(rapid.SliceOfN(rapid.IntRange(1, limit), 0, 20).Draw(t, "lengths"), limit)
		texts := make([][]int32, len(lengths))
		for i, n := range lengths {
			texts[i] = make([]int32, n)
		}
		if _, err := pack.Many(texts, shapes); err != nil {
			t.Fatal(err)
		}
		if b, err := pack.One([][]int32{{1}}, shapes); err != nil || b.Shape.Tokens() > 16 {
			t.Fatalf("a text of one token computes %d: %v", b.Shape.Tokens(), err)
		}
	})
}

// inMemory wraps the demo's shape of random weights, in which spoil may change a tensor's values.
func inMemory(t *testing.T, spoil func(name string, values []float32)) *local.Local {
	t.Helper()
	dir := tinyFolder(t)
	cfg, err := qwen3embed.LoadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	for _, spec := range cfg.Layout() {
		value, err := m.Variable(spec.Name).Value()
		if err != nil {
			t.Fatal(err)
		}
		tensors.MustMutableFlatData(value, func(values []float32) { spoil(spec.Name, values) })
	}
	info := folder.Defaults()
	info.MaxLength = 32
	l, err := local.New(m, nil, info, engine.OpenForTest(t).Backend, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestVectorsThatAreNotFiniteAreRefused makes one token's embedding NaN. The text that holds it shares a
// row with others, whose vectors it spoils too; the error must name the text itself.
func TestVectorsThatAreNotFiniteAreRefused(t *testing.T) {
	const poison = 7
	l := inMemory(t, func(name string, values []float32) {
		if name == "embed_tokens.weight" {
			values[24*poison] = float32(math.NaN())
		}
	})
	good := encoder.Input{IDs: []int32{1, 2, 3, 4}}
	out, _, err := l.Encode(context.Background(), []encoder.Input{good, good, {IDs: []int32{5, poison}}, good})
	if out != nil || fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), "input 2:") {
		t.Errorf("%v, %v: want an error of input 2", out, err)
	}
	if _, _, err := l.Encode(context.Background(), []encoder.Input{good, good}); err != nil {
		t.Errorf("texts without that token: %v", err)
	}
}

// TestRunnerGivesRawVectors runs a packed batch by hand: divided by their norms they are Encode's.
func TestRunnerGivesRawVectors(t *testing.T) {
	l := inMemory(t, func(string, []float32) {})
	r := l.Runner()
	texts := [][]int32{{9, 8, 7}, {1}, {5, 5}}
	b, err := pack.One(texts, r.Shapes())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Compile(context.Background(), b.Shape); err != nil {
		t.Fatal(err)
	}
	flat, err := r.Run(context.Background(), &b)
	if err != nil || len(flat) != b.Shape.Texts*r.Dim() {
		t.Fatalf("%d numbers, %v; want %d × %d", len(flat), err, b.Shape.Texts, r.Dim())
	}
	for i, text := range texts {
		want, _, err := l.Encode(context.Background(), []encoder.Input{{IDs: text}})
		if err != nil {
			t.Fatal(err)
		}
		raw, norm := flat[i*r.Dim():(i+1)*r.Dim()], 0.0
		for _, x := range raw {
			norm += float64(x) * float64(x)
		}
		got := slices.Clone(raw)
		for j := range got {
			got[j] /= float32(math.Sqrt(norm))
		}
		if d := distance(got, want[0]); d > 2e-6 || math.Abs(norm-1) < 1e-3 {
			t.Errorf("text %d: differs by %g from Encode's, squared norm %g", i, d, norm)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Run(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run: %v", err)
	}
	if err := r.Compile(ctx, b.Shape); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled compilation: %v", err)
	}
}

// TestProgressAndCancelBetweenBatches counts texts as batches end, and stops after the first.
func TestProgressAndCancelBetweenBatches(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var seen []int
	l := open(t, tinyFolder(t), local.Options{Progress: func(done, total int) {
		if seen = append(seen, done); total != 200 {
			t.Errorf("%d of %d texts", done, total)
		}
		if len(seen) == 2 {
			cancel()
		}
	}})
	inputs := make([]encoder.Input, 200)
	for i := range inputs {
		inputs[i].IDs = slices.Repeat([]int32{3}, 32)
	}
	_, _, err := l.Encode(ctx, inputs)
	if fault.Of(err) != fault.Canceled || len(seen) != 2 || seen[0] < 1 || seen[1] <= seen[0] || seen[1] >= 200 {
		t.Errorf("error %v after batches that end at %v", err, seen)
	}
}

// Shapes that are compiled at once, and beside a batch, give the bits of those that are compiled one by one.
func TestShapesAreCompiledAtOnce(t *testing.T) {
	plain := func(string, []float32) {}
	one, many := inMemory(t, plain).Runner(), inMemory(t, plain).Runner()
	shapes := one.Shapes()
	var all errgroup.Group
	for _, shape := range shapes {
		all.Go(func() error { return many.Compile(t.Context(), shape) })
		all.Go(func() error { return many.Compile(t.Context(), shapes[0]) }) // the same shape, asked for again and again
	}
	first := batch(t, shapes[0])
	beside, err := many.Run(t.Context(), first)
	if err := errors.Join(err, all.Wait()); err != nil {
		t.Fatal(err)
	}
	for i, shape := range shapes {
		if err := one.Compile(t.Context(), shape); err != nil {
			t.Fatal(err)
		}
		b := batch(t, shape)
		want, err := one.Run(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := many.Run(t.Context(), b)
		if err != nil || !slices.Equal(got, want) || i == 0 && !slices.Equal(beside, want) {
			t.Errorf("%d × %d: vectors differ: %v", shape.Rows, shape.Length, err)
		}
	}
}

// batch fills a shape with one text a row.
func batch(t *testing.T, shape pack.Shape) *pack.Batch {
	t.Helper()
	texts := make([][]int32, shape.Rows)
	for row := range texts {
		texts[row] = make([]int32, shape.Length)
		for at := range texts[row] {
			texts[row][at] = int32(1 + (31*row+7*at)%90)
		}
	}
	b, err := pack.One(texts, []pack.Shape{shape})
	if err != nil {
		t.Fatal(err)
	}
	return &b
}
