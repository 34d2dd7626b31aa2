package qwen3embed_test

import (
	"encoding/binary"
	"errors"
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
	"hives/internal/gguf"
	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// llamaFixture is a random llama of odd sizes in both formats, and transformers' states for it: see make.py there.
func llamaFixture(t *testing.T, name string) string {
	return filepath.Join(goldentest.ModuleRoot(t), "internal", "gguf", "testdata", name)
}

func load(t *testing.T, path string) *qwen3embed.Model {
	t.Helper()
	m, err := qwen3embed.LoadOn(engine.OpenForTest(t).Backend, path, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// llamaStates runs the fixture's row of ids and returns the outputs that it names, layer by layer.
func llamaStates(t *testing.T, m *qwen3embed.Model, want *safetensorsio.File) map[string][]float32 {
	t.Helper()
	row, err := want.Tensor("input_ids")
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int32, len(row.Data)/4)
	for i := range ids {
		ids[i] = int32(binary.LittleEndian.Uint32(row.Data[4*i:]))
	}
	var seen []string
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, ids,
		lengths *Node) (out []*Node) {
		m.Hidden(ids, lengths, transformer.F32, func(name string, x *Node) {
			if slices.Contains(want.Names(), name) {
				seen, out = append(seen, name), append(out, x)
			}
		})
		return out
	})
	states := map[string][]float32{}
	for i, value := range exec.MustCall(tensors.FromFlatDataAndDimensions(ids, 1, len(ids)), []int32{int32(len(ids))}) {
		states[seen[i]] = tensors.MustCopyFlatData[float32](value)
	}
	return states
}

// worst returns the largest difference from the fixture's states, over all positions and over the first alone.
func worst(t *testing.T, want *safetensorsio.File, states map[string][]float32) (all, first float64) {
	t.Helper()
	if len(states) != len(want.Names())-1 { // all but input_ids
		t.Fatalf("%d of %d outputs were seen", len(states), len(want.Names())-1)
	}
	for name, got := range states {
		reference, err := want.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		width := reference.Shape[1]
		for i, x := range got {
			d := math.Abs(float64(x) - float64(math.Float32frombits(binary.LittleEndian.Uint32(reference.Data[4*i:]))))
			if all = max(all, d); i < width {
				first = max(first, d)
			}
		}
	}
	return all, first
}

