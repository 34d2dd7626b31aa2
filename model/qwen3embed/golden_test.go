package qwen3embed_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// Tolerances of float32 arithmetic, from the fixtures' README; bf16 arithmetic moved pooled vectors by
// 6.6e-3 there, and two bf16 implementations may differ by as much again.
const (
	hiddenTolerance   = 5e-5
	vectorTolerance   = 5e-6
	bfloat16Tolerance = 2e-2
)

// TestGoldenForward compares states and vectors with transformers for every model folder.
func TestGoldenForward(t *testing.T) {
	for _, name := range goldenModels(t) {
		t.Run(name, func(t *testing.T) {
			m := loadGolden(t, name)
			fixture := openFixture(t, name+"_forward.safetensors")
			for _, b := range fixture.batches() {
				ids, lengths := fixture.inputs(t, b)
				names := append([]string{b + ".last_hidden"}, fixture.vectors(b)...)
				out := run(t, m, ids, lengths, func(ids, lengths *Node) []*Node {
					hidden := m.Hidden(ids, lengths, transformer.F32, nil)
					raw := qwen3embed.Pool(hidden, lengths, transformer.LastToken, transformer.F32)
					nodes := []*Node{hidden}
					for _, name := range names[1:] {
						nodes = append(nodes, unit(raw, keptDimensions(name)))
					}
					return nodes
				})
				zeroPadding(out[0], lengths, m.Config.HiddenSize)
				near(t, names[0], out[0], fixture.floats(t, names[0]), hiddenTolerance)
				for i, name := range names[1:] {
					near(t, name, out[i+1], fixture.floats(t, name), vectorTolerance)
				}
			}
		})
	}
}

// TestGoldenBFloat16 compares wholly-bf16 inference with transformers' own, where the fixtures hold it.
func TestGoldenBFloat16(t *testing.T) {
	for _, name := range goldenModels(t) {
		if _, err := os.Stat(filepath.Join(goldentest.Root(t), "a_model", name+"_native.safetensors")); err != nil {
			continue // only the bf16 model has native values
		}
		m := loadGolden(t, name)
		fixture := openFixture(t, name+"_native.safetensors")
		for _, b := range fixture.batches() {
			ids, lengths := fixture.inputs(t, b)
			out := run(t, m, ids, lengths, func(ids, lengths *Node) []*Node {
				return []*Node{
					L2Normalize(m.Raw(ids, lengths, transformer.LastToken, transformer.BF16), -1),
					L2Normalize(m.Raw(ids, lengths, transformer.LastToken, transformer.Mixed), -1),
				}
			})
			for _, got := range out {
				near(t, b+".embedding", got, fixture.floats(t, b+".embedding"), bfloat16Tolerance)
			}
		}
	}
}

// TestGoldenLayers compares every sub-module's output, so that a failure names the first wrong one.
func TestGoldenLayers(t *testing.T) {
	compared := 0
	for _, name := range goldenModels(t) {
		path := name + "_layers.safetensors"
		if _, err := os.Stat(filepath.Join(goldentest.Root(t), "a_model", path)); err != nil {
			continue // layers are recorded for one of the models
		}
		m, fixture := loadGolden(t, name), openFixture(t, path)
		ids := fixture.ints(t, "input_ids")
		lengths := []int32{int32(len(ids))}
		wanted := fixture.file.Names()
		var seen []string
		exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, ids, lengths *Node) []*Node {
			var out []*Node
			seen = nil
			m.Hidden(ids, lengths, transformer.F32, func(name string, x *Node) {
				if slices.Contains(wanted, name) {
					seen, out = append(seen, name), append(out, x)
				}
			})
			return out
		})
		values := exec.MustCall(tensors.FromFlatDataAndDimensions(ids, 1, len(ids)), lengths)
		for i, name := range seen {
			near(t, name, tensors.MustCopyFlatData[float32](values[i]), fixture.floats(t, name), hiddenTolerance)
			if slices.Contains(wanted, "f64."+name) {
				near(t, "f64."+name, tensors.MustCopyFlatData[float32](values[i]), fixture.floats(t, "f64."+name), hiddenTolerance)
			}
			compared++
		}
		for _, name := range wanted {
			if name != "input_ids" && !strings.HasPrefix(name, "f64.") && !slices.Contains(seen, name) {
				t.Errorf("%s: no tap for %s", path, name)
			}
		}
	}
	if compared == 0 {
		t.Fatal("no file of layer outputs in the fixtures")
	}
}

