package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script runs install_pjrt.sh with a PATH of only the given folder, so that no test fetches anything.
func script(t *testing.T, path, cache string, args ...string) (string, int) {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	cmd := exec.Command(bash, append([]string{filepath.Join(checkout(wd), "scripts", "install_pjrt.sh")}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+path, CacheEnvVar+"="+cache)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

// tools makes a folder with links to the named programs and nothing else.
func tools(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("no %s here", name)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestInstallerRefusesUnknownArguments(t *testing.T) {
	out, code := script(t, os.Getenv("PATH"), t.TempDir(), "tpu")
	if code != 2 || !strings.Contains(out, "cpu, cuda12 or cuda13") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// Without python the script says so and leaves with 3, which setup.sh takes for "use the Go engine".
func TestInstallerWithoutPython(t *testing.T) {
	out, code := script(t, tools(t, "dirname", "sed"), t.TempDir(), "cpu")
	if code != 3 || !strings.Contains(out, "python3 is not on the PATH") || !strings.Contains(out, "--engine go") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestInstallerLeavesAWholePluginAlone(t *testing.T) {
	p, err := find(CPU)
	if err != nil || !p.Pinned {
		t.Skip("the pinned CPU plugin is not installed")
	}
	cache := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(p.Path))))
	before, err := os.Stat(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	if out, code := script(t, os.Getenv("PATH"), cache, "cpu"); code != 0 || out != "" {
		t.Errorf("exit code %d: %s", code, out)
	}
	if after, err := os.Stat(p.Path); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the plugin was touched (%v)", err)
	}
}

func TestPinsAreComplete(t *testing.T) {
	for kind, p := range pinned {
		if p.Package == "" || p.Version == "" || p.Member == "" || len(p.WheelSHA256) != 64 || len(p.PluginSHA256) != 64 {
			t.Errorf("%s: %+v", kind, p)
		}
	}
}
