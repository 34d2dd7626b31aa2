package fuse_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"hives/internal/rig/goldentest"
	"hives/internal/safetensorsio"
	"hives/model/fuse"
	"hives/model/transformer"
)

// goldenCase is one set of tensors of a_merge/tensors.json, fused in every way.
type goldenCase struct {
	Case          string
	Weights       []float64
	Tensors       []any
	Linear        any
	NotNormalised any `json:"linear_not_normalised"`
	Karcher       any
	Iterations    int      `json:"karcher_iterations"`
	Tangent       *float64 `json:"karcher_last_tangent"`
	Once          any      `json:"karcher_max_iter_1"`
}

// TestGoldenTensors holds both means to values made in numpy with the formulas written out.
func TestGoldenTensors(t *testing.T) {
	var set struct{ Cases []goldenCase }
	goldentest.ReadJSON(t, &set, "h_vcai", "a_merge", "tensors.json")
	if len(set.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range set.Cases {
		t.Run(c.Case, func(t *testing.T) { c.hold(t) })
	}
}

func (c *goldenCase) hold(t *testing.T) {
	var vs []fuse.Vector
	for _, x := range c.Tensors {
		vs = append(vs, fuse.Numbers(flatten(x)))
	}
	tolerance := 1e-12
	if strings.Contains(c.Case, "opposite") { // the fixture's README: ill-conditioned
		tolerance = 1e-9
	}
	for _, way := range []struct {
		want any
		norm bool
	}{{c.Linear, true}, {c.NotNormalised, false}} {
		got := make([]float64, vs[0].Len())
		if err := fuse.Linear(t.Context(), got, vs, c.Weights, way.norm); err != nil {
			t.Fatal(err)
		}
		near(t, "linear", got, flatten(way.want), 1e-12)
	}
	got := make([]float64, vs[0].Len())
	rep, err := fuse.Karcher(t.Context(), got, vs, c.Weights, fuse.MaxUpdates)
	if err != nil {
		t.Fatal(err)
	}
	want := flatten(c.Karcher)
	if c.circle(vs) {
		near(t, "norm", bearings(got, vs)[:1], bearings(want, vs)[:1], tolerance)
		heavier := slices.Index(c.Weights, slices.Max(c.Weights))
		near(t, "cosine with the heavier", bearings(got, vs)[1+heavier:][:1], []float64{1}, tolerance)
		return
	}
	near(t, "karcher", got, want, tolerance)
	if rep.Updates != c.Iterations {
		t.Errorf("%d updates, want %d", rep.Updates, c.Iterations)
	}
	if len(vs) > 1 && c.Tangent != nil && (rep.Tangent == nil || math.Abs(*rep.Tangent-*c.Tangent) > 1e-7) {
		t.Errorf("last step %v, want %v", rep.Tangent, *c.Tangent)
	}
	once := make([]float64, vs[0].Len())
	if _, err := fuse.Karcher(t.Context(), once, vs, c.Weights, 1); err != nil {
		t.Fatal(err)
	}
	near(t, "karcher of one update", once, flatten(c.Once), tolerance)
}

// circle tells whether the mean is a circle rather than a point: of exact opposites with shares a and 1 − a every point
// at the angle (1 − a)·π from the first is a mean. The fixtures hold the one that rounding chose, which here stays
// at the heavier tensor; only the norm is the same.
func (c *goldenCase) circle(vs []fuse.Vector) bool {
	if len(vs) != 2 || c.Weights[0] == c.Weights[1] {
		return false
	}
	a, b := vs[0].(fuse.Numbers), vs[1].(fuse.Numbers)
	for i := range a {
		if a[i] != -b[i] {
			return false
		}
	}
	return floats.Norm(a, 2) > fuse.Tolerance
}

// bearings are a vector's cosines with the tensors, and its norm.
func bearings(x []float64, vs []fuse.Vector) []float64 {
	norm := floats.Norm(x, 2)
	out := []float64{norm}
	for _, v := range vs {
		v := v.(fuse.Numbers)
		out = append(out, floats.Dot(x, v)/(norm*floats.Norm(v, 2)))
	}
	return out
}

// near compares with a tolerance relative to the largest number.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	scale := 1.
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// flatten makes one long vector of nested lists.
func flatten(x any) []float64 {
	if v, ok := x.(float64); ok {
		return []float64{v}
	}
	var all []float64
	for _, part := range x.([]any) {
		all = append(all, flatten(part)...)
	}
	return all
}

// TestGoldenExperts fuses the tiny experts of a_merge/experts, file by file, and compares each number to one unit in
// its last place.
func TestGoldenExperts(t *testing.T) {
	dir := filepath.Dir(goldentest.Path(t, "h_vcai", "a_merge", "experts", "base.safetensors"))
	var about struct{ Weights []float64 }
	goldentest.ReadJSON(t, &about, "h_vcai", "a_merge", "experts.json")
	experts, err := filepath.Glob(filepath.Join(dir, "expert*.safetensors"))
	if err != nil || len(experts) != len(about.Weights) {
		t.Fatalf("%d experts for %d weights: %v", len(experts), len(about.Weights), err)
	}
	var models []string
	for _, file := range experts {
		models = append(models, asFolder(t, file))
	}
	base := asFolder(t, filepath.Join(dir, "base.safetensors"))
	for name, o := range map[string]fuse.Options{
		"linear":            {Method: fuse.ByLinear},
		"karcher":           {Method: fuse.ByKarcher},
		"karcher_of_deltas": {Method: fuse.ByKarcher, Base: base, Deltas: true},
	} {
		o.Models, o.Weights, o.Out = models, about.Weights, filepath.Join(t.TempDir(), "out")
		if _, err := fuse.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		compare(t, name, filepath.Join(o.Out, "model.safetensors"), filepath.Join(dir, name+".safetensors"))
	}
}

// asFolder makes a model folder around a file of weights.
func asFolder(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "model.safetensors"), raw)
	write(t, filepath.Join(dir, "config.json"), []byte(`{"model_type": "llama"}`))
	return dir
}

func write(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

// compare holds two files of float32 to one unit in the last place, number by number.
func compare(t *testing.T, what, got, want string) {
	t.Helper()
	a, b := open(t, got), open(t, want)
	if !slices.Equal(a.Names(), b.Names()) || len(b.Names()) == 0 {
		t.Fatalf("%s: tensors %v, want %v", what, a.Names(), b.Names())
	}
	for _, name := range b.Names() {
		x, y := numbers(t, a, name), numbers(t, b, name)
		for i := range y {
			below := math.Nextafter32(y[i], float32(math.Inf(-1)))
			above := math.Nextafter32(y[i], float32(math.Inf(1)))
			if !(x[i] >= below && x[i] <= above) {
				t.Fatalf("%s: %s[%d] is %v, want %v", what, name, i, x[i], y[i])
			}
		}
	}
}

func open(t *testing.T, path string) *safetensorsio.File {
	t.Helper()
	f, err := safetensorsio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func numbers(t *testing.T, f *safetensorsio.File, name string) []float32 {
	t.Helper()
	tensor, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := transformer.Floats(tensor)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
