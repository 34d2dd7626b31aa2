package outside

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
)

// TestAStrangersLoopLearns runs the loop of docs/LIBRARY.md in another module, where internal packages cannot be
// imported, and asserts that its loss falls and that its checkpoint holds what it says.
func TestAStrangersLoopLearns(t *testing.T) {
	root := goldentest.ModuleRoot(t)
	module := t.TempDir()
	write(t, filepath.Join(module, "go.mod"), modFile(t, root))
	write(t, filepath.Join(module, "go.sum"), read(t, filepath.Join(root, "go.sum")))
	write(t, filepath.Join(module, "main.go"), read(t, filepath.Join("testdata", "loop", "main.go")))
	run := exec.Command("go", "run", ".", t.TempDir())
	run.Dir = module
	run.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var losses []float64
	for _, found := range regexp.MustCompile(`mean loss ([\d.]+)`).FindAllSubmatch(out, -1) {
		x, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, x)
	}
	if len(losses) < 2 || !(losses[len(losses)-1] < .9*losses[0]) || !bytes.Contains(out, []byte("saved [w] of step")) {
		t.Errorf("the loop did not learn or save:\n%s", out)
	}
}

// modFile is a module that needs this one from its folder, and what this one needs in the same versions.
func modFile(t *testing.T, root string) string {
	own := read(t, filepath.Join(root, "go.mod"))
	_, rest, ok := strings.Cut(own, "\n")
	if !ok || !strings.HasPrefix(own, "module hives") {
		t.Fatalf("go.mod begins otherwise: %q", own)
	}
	return "module example.org/loop\n" + rest + "\nrequire hives v0.0.0\n\nreplace hives => " + root + "\n"
}

// TestTheDocumentedLoopIsTheOneThatRuns: the page shows main as it is compiled and run here.
func TestTheDocumentedLoopIsTheOneThatRuns(t *testing.T) {
	code := read(t, filepath.Join("testdata", "loop", "main.go"))
	_, body, ok := strings.Cut(code, "func main() {")
	body, _, found := strings.Cut(body, "\n}\n")
	page := read(t, filepath.Join(goldentest.ModuleRoot(t), "docs", "LIBRARY.md"))
	if !ok || !found || !strings.Contains(page, "func main() {"+body+"\n}\n") {
		t.Error("docs/LIBRARY.md shows another main than testdata/loop/main.go")
	}
	if lines := strings.Count(body, "\n"); lines > 45 {
		t.Errorf("the loop takes %d lines, want about 40", lines)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
