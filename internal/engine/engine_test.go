package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

// write puts an installed plugin of the given bytes into a fresh cache and points the engine there.
func write(t *testing.T, folder, version string, lib []byte, sum string) {
	t.Helper()
	root := t.TempDir()
	if strings.Contains(root, ",") {
		t.Skip("the test folder holds a comma")
	}
	t.Setenv(CacheEnvVar, root)
	dir := filepath.Join(root, "pjrt", folder, version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plugin.so"), lib, 0o644); err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(manifest{Format: 1, Version: version, SHA256: sum})
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

// garbageSum is a digest of something else.
const garbageSum = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"

func openErr(t *testing.T, opt Options) error {
	t.Helper()
	e, err := Open(context.Background(), opt)
	if err == nil {
		e.Close()
		t.Fatalf("Open(%+v) succeeded: %s", opt, e.Choice)
	}
	return err
}

func mention(t *testing.T, err error, kind fault.Kind, words ...string) {
	t.Helper()
	if fault.Of(err) != kind {
		t.Errorf("kind is %v, want %v: %v", fault.Of(err), kind, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error lacks %q: %v", w, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has several lines: %q", err)
	}
}

func TestMissingPluginNamesTheInstaller(t *testing.T) {
	t.Setenv(CacheEnvVar, t.TempDir())
	mention(t, openErr(t, Options{Kind: CPU}), fault.NotFound, "scripts/install_pjrt.sh cpu", "--engine go")
}

func TestGarbagePluginIsRefusedByItsHash(t *testing.T) {
	write(t, "cpu", pinned["cpu"].Version, []byte("not a library"), pinned["cpu"].PluginSHA256)
	mention(t, openErr(t, Options{Kind: CPU}), fault.Corrupt, "SHA-256", "install_pjrt.sh cpu")
}

func TestGarbagePluginOfMatchingManifestIsRefusedByTheLoader(t *testing.T) {
	if strings.Contains(loaderSays(t), "without XLA") {
		t.Skip("this build has no XLA")
	}
	path := filepath.Join(t.TempDir(), "plugin.so")
	if err := os.WriteFile(path, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	mention(t, openErr(t, Options{Kind: CPU, Plugin: path}), fault.Unavailable, path, "scripts/install_pjrt.sh cpu")
}

// loaderSays returns what the loader says of a path that does not exist.
func loaderSays(t *testing.T) string {
	t.Helper()
	_, _, err := loadPlugin("/nonexistent/plugin.so", "/nonexistent/plugin.so")
	if err == nil {
		t.Fatal("a plugin that does not exist was loaded")
	}
	return err.Error()
}

// TestUnpinnedPluginIsNeverRun: a manifest that fits its library proves nothing; auto falls back to the Go engine, says
// so, and a pinned version under its name must have the pinned bytes, whatever its manifest says.
func TestUnpinnedPluginIsNeverRun(t *testing.T) {
	content := []byte("a library that nobody has verified")
	sum := sha256.Sum256(content)
	write(t, "cpu", "9.9", content, hex.EncodeToString(sum[:]))
	mention(t, openErr(t, Options{Kind: CPU}), fault.Mismatch, "9.9", "no hash is pinned", "install_pjrt.sh")
	e, err := Open(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Name == CPU || !strings.Contains(e.Choice, "no hash is pinned") {
		t.Errorf("auto took %s: %s", e.Name, e.Choice)
	}
	write(t, "cpu", pinned["cpu"].Version, content, hex.EncodeToString(sum[:]))
	mention(t, openErr(t, Options{Kind: CPU}), fault.Corrupt, "SHA-256", "pinned is")
}

func TestTornManifest(t *testing.T) {
	write(t, "cpu", "9.9", []byte("x"), "")
	path := filepath.Join(os.Getenv(CacheEnvVar), "pjrt", "cpu", "9.9", "manifest.json")
	if err := os.WriteFile(path, []byte(`{"format":`), 0o644); err != nil {
		t.Fatal(err)
	}
	mention(t, openErr(t, Options{Kind: CPU}), fault.Corrupt, "manifest", "install_pjrt.sh")
}

func TestUnknownEngine(t *testing.T) {
	err := openErr(t, Options{Kind: "tpu"})
	mention(t, err, fault.Invalid, `"tpu"`, "auto, cuda, cpu or go")
	if fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("exit code %d, want that of a usage mistake", fault.ExitCode(err))
	}
	t.Setenv(EnvVar, "gpu")
	mention(t, openErr(t, Options{}), fault.Invalid, EnvVar, `"gpu"`)
}

func TestCUDAWithoutDevice(t *testing.T) {
	if hasGPU() {
		t.Skip("this machine has an NVIDIA device")
	}
	mention(t, openErr(t, Options{Kind: CUDA}), fault.NotFound, "--engine cpu")
}

func TestBadOptions(t *testing.T) {
	for name, opt := range map[string]Options{
		"threads":         {Kind: Go, Threads: -1},
		"memory fraction": {Kind: Go, MemoryFraction: 1.5},
		"allocator":       {Kind: Go, Allocator: "bfc,tf32=true"},
	} {
		mention(t, openErr(t, opt), fault.Invalid, name)
	}
}

func TestPathsThatTheLoaderMisreads(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		path string
		ok   bool
	}{
		{CPU, "/a/pjrt/cpu/1/plugin.so", true},
		{CPU, "/a,b/plugin.so", false},
		{CPU, "/my-cuda-box/cpu/plugin.so", false},
		{CUDA, "/a/pjrt/cuda12/1/plugin.so", true},
		{CUDA, "/a/plugin.so", false},
	} {
		if err := checkPath(c.kind, c.path); (err == nil) != c.ok {
			t.Errorf("checkPath(%s, %s) = %v", c.kind, c.path, err)
		}
	}
}

func TestConfigString(t *testing.T) {
	got := configString(CUDA, "/p/cuda.so", Options{MemoryFraction: 0.5, VisibleDevices: []int{0, 2}, Allocator: "bfc"})
	want := "/p/cuda.so,shared_buffers=false,tf32=false,preallocate=false,memory_fraction=0.5,allocator=bfc," +
		"visible_devices=0;2"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAutoFallsBackToGoAndSaysWhy(t *testing.T) {
	t.Setenv(CacheEnvVar, t.TempDir())
	t.Setenv(EnvVar, "")
	e, err := Open(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Name != Go || e.Plugin != "" {
		t.Fatalf("took %s with plugin %q", e.Name, e.Plugin)
	}
	for _, w := range []string{"engine go", "cuda passed over", "cpu passed over", "install_pjrt.sh"} {
		if !strings.Contains(e.Choice, w) {
			t.Errorf("choice lacks %q: %s", w, e.Choice)
		}
	}
	if strings.Contains(e.Choice, "\n") {
		t.Errorf("choice has several lines: %q", e.Choice)
	}
}

func TestOpenForTestHasAnIdentity(t *testing.T) {
	e := OpenForTest(t)
	if e.Threads < 1 || e.Choice == "" || e.Backend == nil {
		t.Errorf("incomplete: %+v", e)
	}
	if e.Name != Go && (len(e.PluginSHA256) != 64 || !strings.HasPrefix(e.PJRTAPI, "0.") || !filepath.IsAbs(e.Plugin)) {
		t.Errorf("incomplete plugin: %+v", e)
	}
	if OpenForTest(t) != e {
		t.Error("a second call opened another engine")
	}
}

func TestCanceledOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, Options{Kind: Go}); fault.Of(err) != fault.Canceled {
		t.Errorf("got %v", err)
	}
}

// A plugin that the environment names serves the engine of its kind alone.
func TestPluginOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		path string
		kind Kind
		want bool
	}{
		{"/opt/jax_plugins/xla_cuda13/xla_cuda_plugin.so", CUDA, true},
		{"/opt/jax_plugins/xla_cuda13/xla_cuda_plugin.so", CPU, false},
		{"/opt/pjrt_c_api_cpu_plugin.so", CPU, true},
		{"/opt/pjrt_c_api_cpu_plugin.so", CUDA, false},
		{"", CPU, false},
	} {
		t.Setenv(PluginEnvVar, c.path)
		if got := namedPlugin(c.kind); (got == c.path && got != "") != c.want || !c.want && got != "" {
			t.Errorf("%s for %s: %q", c.path, c.kind, got)
		}
	}
	t.Setenv(PluginEnvVar, filepath.Join(t.TempDir(), "none.so"))
	if _, err := Open(t.Context(), Options{Kind: CPU}); err == nil {
		t.Error("a plugin that is not there was passed over in silence")
	}
}