// TestLlamaIsThatOfTransformers: the family without q and k norms, from either format. With q and k rows left as
// llama.cpp keeps them the first position still agrees, since it is not turned, and later ones do not.
func TestLlamaIsThatOfTransformers(t *testing.T) {
	want, err := safetensorsio.Open(llamaFixture(t, "llama/expected.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	folder, file := load(t, llamaFixture(t, "llama")), load(t, llamaFixture(t, "llama.gguf"))
	for name, m := range map[string]*qwen3embed.Model{"folder": folder, "gguf": file} {
		if all, _ := worst(t, want, llamaStates(t, m, want)); all > 2e-5 {
			t.Errorf("%s: states differ by %g", name, all)
		}
	}
	if file.Config.DType != "float16" || file.Config.RMSNormEps != 1e-5 || file.Config.ModelType != qwen3embed.Llama {
		t.Errorf("config of the file: %+v", file.Config)
	}
	interleave(t, file)
	if all, first := worst(t, want, llamaStates(t, file, want)); all < 1e-2 || first > 2e-5 {
		t.Errorf("rows as stored: states differ by %g, at the first position by %g", all, first)
	}
}

// interleave puts the rows of q and k back into the order of the file, by the converter's definition: of a head's two
// halves, row after row.
func interleave(t *testing.T, m *qwen3embed.Model) {
	t.Helper()
	d, h := m.Config.HeadDim, m.Config.HiddenSize
	for _, spec := range m.Config.Layout() {
		if !strings.Contains(spec.Name, "q_proj") && !strings.Contains(spec.Name, "k_proj") {
			continue
		}
		value, err := m.Variable(spec.Name).Value()
		if err != nil {
			t.Fatal(err)
		}
		ours := tensors.MustCopyFlatData[float32](value)
		var stored []float32
		for head := 0; head < len(ours); head += d * h {
			for i := range d / 2 {
				for _, row := range []int{i, i + d/2} {
					stored = append(stored, ours[head+row*h:head+(row+1)*h]...)
				}
			}
		}
		if err := value.MutableBytes(func(raw []byte) {
			for i, x := range stored {
				binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(x))
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGGUFWeightsAreTheFolders: bit for bit, in every type that they may be kept in.
func TestGGUFWeightsAreTheFolders(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float16, dtypes.BFloat16, dtypes.InvalidDType} {
		file, err := qwen3embed.Load(llamaFixture(t, "llama.gguf"), dtype)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := qwen3embed.Load(llamaFixture(t, "llama"), dtype)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range folder.Config.Layout() {
			a, err := file.Variable(spec.Name).Value()
			if err != nil {
				t.Fatal(err)
			}
			b, err := folder.Variable(spec.Name).Value()
			if err != nil {
				t.Fatal(err)
			}
			if !a.Equal(b) {
				t.Errorf("%s as %s differs", spec.Name, dtype)
			}
		}
		file.Close()
		folder.Close()
	}
}

// edit returns the path of a copy of the fixture with the bytes of one string replaced by another of their length.
func edit(t *testing.T, from, to string) string {
	t.Helper()
	raw, err := os.ReadFile(llamaFixture(t, "llama.gguf"))
	if err != nil || len(from) != len(to) || strings.Count(string(raw), from) < 1 {
		t.Fatalf("%q stands in the fixture %d times, error %v", from, strings.Count(string(raw), from), err)
	}
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGGUFRefuses(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		kind           fault.Kind
		want           string
	}{
		{"another architecture", "\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00gemma",
			fault.NotFound, "gemma.block_count"},
		{"no sizes", "llama.block_count", "llama.block_kount", fault.NotFound, "llama.block_count"},
		{"a tensor of another name", "blk.0.attn_q.weight", "blk.0.attn_w.weight", fault.Mismatch, "blk.0.attn_w.weight"},
		{"a layer too many", "blk.2.attn_q.weight", "blk.3.attn_q.weight", fault.Mismatch,
			"layers.3.self_attn.q_proj.weight"},
		{"a bias", "blk.0.attn_q.weight", "blk.0.attn_qqq.bias", fault.Mismatch, "blk.0.attn_qqq.bias"},
		{"stretched frequencies", "output.weight", "rope_freqs.weight"[:13], fault.Mismatch, "rope_freqs.we"},
		{"part of a rotary width", "llama.rope.dimension_count\x04\x00\x00\x00\x06",
			"llama.rope.dimension_count\x04\x00\x00\x00\x04", fault.Invalid, "rope.dimension_count"},
		{"another width of values", "llama.attention.value_length\x04\x00\x00\x00\x06",
			"llama.attention.value_length\x04\x00\x00\x00\x08", fault.Invalid, "value_length"},
	} {
		path := edit(t, c.from, c.to)
		m, err := qwen3embed.Load(path, dtypes.Float32)
		if err == nil {
			m.Close()
		}
		if fault.Of(err) != c.kind || err != nil && (!strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), path)) {
			t.Errorf("%s: error %v (%v), want %v of the file that says %q", c.name, err, fault.Of(err), c.kind, c.want)
		}
	}
}

// withKey returns the path of a copy of the fixture with one more metadata entry: its type and the bytes of its value.
func withKey(t *testing.T, key string, kind uint32, value []byte) string {
	t.Helper()
	raw, err := os.ReadFile(llamaFixture(t, "llama.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	entry := func(key string, kind uint32, value []byte) []byte {
		b := append(binary.LittleEndian.AppendUint64(nil, uint64(len(key))), key...)
		return append(binary.LittleEndian.AppendUint32(b, kind), value...)
	}
	added := entry(key, kind, value)
	// A second entry, a string, fills up to the alignment of the tensors behind.
	const filler, stringKind, alignment = "general.filler", 8, 32
	short := len(added) + len(entry(filler, stringKind, make([]byte, 8)))
	fill := (alignment - short%alignment) % alignment
	added = append(added, entry(filler, stringKind, append(binary.LittleEndian.AppendUint64(nil, uint64(fill)),
		make([]byte, fill)...))...)
	const head, keys = 24, 16
	binary.LittleEndian.PutUint64(raw[keys:], binary.LittleEndian.Uint64(raw[keys:])+2)
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := os.WriteFile(path, slices.Concat(raw[:head], added, raw[head:]), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGGUFRefusesWhatIsNotComputed(t *testing.T) {
	const u16, u32, f32, boolean, str = 2, 4, 6, 7, 8
	number := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	word := func(s string) []byte { return append(binary.LittleEndian.AppendUint64(nil, uint64(len(s))), s...) }
	for _, c := range []struct {
		key   string
		kind  uint32
		value []byte
		want  string // empty: it is computed
	}{
		{"llama.rope.scaling.type", str, word("yarn"), "scaled rotary embedding"},
		{"llama.rope.scaling.type", str, word("none"), ""},
		{"llama.rope.scaling.factor", f32, number(math.Float32bits(4)), "scaled rotary embedding"},
		{"llama.rope.scaling.factor", f32, number(math.Float32bits(1)), ""},
		{"llama.rope.scale_linear", f32, number(math.Float32bits(2)), "scaled rotary embedding"},
		{"llama.expert_count", u32, number(8), "mixture of experts"},
		{"llama.expert_count", u32, number(0), ""},
		{"llama.attention.sliding_window", u32, number(4096), "sliding_window"},
		{"llama.attention.causal", boolean, []byte{0}, "not causal"},
		{"llama.attention.causal", boolean, []byte{1}, ""},
		{"split.count", u16, []byte{2, 0}, "one part of several"},
		{"llama.rope.scaling.original_context_length", u32, number(2048), "scaled rotary embedding"},
		{"llama.expert_used_count", u32, number(2), "mixture of experts"},
		{"llama.attention.scale", f32, number(math.Float32bits(.5)), "llama.attention.scale 0.5"},
		{"llama.logit_scale", f32, number(math.Float32bits(.25)), "llama.logit_scale"},
		{"llama.embedding_scale", f32, number(math.Float32bits(1)), ""},
		{"llama.embedding_scale", f32, number(math.Float32bits(12)), "llama.embedding_scale 12"},
		{"llama.attention.clamp_kqv", f32, number(math.Float32bits(8)), "clamp_kqv"},
		{"llama.use_parallel_residual", boolean, []byte{1}, "use_parallel_residual"},
		{"llama.unheard_of", u32, number(1), "llama.unheard_of 1 is not known"},
		{"unheard_of", str, word("x"), `unheard_of "x" is not known`},
		{"general.type", str, word("adapter"), "add an adapter to its base"},
		{"general.license", str, word("mit"), ""},
		{"adapter.lora.alpha", f32, number(math.Float32bits(8)), "add an adapter to its base"},
		{"quantize.imatrix.file", str, word("x"), ""},
		{"tokenizer.chat_template", str, word("{}"), ""},
		{"tokenizer.ggml.fim_pre_token_id", u32, number(1), ""},
		{"tokenizer.ggml.remove_extra_whitespaces", boolean, []byte{1}, "remove_extra_whitespaces"},
	} {
		_, err := qwen3embed.LoadConfig(withKey(t, c.key, c.kind, c.value))
		if (err == nil) != (c.want == "") || err != nil && (fault.Of(err) != fault.Invalid ||
			!strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %v: error %v, want one that says %q", c.key, c.value, err, c.want)
		}
	}
}

func TestGGUFNotFinite(t *testing.T) {
	file, err := gguf.Open(llamaFixture(t, "llama.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tensor, err := file.Tensor("blk.1.ffn_up.weight")
	if err != nil {
		t.Fatal(err)
	}
	path := edit(t, string(tensor.Data), string(tensor.Data[:46])+"\x00\x7c"+string(tensor.Data[48:])) // infinity, at 23
	_, err = qwen3embed.Load(path, dtypes.Float32)
	var bad *transformer.NonFiniteError
	if fault.Of(err) != fault.Corrupt || !errors.As(err, &bad) || bad.Tensor != "layers.1.mlp.up_proj.weight" ||
		bad.Index != 23 {
		t.Errorf("error %v, want one that names the tensor and number 23", err)
	}
}