func goldenModels(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(goldentest.Path(t, "a_model"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		t.Fatal("no model folder in the fixtures")
	}
	return names
}

func loadGolden(t *testing.T, name string) *qwen3embed.Model {
	t.Helper()
	m, err := qwen3embed.Load(goldentest.Path(t, "a_model", name), dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// run executes a graph of ids and lengths and returns the flat values of its outputs.
func run(t *testing.T, m *qwen3embed.Model, ids [][]int32, lengths []int32,
	fn func(ids, lengths *Node) []*Node) [][]float32 {
	t.Helper()
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, ids, lengths *Node) []*Node {
		return fn(ids, lengths)
	})
	defer exec.Finalize()
	out, err := exec.Call(ids, lengths)
	if err != nil {
		t.Fatal(err)
	}
	flat := make([][]float32, len(out))
	for i, x := range out {
		flat[i] = tensors.MustCopyFlatData[float32](x)
	}
	return flat
}

// zeroPadding clears the states of padded positions, which the fixtures hold as zeros.
func zeroPadding(hidden []float32, lengths []int32, h int) {
	sequence := len(hidden) / len(lengths) / h
	for b, n := range lengths {
		row := hidden[b*sequence*h : (b+1)*sequence*h]
		clear(row[:(sequence-int(n))*h])
	}
}

func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	worst, at := 0.0, 0
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: differs by %.3g at %d (%g, want %g), more than %g", what, worst, at, got[at], want[at], tolerance)
	}
}

// fixture reads a safetensors file of inputs and outputs.
type fixture struct{ file *safetensorsio.File }

func openFixture(t *testing.T, name string) fixture {
	t.Helper()
	file, err := safetensorsio.Open(goldentest.Path(t, "a_model", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return fixture{file}
}

// batches lists the prefixes of the recorded batches.
func (f fixture) batches() []string {
	var names []string
	for _, name := range f.file.Names() {
		if b, ok := strings.CutSuffix(name, ".input_ids"); ok {
			names = append(names, b)
		}
	}
	slices.Sort(names)
	return names
}

var matryoshka = regexp.MustCompile(`\.embedding_mrl(\d+)$`)

// vectors lists the recorded unit vectors of a batch: the whole one and those of fewer dimensions.
func (f fixture) vectors(batch string) []string {
	names := []string{batch + ".embedding"}
	for _, name := range f.file.Names() {
		if strings.HasPrefix(name, batch+".") && keptDimensions(name) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// keptDimensions reads d of ".embedding_mrl<d>"; 0 stands for all.
func keptDimensions(name string) int {
	at := matryoshka.FindStringSubmatch(name)
	if at == nil {
		return 0
	}
	d, _ := strconv.Atoi(at[1])
	return d
}

// unit keeps the first d numbers of each row, all where d is 0, and divides by what is left of its length.
func unit(vectors *Node, d int) *Node {
	if d > 0 {
		vectors = SliceAxis(vectors, 1, AxisRangeFromStart(d))
	}
	return L2Normalize(vectors, -1)
}

func (f fixture) inputs(t *testing.T, batch string) (ids [][]int32, lengths []int32) {
	t.Helper()
	flat, mask := f.ints(t, batch+".input_ids"), f.ints(t, batch+".attention_mask")
	info, err := f.file.Info(batch + ".input_ids")
	if err != nil {
		t.Fatal(err)
	}
	sequence := info.Shape[1]
	for at := 0; at < len(flat); at += sequence {
		n := int32(0)
		for _, m := range mask[at : at+sequence] {
			n += m
		}
		ids, lengths = append(ids, flat[at:at+sequence]), append(lengths, n)
	}
	return ids, lengths
}

func (f fixture) data(t *testing.T, name string) safetensorsio.Tensor {
	t.Helper()
	x, err := f.file.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (f fixture) ints(t *testing.T, name string) []int32 {
	x := f.data(t, name)
	out := make([]int32, len(x.Data)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(x.Data[4*i:]))
	}
	return out
}

func (f fixture) floats(t *testing.T, name string) []float32 {
	x := f.data(t, name)
	var out []float32
	switch x.DType {
	case "F32":
		for i := 0; i < len(x.Data); i += 4 {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(x.Data[i:])))
		}
	case "BF16":
		for i := 0; i < len(x.Data); i += 2 {
			out = append(out, math.Float32frombits(uint32(binary.LittleEndian.Uint16(x.Data[i:]))<<16))
		}
	case "F64":
		for i := 0; i < len(x.Data); i += 8 {
			out = append(out, float32(math.Float64frombits(binary.LittleEndian.Uint64(x.Data[i:]))))
		}
	default:
		t.Fatalf("%s is of type %s", name, x.DType)
	}
	return out
}
