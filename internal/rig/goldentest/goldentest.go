// Package goldentest finds the reference values made with PyTorch and transformers.
//
// They lie in $HIVES_GOLDEN; without the variable in ../shared/golden beside the module where there is one, else in
// testdata, the repository's own set, which scripts/golden.sh makes. So every clone runs the golden tests. A missing
// file is a failure; but a test that asks for a folder which the repository's own set does not hold yet is skipped, and
// the gate prints it. Tests hold for any set of this layout: they read names and sizes of cases from it.
package goldentest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// EnvVar names the folder of the fixtures; a relative path counts from the module root.
const EnvVar = "HIVES_GOLDEN"

// Root returns the fixtures' folder, chosen as the package comment says.
//
//	HIVES_GOLDEN=/data/golden      /data/golden
//	HIVES_GOLDEN=set               MODULE/set
//	not set, ../shared/golden      MODULE/../shared/golden
//	not set, nothing there         Own
func Root(t testing.TB) string {
	t.Helper()
	module := ModuleRoot(t)
	if dir := os.Getenv(EnvVar); dir != "" {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(module, dir)
		}
		return dir
	}
	dir := filepath.Join(module, "..", "shared", "golden")
	if _, err := os.Stat(dir); err != nil {
		return Own(t)
	}
	return dir
}

// Own is the repository's set, whatever the variable says.
func Own(t testing.TB) string {
	t.Helper()
	return filepath.Join(ModuleRoot(t), "internal", "rig", "goldentest", "testdata")
}

// Path joins elem to Root and asserts that the file is there.
// Only Own may lack a folder. Of any other set a file that is not there is a mistake: a name that was mistyped
// would else turn a comparison into a skip.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	root := Root(t)
	if _, err := os.Stat(filepath.Join(root, filepath.Dir(filepath.Join(elem...)))); err != nil && root == Own(t) {
		t.Skipf("the repository's reference values have no %s: name a set that has with %s", filepath.Join(elem...), EnvVar)
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("golden values: %v", err)
	}
	return path
}

// ReadJSON decodes one file of the fixtures into v.
func ReadJSON(t testing.TB, v any, elem ...string) {
	t.Helper()
	raw, err := os.ReadFile(Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("golden values %v: %v", elem, err)
	}
}

// Number reads a number of the fixtures, of which null is an undefined one.
func Number(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// Same asserts that a number is the reference's, or undefined where that is.
func Same(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || !math.IsNaN(want) && !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %.17g, want %.17g, apart %.3g", what, got, want, got-want)
	}
}

// ModuleRoot walks up from the working directory to the folder that holds go.mod.
func ModuleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
