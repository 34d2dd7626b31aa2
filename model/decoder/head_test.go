package decoder_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
	"hives/model/decoder"
	"hives/model/transformer"
)

// TestHeadIsReadWhereItIsAskedFor saves a model with a head of its own, and reads it as a language model, as an
// embedder, and as a language model whose config ties the head. Without the matrix, one that is not tied is refused.
func TestHeadIsReadWhereItIsAskedFor(t *testing.T) {
	cfg := &decoder.Config{VocabSize: 7, HiddenSize: 4, IntermediateSize: 6, NumLayers: 2, NumHeads: 2,
		NumKVHeads: 1, HeadDim: 2, RopeTheta: 1e4, InitializerRange: .1, DType: "float32", ModelType: decoder.Qwen2,
		Head: true}
	w, err := transformer.Random(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dir := t.TempDir()
	if err := w.Save(dir); err != nil {
		t.Fatal(err)
	}
	read := func(change func(*decoder.Config)) (*transformer.Weights, error) {
		again, err := decoder.LoadConfig(dir + "/" + transformer.ConfigFile)
		if err != nil {
			t.Fatal(err)
		}
		change(again)
		return transformer.Load(again, transformer.From{Dir: dir, DType: dtypes.InvalidDType})
	}
	for name, c := range map[string]struct {
		change func(*decoder.Config)
		class  string
		head   bool
	}{
		"a language model": {func(c *decoder.Config) { c.Head = true }, "Qwen2ForCausalLM", true},
		"an embedder":      {func(*decoder.Config) {}, "Qwen2Model", false},
		"a tied head":      {func(c *decoder.Config) { c.Head, c.Tied = true, true }, "Qwen2ForCausalLM", false},
	} {
		got, err := read(c.change)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Architecture().Class() != c.class || (got.Variable("lm_head.weight") != nil) != c.head {
			t.Errorf("%s: class %s, a head of its own: %v", name, got.Architecture().Class(),
				got.Variable("lm_head.weight") != nil)
		}
		got.Close()
	}
	embedder, err := read(func(*decoder.Config) {})
	if err != nil {
		t.Fatal(err)
	}
	defer embedder.Close()
	carried := t.TempDir()
	if err := embedder.Save(carried); err != nil {
		t.Fatal(err)
	}
	whole := dir
	if dir = carried; !sameHead(t, read, w) {
		t.Error("the head did not go along with an embedder")
	}
	// Of fewer layers it is no head: the control, whose lack is told.
	dir = whole
	short, err := read(func(*decoder.Config) {})
	if err != nil {
		t.Fatal(err)
	}
	defer short.Close()
	if _, err := short.First(1); err != nil {
		t.Fatal(err)
	}
	if dir = t.TempDir(); short.Save(dir) != nil {
		t.Fatal("not saved")
	}
	raw, err := os.ReadFile(dir + "/" + transformer.ConfigFile)
	if err != nil || strings.Contains(string(raw), "ForCausalLM") {
		t.Errorf("a decoder without its head says that it has one: %s, %v", raw, err)
	}
	if _, err := read(func(c *decoder.Config) { c.Head, c.Tied = true, false }); fault.Of(err) != fault.Mismatch ||
		!strings.Contains(err.Error(), "lm_head.weight") {
		t.Errorf("no head where one is asked for: %v", err)
	}
	exec := model.MustNewExec(goEngine(t).Backend, embedder.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		f := decoder.Padded(embedder, ids, lengths, decoder.Options{Arith: transformer.F32})
		return f.Logits(f.Embed(ids))
	})
	defer exec.Finalize()
	if _, err := exec.Call1([][]int32{{1}}, []int32{1}); err == nil || !strings.Contains(err.Error(), "without a head") {
		t.Errorf("logits of an embedder: %v", err)
	}
}

// sameHead tells whether what read reads as a language model has the bits of want's head.
func sameHead(t *testing.T, read func(func(*decoder.Config)) (*transformer.Weights, error),
	want *transformer.Weights) bool {
	t.Helper()
	got, err := read(func(c *decoder.Config) { c.Head = true })
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	numbers := func(w *transformer.Weights) []float32 {
		value, err := w.Variable("lm_head.weight").Value()
		if err != nil {
			t.Fatal(err)
		}
		return tensors.MustCopyFlatData[float32](value)
	}
	return got.Architecture().Class() == "Qwen2ForCausalLM" && slices.Equal(numbers(got), numbers(want))
}

// A head of a type or a shape that is not read here is read over, as it was before heads went along: vectors need none.
func TestAStrangeHeadIsReadOver(t *testing.T) {
	cfg := &decoder.Config{VocabSize: 7, HiddenSize: 4, IntermediateSize: 6, NumLayers: 1, NumHeads: 2,
		NumKVHeads: 1, HeadDim: 2, RopeTheta: 1e4, InitializerRange: .1, DType: "float32", ModelType: decoder.Llama}
	w, err := transformer.Random(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dir := t.TempDir()
	if err := w.Save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, transformer.WeightsFile)
	file, err := safetensorsio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []safetensorsio.Tensor
	for _, name := range file.Names() {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		tensor.Data = slices.Clone(tensor.Data)
		all = append(all, tensor)
	}
	file.Close()
	head := safetensorsio.Tensor{Name: "lm_head.weight", DType: "F64", Shape: []int{7, 4}, Data: make([]byte, 7*4*8)}
	err = fsutil.WriteFile(path, func(out io.Writer) error {
		return safetensorsio.Write(out, append(all, head), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := decoder.LoadConfig(filepath.Join(dir, transformer.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	got, err := transformer.Load(again, transformer.From{Dir: dir})
	if err != nil || again.Carried {
		t.Fatalf("a head in float64: carried %v, %v", again.Carried, err)
	}
	got.Close()
}
