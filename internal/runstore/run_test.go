package runstore

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data/theories"
	"hives/internal/fault"
)

const config = "[train]\nsteps = 100\n"

func mustCreate(t testing.TB, dir string) *Run {
	t.Helper()
	r, err := Create(dir, []byte(config), Info{Stage: 1, Hashes: map[string]string{"data": "d0"},
		Versions: map[string]string{"hives": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func mustOpen(t testing.TB, dir string) *Run {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestARunIsFoundAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "run")
	r := mustCreate(t, dir)
	if err := r.SetStatus(Interrupted, 42); err != nil {
		t.Fatal(err)
	}
	want := r.Info()
	r.Close()
	again := mustOpen(t, dir)
	if diff := cmp.Diff(want, again.Info()); diff != "" {
		t.Errorf("info (-left +found):\n%s", diff)
	}
	if want.Status != Interrupted || want.Step != 42 || len(want.ID) != 16 || want.Hashes["data"] != "d0" {
		t.Errorf("info %+v", want)
	}
	if raw, err := again.Config(); err != nil || string(raw) != config {
		t.Errorf("config %q, %v", raw, err)
	}
	if err := again.Resumed(40, map[string]string{"hives": "2"}, nil); err != nil {
		t.Fatal(err)
	}
	onDisk, err := Read(dir)
	if err != nil || onDisk.Resumes != 1 || onDisk.Status != Running || onDisk.Step != 40 ||
		onDisk.Versions["hives"] != "2" || onDisk.ID != want.ID {
		t.Errorf("after resuming %+v, %v", onDisk, err)
	}
}

// What the program knows of own theories when a run begins or goes on is kept with it.
func TestARunKeepsOwnTheories(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r := mustCreate(t, dir)
	if r.Info().Theories != nil {
		t.Errorf("a run of the four keeps %q", r.Info().Theories)
	}
	source := "theory = \"kept\"\nname = \"x\"\nlevel_names = [\"value\"]\npaths = [[\"patience\"]]\nworks = {us = " +
		"\"Ours.\"}\n" +
		"[definitions.\"kept/patience\"]\ntext = \"Giving a test the time that it takes.\"\nworks = [\"us\"]\n"
	tree, err := theories.Parse("own.toml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	own, err := theories.Builtin().With(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Resumed(1, nil, own.Sources()); err != nil {
		t.Fatal(err)
	}
	if info, err := Read(dir); err != nil || info.Theories["kept"] != source {
		t.Errorf("kept %q, %v", info.Theories, err)
	}
	// Whoever reads the run knows its theory, unless they were given one of that name; the run beside it does not.
	info := r.Info()
	known, err := info.Knows(dir, theories.Builtin())
	if err != nil || known.Validate("kept", theories.Path{"patience"}) != nil {
		t.Errorf("the run knows %v, %v", known.Names(), err)
	}
	if given, err := info.Knows(dir, own); err != nil || !given.Equal(own) {
		t.Errorf("beside the theory that was given the run knows %v, %v", given.Names(), err)
	}
	other := mustCreate(t, filepath.Join(t.TempDir(), "other")).Info()
	if known, err := other.Knows(dir, theories.Builtin()); err != nil || !known.Equal(theories.Builtin()) {
		t.Errorf("a run of the four knows %v, %v", known.Names(), err)
	}
	info.Theories = map[string]string{"torn": "theory = "}
	if _, err := info.Knows(dir, theories.Builtin()); err == nil || !strings.Contains(err.Error(), "run.json") {
		t.Errorf("a damaged theory: %v", err)
	}
}

func TestCreateRefusesWhatIsTaken(t *testing.T) {
	cases := []struct {
		name  string
		fill  func(dir string) error
		want  string // part of the error; "" if the folder may be used
		kind  fault.Kind
		files int // left in the folder
	}{
		{"an empty folder", func(string) error { return nil }, "", 0, 3},
		{"what an interrupted Create left", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, configFile), nil, 0o644)
		}, "", 0, 3},
		{"another run", func(dir string) error {
			r, err := Create(dir, []byte(config), Info{})
			if err != nil {
				return err
			}
			r.SetStatus(Finished, 100)
			return r.Close()
		}, "(finished, step 100): go on with --resume", fault.Exists, 3},
		{"foreign files", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644)
		}, "is not empty (thesis.tex)", fault.Exists, 1},
		{"a damaged run.json", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, runFile), []byte("{"), 0o644)
		}, runFile, fault.Corrupt, 1},
		{"a later format", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, runFile), []byte(`{"format": 2, "kind": "hives.run"}`), 0o644)
		}, "use a newer build", fault.Mismatch, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.fill(dir); err != nil {
				t.Fatal(err)
			}
			r, err := Create(dir, []byte(config), Info{})
			switch {
			case err == nil && c.want != "":
				t.Error("accepted")
			case err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) ||
				fault.Of(err) != c.kind):
				t.Errorf("%v (%v), want %q (%v)", err, fault.Of(err), c.want, c.kind)
			}
			if r != nil {
				r.Close()
			}
			if entries, _ := os.ReadDir(dir); len(entries) != c.files {
				t.Errorf("%d files left, want %d", len(entries), c.files)
			}
		})
	}
}

