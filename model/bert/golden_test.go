package bert_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
	"hives/model/bert"
	"hives/model/transformer"
)

// Tolerances of float32 arithmetic, from the fixtures' README.
const (
	hiddenTolerance = 5e-5
	vectorTolerance = 5e-6
)

// TestGoldenForward compares states and vectors with transformers for every model folder, on both engines.
func TestGoldenForward(t *testing.T) {
	for _, name := range goldenModels(t) {
		fixture := openFixture(t, name+"_forward.safetensors")
		for _, on := range engines(t) {
			m := loadGolden(t, name) // weights stay with the engine that first used them
			for _, b := range fixture.batches() {
				ids, lengths := fixture.inputs(t, b)
				out := run(t, on, m, ids, lengths, func(p transformer.Packed) []*Node {
					hidden := m.Hidden(p, transformer.F32, nil)
					return []*Node{
						hidden,
						L2Normalize(m.Packed(p, transformer.MeanTokens, transformer.F32), -1),
						L2Normalize(m.Packed(p, transformer.FirstToken, transformer.F32), -1),
					}
				})
				zeroPadding(out[0], lengths, m.Config.HiddenSize)
				what := string(on.Name) + " " + name + " " + b
				near(t, what+".last_hidden", out[0], fixture.floats(t, b+".last_hidden"), hiddenTolerance)
				for i, pooling := range []string{"mean", "first"} {
					near(t, what+"."+pooling, out[i+1], fixture.floats(t, b+"."+pooling), vectorTolerance)
					if exact := b + "." + pooling + "_f64"; slices.Contains(fixture.file.Names(), exact) {
						near(t, what+"."+exact, out[i+1], fixture.floats(t, exact), vectorTolerance)
					}
				}
			}
		}
	}
}

// TestGoldenLayers compares the embeddings and every layer, so that a failure names the first wrong one.
func TestGoldenLayers(t *testing.T) {
	compared := 0
	for _, name := range goldenModels(t) {
		path := name + "_layers.safetensors"
		if _, err := os.Stat(goldentest.Path(t, "i_bert") + "/" + path); err != nil {
			continue // layers are recorded for one of the models
		}
		m, fixture := loadGolden(t, name), openFixture(t, path)
		ids := fixture.ints(t, "input_ids")
		var seen []string
		out := run(t, engine.OpenForTest(t), m, [][]int32{ids}, []int32{int32(len(ids))},
			func(p transformer.Packed) (out []*Node) {
				seen = nil
				m.Hidden(p, transformer.F32, func(name string, x *Node) {
					if slices.Contains(fixture.file.Names(), name) {
						seen, out = append(seen, name), append(out, x)
					}
				})
				return out
			})
		for i, name := range seen {
			near(t, name, out[i], fixture.floats(t, name), hiddenTolerance)
			compared++
		}
		for _, name := range fixture.file.Names() {
			if name != "input_ids" && !slices.Contains(seen, name) {
				t.Errorf("%s: no tap for %s", path, name)
			}
		}
	}
	if compared == 0 {
		t.Fatal("no file of layer outputs in the fixtures")
	}
}

func goldenModels(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(goldentest.Path(t, "i_bert"))
	if err != nil {
		t.Fatal(err)
	}
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

func loadGolden(t *testing.T, name string) *bert.Model {
	t.Helper()
	m, err := bert.Load(goldentest.Path(t, "i_bert", name), dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// engines are the one that serves and the one that compiles nothing, once each.
func engines(t *testing.T) []*engine.Engine {
	t.Helper()
	serving := engine.OpenForTest(t)
	if serving.Name == engine.Go {
		return []*engine.Engine{serving}
	}
	return []*engine.Engine{serving, goEngine(t)}
}

func goEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// run executes a graph of rows of one text each, padded on the right, and returns the flat values of its outputs.
func run(t *testing.T, on *engine.Engine, m *bert.Model, ids [][]int32, lengths []int32,
	fn func(transformer.Packed) []*Node) [][]float32 {
	t.Helper()
	var texts [][]int32
	var last []int32
	for r, row := range ids {
		slots := slices.Repeat([]int32{-1}, len(row))
		for i := range lengths[r] {
			slots[i] = int32(r)
		}
		texts, last = append(texts, slots), append(last, int32(r*len(row))+lengths[r]-1)
	}
	exec := model.MustNewExec(on.Backend, m.Store, func(_ *model.Scope, ids, texts, last *Node) []*Node {
		return fn(transformer.Packed{IDs: ids, Texts: texts, Last: last})
	})
	defer exec.Finalize()
	out, err := exec.Call(ids, texts, last)
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
		clear(hidden[(b*sequence+int(n))*h : (b+1)*sequence*h])
	}
}

func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	if d := distance(got, want); !(d <= tolerance) {
		t.Errorf("%s: differs by %.3g, more than %g", what, d, tolerance)
	}
}

// distance is the largest difference of two numbers; NaN where one is.
func distance(a, b []float32) (worst float64) {
	for i := range a {
		if d := math.Abs(float64(a[i]) - float64(b[i])); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// fixture reads a safetensors file of inputs and outputs.
type fixture struct{ file *safetensorsio.File }

func openFixture(t *testing.T, name string) fixture {
	t.Helper()
	file, err := safetensorsio.Open(goldentest.Path(t, "i_bert", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return fixture{file}
}

// batches lists the prefixes of the recorded batches.
func (f fixture) batches() (names []string) {
	for _, name := range f.file.Names() {
		if b, ok := strings.CutSuffix(name, ".input_ids"); ok {
			names = append(names, b)
		}
	}
	return names
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
	case "F64":
		for i := 0; i < len(x.Data); i += 8 {
			out = append(out, float32(math.Float64frombits(binary.LittleEndian.Uint64(x.Data[i:]))))
		}
	default:
		t.Fatalf("%s is of type %s", name, x.DType)
	}
	return out
}
