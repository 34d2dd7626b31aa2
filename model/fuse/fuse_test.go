package fuse_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/lora"
	"hives/internal/safetensorsio"
	"hives/model/fuse"
)

// The tiny base and the adapter that PEFT made for it.
var (
	base    = filepath.Join("..", "..", "internal", "lora", "testdata", "llama", "base")
	adapter = filepath.Join("..", "..", "internal", "lora", "testdata", "llama", "adapter")
)

// TestAdaptersAreMergedFirst holds the fusion of an adapter alone, beside another of weight 0, to the merged model. The
// control is that A and B fused apart would give another model: here they are halved, and their product is a quarter.
func TestAdaptersAreMergedFirst(t *testing.T) {
	merged, out := filepath.Join(t.TempDir(), "merged"), filepath.Join(t.TempDir(), "out")
	tuned := withTokenizer(t, base)
	if _, err := lora.Merge(lora.MergeOptions{Base: tuned, Adapter: adapter, Out: merged}); err != nil {
		t.Fatal(err)
	}
	run(t, fuse.Options{Models: []string{adapter, adapter}, Base: tuned, Method: fuse.ByLinear,
		Weights: []float64{1, 0}, Out: out})
	whole, got := open(t, filepath.Join(merged, "model.safetensors")), open(t, filepath.Join(out, "model.safetensors"))
	for _, name := range whole.Names() {
		x, y := numbers(t, got, name), numbers(t, whole, name)
		if !slices.Equal(x, y) {
			t.Errorf("%s differs from the merged model's", name)
		}
	}
	half := filepath.Join(t.TempDir(), "half")
	run(t, fuse.Options{Models: []string{adapter, tuned}, Base: tuned, Method: fuse.ByLinear, Out: half})
	a, b := open(t, filepath.Join(half, "model.safetensors")), whole
	from := open(t, filepath.Join(base, "model.safetensors"))
	moved := false
	for _, name := range a.Names() {
		x, y, w := numbers(t, a, name), numbers(t, b, name), numbers(t, from, name)
		for i := range x {
			moved = moved || y[i] != w[i]
			if want := (float64(y[i]) + float64(w[i])) / 2; math.Abs(float64(x[i])-want) > 1e-6 {
				t.Fatalf("%s[%d] is %v, want %v, half way between base and merged", name, i, x[i], want)
			}
		}
	}
	if !moved {
		t.Error("the adapter changes nothing: the test sees nothing")
	}
}

// withTokenizer is a copy of a folder with a tokenizer, which folder.Save asks for.
func withTokenizer(t *testing.T, from string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "base")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tokenizer.json"), []byte(`{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}`))
	return dir
}

func run(t *testing.T, o fuse.Options) *fuse.Record {
	t.Helper()
	rec, err := fuse.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestThreadsChangeNothing fuses tensors of several blocks on one core and on all.
func TestThreadsChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var vs []fuse.Vector
	for range 3 {
		v := make(fuse.Numbers, 200_001)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		vs = append(vs, v)
	}
	once := func(procs int) []float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		out := make([]float64, vs[0].Len())
		if _, err := fuse.Karcher(t.Context(), out, vs, []float64{1, 2, 3}, fuse.MaxUpdates); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if one, many := once(1), once(4); !slices.Equal(one, many) {
		t.Error("four threads give other bits than one")
	}
}