func TestOpenWithoutARun(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Error("looking for a run left files")
	}
}

func TestOpenClearsLeftovers(t *testing.T) {
	dir := t.TempDir()
	r := mustCreate(t, dir)
	half := filepath.Join(r.CheckpointDir(), ".step-000000010.tmp-1")
	back := filepath.Join(r.CheckpointDir(), "step-000000005")
	for _, path := range []string{half, filepath.Join(r.CheckpointDir(), ".step-000000005.old-1")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	mustOpen(t, dir)
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Error("the temporary folder is still there")
	}
	if _, err := os.Stat(back); err != nil {
		t.Error("the folder that was being replaced did not come back")
	}
}

// holderDir tells the child process of TestOneProcessHoldsARun which run to hold.
const holderDir = "HIVES_TEST_HOLDER_DIR"

// A second process is refused, by name of the folder; a killed holder leaves the run free.
func TestOneProcessHoldsARun(t *testing.T) {
	if dir := os.Getenv(holderDir); dir != "" {
		mustCreate(t, dir)
		fmt.Println("held")
		select {} // until the parent kills it
	}
	dir := filepath.Join(t.TempDir(), "run")
	child := exec.Command(os.Args[0], "-test.run=^TestOneProcessHoldsARun$", "-test.timeout=30s")
	child.Env = append(os.Environ(), holderDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	if _, err := Open(dir); fault.Of(err) != fault.Exists ||
		!strings.Contains(err.Error(), fmt.Sprintf("%s is in use by process %d", dir, child.Process.Pid)) {
		t.Errorf("open beside the holder: %v", err)
	}
	if _, err := Create(dir, nil, Info{}); fault.Of(err) != fault.Exists {
		t.Errorf("create beside the holder: %v", err)
	}
	child.Process.Kill()
	child.Wait()
	if r := mustOpen(t, dir); r.Info().Status != Running {
		t.Errorf("status %q after the kill, want that of a run nobody ended", r.Info().Status)
	}
}

func TestChanges(t *testing.T) {
	stored := "[train]\nsteps = 100\nrate = 1e-4\nnames = ['a b']\ngone = ''\n[model]\ndir = 'm'\n"
	given := "[train]\nsteps = 200\nrate = 0.0001\nnames = ['a', 'b']\nnew = inf\n[model]\ndir = 'm'\n"
	got, err := ConfigChanges([]byte(stored), []byte(given))
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{"train.gone", `""`, ""},
		{"train.names", `["a b"]`, `["a","b"]`},
		{"train.new", "", "+Inf"},
		{"train.steps", "100", "200"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err = RefuseChanges(got[3:])
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "train.steps (100 stored, 200 given)") ||
		!strings.Contains(err.Error(), "--allow-changed") {
		t.Errorf("%v", err)
	}
	if err := RefuseChanges(nil); err != nil {
		t.Errorf("no changes: %v", err)
	}
	if _, err := ConfigChanges([]byte("="), nil); fault.Of(err) != fault.Corrupt {
		t.Errorf("stored nonsense: %v", err)
	}
	if _, err := ConfigChanges(nil, []byte("=")); fault.Of(err) != fault.Invalid {
		t.Errorf("given nonsense: %v", err)
	}
	if got := Changes(nil, map[string]string{"data": "d1"}); len(got) != 1 ||
		got[0].String() != "data (unset stored, d1 given)" {
		t.Errorf("hashes: %v", got)
	}
}
