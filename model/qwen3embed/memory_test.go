package qwen3embed_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"hives/model/qwen3embed"
)

// loadChild tells the test's own binary to load a folder and print what that took.
const loadChild = "HIVES_TEST_LOAD_PEAK"

// TestMain is the child's way in; every other run goes on to the tests.
func TestMain(m *testing.M) {
	dir := os.Getenv(loadChild)
	if dir == "" {
		os.Exit(m.Run())
	}
	// Once before, so that pages of the program itself do not count.
	if warm, err := qwen3embed.Load(dir, dtypes.Float32); err == nil {
		warm.Close()
	}
	debug.FreeOSMemory()
	// Writing 5 sets the peak back to what is resident now.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		fmt.Println("skip", err)
		return
	}
	before := resident("VmRSS")
	loaded, err := qwen3embed.Load(dir, dtypes.Float32)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("kib", resident("VmHWM")-before)
	loaded.Close()
}

// resident reads one of the process' sizes in KiB.
func resident(name string) (kib int) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	return kib
}

// TestLoadHoldsTheWeightsOnce: the peak of loading is at most 1.1 times the weights, pages of the file included.
func TestLoadHoldsTheWeightsOnce(t *testing.T) {
	if _, err := os.Stat("/proc/self/clear_refs"); err != nil {
		t.Skip("needs Linux' /proc to see the peak")
	}
	cfg := &qwen3embed.Config{ // 128 MB of float32, nearly all of it one tensor
		VocabSize: 50_000, HiddenSize: 640, IntermediateSize: 16, NumLayers: 1, NumHeads: 2, NumKVHeads: 1, HeadDim: 4,
		RMSNormEps: 1e-6, RopeTheta: 1e4, InitializerRange: .02, DType: "float32",
	}
	m, err := qwen3embed.Random(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = m.Save(dir)
	m.Close()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), loadChild+"="+dir)
	out, err := child.CombinedOutput()
	if strings.HasPrefix(string(out), "skip") {
		t.Skipf("the peak cannot be set back: %s", out)
	}
	var kib int64
	if _, scan := fmt.Sscanf(string(out), "kib %d", &kib); err != nil || scan != nil {
		t.Fatalf("the child said %q, error %v", out, err)
	}
	weights := 4 * cfg.Parameters()
	if t.Logf("%d bytes of weights, peak %d KiB", weights, kib); kib*1024 > weights*11/10 {
		t.Errorf("loading %d bytes of weights took %d KiB at most at once", weights, kib)
	}
}
