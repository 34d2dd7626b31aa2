package local_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
)

// TestGoldenVectors embeds the fixtures' ids, all batches in one call, and compares with transformers.
func TestGoldenVectors(t *testing.T) {
	compared := 0
	for _, name := range goldenModels(t) {
		l := open(t, goldentest.Path(t, "a_model", name), local.Options{})
		inputs, want := goldenRows(t, name+"_forward.safetensors")
		got, _, err := l.Encode(context.Background(), inputs)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if d := distance(got[i], want[i]); !(d <= 5e-6) {
				t.Errorf("%s: row %d of %d tokens differs by %g", name, i, len(inputs[i].IDs), d)
			}
			compared++
		}
	}
	if compared == 0 {
		t.Fatal("no vectors in the fixtures")
	}
}

// goldenModels are the names of the fixtures' models.
func goldenModels(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(goldentest.Path(t, "a_model"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// goldenRows collects the unpadded ids and the vectors of all batches of a file.
func goldenRows(t *testing.T, name string) (inputs []encoder.Input, vectors [][]float32) {
	t.Helper()
	file, err := safetensorsio.Open(goldentest.Path(t, "a_model", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	words := func(name string) (out []uint32, dims []int) {
		x, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(x.Data); i += 4 {
			out = append(out, binary.LittleEndian.Uint32(x.Data[i:]))
		}
		return out, x.Shape
	}
	for _, tensor := range file.Names() {
		batch, ok := strings.CutSuffix(tensor, ".input_ids")
		if !ok {
			continue
		}
		ids, dims := words(tensor)
		mask, _ := words(batch + ".attention_mask")
		flat, shape := words(batch + ".embedding")
		for r := range dims[0] {
			var in encoder.Input
			for i := r * dims[1]; i < (r+1)*dims[1]; i++ {
				if mask[i] == 1 {
					in.IDs = append(in.IDs, int32(ids[i]))
				}
			}
			vector := make([]float32, shape[1])
			for i := range vector {
				vector[i] = math.Float32frombits(flat[r*shape[1]+i])
			}
			inputs, vectors = append(inputs, in), append(vectors, vector)
		}
	}
	return inputs, vectors
}
