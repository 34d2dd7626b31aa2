package local_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/native"
)

// TestKernelsHoldToGoldenVectors: bf16 by package native has the directions that transformers has in float32, as near
// as the engine's bf16.
func TestKernelsHoldToGoldenVectors(t *testing.T) {
	compared := 0
	for _, name := range goldenModels(t) {
		dir := goldentest.Path(t, "a_model", name)
		t.Setenv(native.EnvVar, "on")
		arch, err := folder.Config(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !native.Fits(arch) {
			t.Skipf("this processor has no kernels for a %s model", arch.Family())
		}
		inputs, want := goldenRows(t, name+"_forward.safetensors")
		least := map[string]float64{}
		for _, way := range []string{"on", "off"} {
			t.Setenv(native.EnvVar, way)
			l := open(t, dir, local.Options{Precision: "bf16"})
			if by := strings.Contains(l.Identity().Engine, "bf16 kernels"); by != (way == "on") {
				t.Fatalf("%s=%s: computed by %s", native.EnvVar, way, l.Identity().Engine)
			}
			got, _, err := l.Encode(context.Background(), inputs)
			if err != nil {
				t.Fatal(err)
			}
			least[way] = 1
			for i := range want {
				least[way] = min(least[way], cosine(got[i], want[i]))
				compared++
			}
		}
		t.Logf("%s: least cosine by kernels %.6f, by the engine %.6f", name, least["on"], least["off"])
		if least["on"] < .999 {
			t.Errorf("%s: least cosine by kernels %.6f, by the engine %.6f", name, least["on"], least["off"])
		}
		if !(least["off"] < 1-1e-6) {
			t.Error("the engine rounds nothing: the check compares with float32")
		}
	}
	if compared == 0 {
		t.Fatal("no vectors in the fixtures")
	}
}

// cosine of two unit vectors.
func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// TestKernelsGiveTheSameBitsInAnyCompany: alone, or among others that are packed with it.
func TestKernelsGiveTheSameBitsInAnyCompany(t *testing.T) {
	dir := tinyFolder(t)
	arch, err := folder.Config(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !native.Fits(arch) {
		t.Skip("this processor has no kernels")
	}
	l := open(t, dir, local.Options{Precision: "bf16"})
	texts := []string{"one text", "a second one, which is longer than the first", "three", "and a fourth text"}
	together := encode(t, l, texts...)
	for i, text := range texts {
		if alone := encode(t, l, text)[0]; !slices.Equal(alone, together[i]) {
			t.Errorf("%q has other bits in company", text)
		}
	}
	if slices.Equal(together[0], together[1]) {
		t.Error("two texts have the same vector: the check sees nothing")
	}
}

// TestCloseWaitsForABatch: weights are freed when nobody reads them, and who comes later has an error.
func TestCloseWaitsForABatch(t *testing.T) {
	for _, precision := range []string{"f32", "bf16"} {
		l := open(t, tinyFolder(t), local.Options{Precision: precision})
		var texts []encoder.Input
		for i := range 64 {
			texts = append(texts, encoder.Input{IDs: slices.Repeat([]int32{int32(i + 1)}, 32)})
		}
		var reader sync.WaitGroup
		begun := make(chan bool)
		reader.Go(func() {
			for n := 0; ; n++ {
				if _, _, err := l.Encode(context.Background(), texts); err != nil {
					if fault.Of(err) != fault.Unavailable {
						t.Errorf("%s: %v", precision, err)
					}
					return
				}
				if n == 0 {
					close(begun)
				}
			}
		})
		<-begun
		l.Close()
		reader.Wait()
		l.Close() // a second call does nothing
	}
}