// TestKarcherKeepsTheNorm has a dumb twin: the mean of two unit vectors at a right angle is known, and no point near it
// has a smaller sum of squared angles.
func TestKarcherKeepsTheNorm(t *testing.T) {
	vs := []fuse.Vector{fuse.Numbers{1, 0, 0}, fuse.Numbers{0, 1, 0}, fuse.Numbers{0, 0, 1}}
	weights, m := []float64{1, 2, 3}, make([]float64, 3)
	rep, err := fuse.Karcher(t.Context(), m, vs, weights, 1000)
	if err != nil || !rep.Converged {
		t.Fatalf("%+v %v", rep, err)
	}
	if norm := math.Hypot(math.Hypot(m[0], m[1]), m[2]); math.Abs(norm-1) > 1e-12 {
		t.Errorf("norm %v, want 1", norm)
	}
	cost := func(x []float64) (sum float64) {
		norm := math.Hypot(math.Hypot(x[0], x[1]), x[2])
		for j, w := range weights {
			theta := math.Acos(x[j] / norm)
			sum += w * theta * theta
		}
		return sum
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		near := slices.Clone(m)
		for i := range near {
			near[i] += .01 * rng.NormFloat64()
		}
		if cost(near) < cost(m)-1e-9 {
			t.Fatalf("%v costs less than the mean %v", near, m)
		}
	}
	if average := []float64{1. / 6, 2. / 6, 3. / 6}; !(cost(m) < cost(average)-1e-4) {
		t.Error("the average is as good: the test does not tell them apart")
	}
}

// TestRoundsOnce holds 16-bit results to the nearest stored number, found with exact arithmetic. The first model gives
// the type and has no weight, the second gives numbers in float64: at the middle of two stored ones, or just beside it.
func TestRoundsOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for dtype, step := range map[string]float64{"BF16": 1. / 128, "F16": 1. / 1024} { // between stored numbers from 1 to 2
		var raw []byte
		var want []float32
		for range 3000 {
			x := 1 + float64(rng.IntN(64))*step + step/2 + float64(rng.IntN(3)-1)*math.Ldexp(1, -40)
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
			want = append(want, float32(nearest(x, step)))
		}
		zeros := holding(t, dtype, make([]byte, len(raw)/4))
		out := filepath.Join(t.TempDir(), "out")
		run(t, fuse.Options{Models: []string{zeros, holding(t, "F64", raw)}, Method: fuse.ByLinear, Raw: true,
			Weights: []float64{0, 1}, Out: out})
		if got := numbers(t, open(t, filepath.Join(out, "model.safetensors")), "w"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", dtype, got[:8], want[:8])
		}
	}
}

// nearest is the multiple of step next to x, the even one of two.
func nearest(x, step float64) float64 {
	q := new(big.Float).Quo(big.NewFloat(x), big.NewFloat(step)) // exact: step is a power of two
	f, _ := q.Float64()
	return math.RoundToEven(f) * step
}

// holding is a model folder of one tensor.
func holding(t *testing.T, dtype string, raw []byte) string {
	t.Helper()
	width := map[string]int{"F64": 8, "BF16": 2, "F16": 2}[dtype]
	var b bytes.Buffer
	w := safetensorsio.Tensor{Name: "w", DType: dtype, Shape: []int{len(raw) / width}, Data: raw}
	if err := safetensorsio.Write(&b, []safetensorsio.Tensor{w}, nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "model.safetensors"), b.Bytes())
	write(t, filepath.Join(dir, "config.json"), []byte(`{"model_type": "llama", "rope_theta": 10000}`))
	return dir
}

