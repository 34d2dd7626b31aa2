package export

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"hives/internal/gguf"
	"hives/model/decoder"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/tokenizer"
)

// toFile exports a model as GGUF.
func toFile(t *testing.T, model, dtype string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "m.gguf")
	res, err := Run(Options{Model: model, Out: out, Format: GGUF, DType: dtype})
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(out); err != nil || stat.Size() != res.Bytes {
		t.Fatalf("%d bytes announced: %v", res.Bytes, err)
	}
	return out
}

// weights loads a model's numbers by name.
func weights(t *testing.T, path string) (*qwen3embed.Config, map[string][]float32) {
	t.Helper()
	m, err := qwen3embed.Load(path, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out := map[string][]float32{}
	for _, spec := range m.Config.Layout() {
		value, err := m.Variable(spec.Name).Value()
		if err != nil {
			t.Fatal(err)
		}
		out[spec.Name] = tensors.MustCopyFlatData[float32](value)
	}
	return m.Config, out
}

// TestGGUFThereAndBack: float32 weights come back bit for bit, and a second file of them has the same bytes.
func TestGGUFThereAndBack(t *testing.T) {
	for _, family := range decoder.Families() {
		dir := modelFolder(t, family, func(i *folder.Info) { i.Pooling = "mean" })
		first := toFile(t, dir, "")
		before, want := weights(t, dir)
		after, got := weights(t, first)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: weights changed", family)
		}
		if before.RopeTheta != after.RopeTheta || before.RMSNormEps != after.RMSNormEps || after.Family() != family ||
			before.HeadDim != after.HeadDim {
			t.Errorf("%s: config %+v became %+v", family, before, after)
		}
		a, err := os.ReadFile(first)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(toFile(t, first, ""))
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%s: a file made of the file has other bytes", family)
		}
		info, err := folder.Read(first)
		if err != nil || info.Pooling != "mean" || info.EndToken != "<|endoftext|>" {
			t.Errorf("%s: %+v, %v", family, info, err)
		}
	}
}

// TestGGUFTypes holds each type to the error that its definition allows. Norms keep every bit.
func TestGGUFTypes(t *testing.T) {
	dir := modelFolder(t, "llama", same)
	_, want := weights(t, dir)
	for _, c := range []struct {
		dtype string
		bound func(x, blockMax float64) float64
	}{
		{"bfloat16", func(x, _ float64) float64 { return math.Abs(x) / 256 }},
		{"float16", func(x, _ float64) float64 { return math.Abs(x)/2048 + math.Exp2(-25) }},
		// Half a step of the scale, and the scale's own rounding times up to 127 steps.
		{"q8_0", func(_, most float64) float64 { return most/127*(.5+1e-3) + most/2048 + 127*math.Exp2(-25) }},
	} {
		file := toFile(t, dir, c.dtype)
		_, got := weights(t, file)
		changed := 0
		for name, values := range want {
			for i, x := range values {
				most := 0.
				for _, y := range values[i/32*32 : min(i/32*32+32, len(values))] {
					most = max(most, math.Abs(float64(y)))
				}
				d := math.Abs(float64(got[name][i]) - float64(x))
				// Feed-forward's inner width of 48 is no whole number of blocks: those matrices are float16.
				if d > c.bound(float64(x), most) && d > math.Abs(float64(x))/2048 || strings.HasSuffix(name, "norm.weight") &&
					d != 0 {
					t.Fatalf("%s: %s[%d] %g became %g", c.dtype, name, i, x, got[name][i])
				}
				if d != 0 {
					changed++
				}
			}
		}
		if changed == 0 {
			t.Errorf("%s rounds nothing", c.dtype)
		}
	}
}

// TestGGUFTokenizer: the tokenizer in the file gives the ids of the folder's.
func TestGGUFTokenizer(t *testing.T) {
	dir := modelFolder(t, "qwen3", same)
	raw, err := gguf.TokenizerJSON(toFile(t, dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	rendered := t.TempDir()
	if err := os.WriteFile(filepath.Join(rendered, folder.TokenizerFile), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	want, err := tokenizer.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tokenizer.Open(rendered)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"the ", "truth", " don't", "12345", "\n\n", "é", "e\u0301", "<|endoftext|>", "<think>", "价值",
		"👩‍👩‍👧", "  ", "?!"}
	for range 300 {
		var text string
		for range 1 + rng.IntN(12) {
			text += pieces[rng.IntN(len(pieces))]
		}
		a, err := want.Encode(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := got.Encode(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Fatalf("seed %d: %q: %s", seed, text, d)
		}
	}
}

// TestGGUFRefusesTokenizers names what such a file cannot say.
func TestGGUFRefusesTokenizers(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"splits texts like none": func(s string) string {
			return strings.Replace(s, `"normalizer":{"type":"NFC"}`, `"normalizer":null`, 1)
		},
		"plain byte-level BPE": func(s string) string {
			return strings.Replace(s, `"ignore_merges":false`, `"ignore_merges":true`, 1)
		},
		"two tokens have id": func(s string) string { return strings.Replace(s, `{"!":0,`, `{"!":1,`, 1) },
		"lies outside":       func(s string) string { return strings.Replace(s, `{"!":0,`, `{"!":9000,`, 1) },
	} {
		dir := modelFolder(t, "qwen3", same)
		path := filepath.Join(dir, folder.TokenizerFile)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := change(string(raw))
		if changed == string(raw) {
			t.Fatalf("%s: nothing changed", name)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = Run(Options{Model: dir, Out: filepath.Join(t.TempDir(), "m.gguf"), Format: GGUF})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), folder.TokenizerFile) {
			t.Errorf("%v, want an error that says %q", err, name)
		}
	}
}