// TestRefusals: what does not belong together is named before anything is written.
func TestRefusals(t *testing.T) {
	one := []byte{0, 0x3c} // in F16
	a, b, turned, spoken := holding(t, "F16", one), holding(t, "F16", one), holding(t, "F16", one), holding(t, "F16", one)
	infinite := holding(t, "F16", []byte{0, 0x7c})
	write(t, filepath.Join(turned, "config.json"), []byte(`{"model_type": "llama", "rope_theta": 500000}`))
	write(t, filepath.Join(spoken, "tokenizer.json"), []byte(`{"model": {"vocab": {"x": 0}}}`))
	other := filepath.Join(t.TempDir(), "e")
	if err := os.CopyFS(other, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    fuse.Options
		kind fault.Kind
		says string
	}{
		"one model":           {fuse.Options{Models: []string{a}}, fault.Invalid, "1 models"},
		"no method":           {fuse.Options{Models: []string{a, b}, Method: "mean"}, fault.Invalid, `"mean"`},
		"weights":             {weighted(a, b, "", 1), fault.Invalid, "1 weights for 2"},
		"sum of weights":      {weighted(a, b, "", 1, -1), fault.Invalid, "sum to 0"},
		"weight is NaN":       {weighted(a, b, "", 1, math.NaN()), fault.Invalid, "NaN"},
		"negative for sphere": {weighted(a, b, fuse.ByKarcher, 2, -1), fault.Invalid, "-1"},
		"raw for sphere": {fuse.Options{Models: []string{a, b}, Method: fuse.ByKarcher, Raw: true}, fault.Invalid,
			"linear"},
		"deltas of nothing":  {fuse.Options{Models: []string{a, b}, Deltas: true}, fault.Invalid, "base"},
		"out is an input":    {fuse.Options{Models: []string{a, b}, Out: b + "/"}, fault.Exists, "input"},
		"other config":       {fuse.Options{Models: []string{a, turned}}, fault.Mismatch, "rope_theta"},
		"other tokenizer":    {fuse.Options{Models: []string{a, spoken}}, fault.Mismatch, "tokenizer.json"},
		"other tensors":      {fuse.Options{Models: []string{a, other}}, fault.Mismatch, "tensor"},
		"adapter, no base":   {fuse.Options{Models: []string{a, adapter}}, fault.Invalid, "name its base"},
		"adapter of another": {fuse.Options{Models: []string{adapter, b}, Base: a}, fault.Mismatch, "no such weight"},
		"not finite":         {fuse.Options{Models: []string{a, infinite}}, fault.Corrupt, infinite},
	} {
		t.Run(name, func(t *testing.T) {
			if c.o.Method == "" {
				c.o.Method = fuse.ByLinear
			}
			if c.o.Out == "" {
				c.o.Out = filepath.Join(t.TempDir(), "out")
			}
			_, err := fuse.Run(t.Context(), c.o)
			if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want kind %v naming %q", err, c.kind, c.says)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(c.o.Out), "*out*")); c.kind != fault.Exists && len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func weighted(a, b string, method fuse.Method, weights ...float64) fuse.Options {
	return fuse.Options{Models: []string{a, b}, Method: method, Weights: weights}
}

// TestStopsAndLeavesNothing cancels in the middle.
func TestStopsAndLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out")
	_, err := fuse.Run(ctx, fuse.Options{Models: []string{base, base}, Method: fuse.ByKarcher, Out: out,
		Progress: func(int, int) { cancel() }})
	if err == nil {
		t.Fatal("a run that was stopped ended well")
	}
	if left, _ := os.ReadDir(filepath.Dir(out)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestFolderIsWhole: the fused folder brings what lies beside the weights, says how it was made, and of equal models is
// that model to the byte.
func TestFolderIsWhole(t *testing.T) {
	from := withTokenizer(t, base)
	write(t, filepath.Join(from, "generation_config.json"), []byte(`{"eos_token_id": 2}`))
	write(t, filepath.Join(from, "chat_template.jinja"), []byte("{{ messages }}"))
	for _, method := range []fuse.Method{fuse.ByLinear, fuse.ByKarcher} {
		out := filepath.Join(t.TempDir(), "out")
		rec := run(t, fuse.Options{Models: []string{from, from, from}, Method: method, Out: out})
		for _, name := range []string{"config.json", "tokenizer.json", "generation_config.json", "chat_template.jinja",
			"model.safetensors"} {
			x, _ := os.ReadFile(filepath.Join(from, name))
			y, err := os.ReadFile(filepath.Join(out, name))
			if err != nil || !bytes.Equal(x, y) {
				t.Errorf("%s: %s differs: %v", method, name, err)
			}
		}
		var kept fuse.Record
		raw, err := os.ReadFile(filepath.Join(out, fuse.RecordFile))
		if err == nil {
			err = json.Unmarshal(raw, &kept)
		}
		if err != nil || len(kept.Tensors) != len(rec.Tensors) || len(kept.Tensors) == 0 || len(kept.Models) != 3 {
			t.Errorf("%s: record %+v: %v", method, kept, err)
		}
	}
}
