package hub

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

// hostile names, each of which would lead out of the folder or onto something else on some system.
var hostile = []string{
	"../evil.json", "a/../../evil.json", "..", ".", "", "/etc/evil.json", "a//b.json", "a/./b", "a/", `..\evil.json`,
	`C:\evil.json`, "C:evil.json", "config.json\x00.txt", "new\nline.json", "\xff.json", strings.Repeat("n", 300),
	strings.Repeat("a/", 600) + "b",
}

func TestHostileNamesAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range hostile {
		if err := checkName(name); fault.Of(err) != fault.Corrupt {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"config.json", "1_Pooling/config.json", "..hidden", "a..b",
		"model-00001-of-00002.safetensors", "größe.json"} {
		if err := checkName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, pair := range [][2]string{{"a", "a"}, {"Config.json", "config.json"}, {"a", "a/b"}, {"a/b/c", "A"}} {
		if err := checkNames([]File{{Name: pair[0]}, {Name: pair[1]}}); fault.Of(err) != fault.Corrupt {
			t.Errorf("%q: %v", pair, err)
		}
	}
}

// One hostile name in the list ends the download before anything is written, whether it was asked for or not.
func TestHostileListWritesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../evil.json", "/evil.json", `..\evil.json`, "evil\x00.json"} {
		h, dir := newHub(t), t.TempDir()
		h.listed = func(all []map[string]any) []map[string]any {
			return append(all, map[string]any{"rfilename": name, "size": 4, "blobId": gitSum([]byte("evil"))})
		}
		_, err := h.run(t, dir)
		expectKind(t, err, fault.Corrupt, "file name")
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%v was written", left)
		}
	}
}

// A symlink wherever a file is to be written is refused, and what it points to stays as it is.
func TestSymlinksAreRefused(t *testing.T) {
	t.Parallel()
	stage := ".model.partial"
	for _, at := range []string{"model", stage, stage + "/lock", stage + "/parts", stage + "/files", stage +
		"/files/1_Pooling"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			h, dir := newHub(t), t.TempDir()
			victim := filepath.Join(t.TempDir(), "victim")
			if err := os.Mkdir(victim, 0o755); err != nil {
				t.Fatal(err)
			}
			place := filepath.Join(dir, filepath.FromSlash(at))
			if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(victim, place); err != nil {
				t.Fatal(err)
			}
			_, err := h.run(t, dir)
			expectKind(t, err, fault.Invalid, "symlink")
			if left, _ := os.ReadDir(victim); len(left) != 0 {
				t.Errorf("%v was written through the symlink", left)
			}
		})
	}
}

// The same in a folder that stands: a file that was replaced by a symlink is not written through.
func TestSymlinkInAStandingFolder(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "model", "config.json")
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, config); err != nil {
		t.Fatal(err)
	}
	_, err := h.run(t, dir)
	expectKind(t, err, fault.Invalid, "symlink")
	if raw, _ := os.ReadFile(victim); string(raw) != "mine" {
		t.Errorf("the file behind the symlink holds %q", raw)
	}
}

func TestAskedNames(t *testing.T) {
	t.Parallel()
	for _, ok := range [][2]string{{"gpt2", "main"}, {"Qwen/Qwen3-Embedding-0.6B", "refs/pr/1"}, {"a/b", testCommit}} {
		if err := checkAsked(ok[0], ok[1]); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range [][2]string{{"", "main"}, {"a/b/c", "main"}, {"../a", "main"}, {"a/..", "main"}, {"a b", "main"},
		{"a?b", "main"}, {"a/b", ""}, {"a/b", "../main"}, {"a/b", "x?y"}, {"a--b", "main"}} {
		if err := checkAsked(bad[0], bad[1]); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestChoice(t *testing.T) {
	t.Parallel()
	var all []File
	for _, name := range []string{"config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json",
		"pytorch_model.bin", "README.md", "onnx/model.onnx", "1_Pooling/config.json", "runs/config.json", "LICENSE"} {
		all = append(all, File{Name: name})
	}
	cases := []struct{ include, exclude, want string }{
		{"", "", "1_Pooling/config.json LICENSE config.json model-00001-of-00002.safetensors model.safetensors.index.json"},
		{"", "LICENSE,1_*/*", "config.json model-00001-of-00002.safetensors model.safetensors.index.json"},
		{"*.md,onnx/*", "", "README.md onnx/model.onnx"},
		{"*", "*.json", "LICENSE README.md model-00001-of-00002.safetensors pytorch_model.bin"},
	}
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
	}
	for _, c := range cases {
		got, err := choose(all, split(c.include), split(c.exclude))
		var names []string
		for _, f := range got {
			names = append(names, f.Name)
		}
		if err != nil || strings.Join(names, " ") != c.want {
			t.Errorf("%q without %q: %v, %v; want %s", c.include, c.exclude, names, err, c.want)
		}
	}
	if _, err := choose(all, []string{"[a"}, nil); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("a broken pattern: %v", err)
	}
}

// What was meant by an id without its owner, in other letters, or by the address of a page.
func TestMeantIDs(t *testing.T) {
	for id, want := range map[string]string{
		"Qwen3-Embedding-0.6B": "Qwen/Qwen3-Embedding-0.6B", "qwen/qwen3-embedding-4b": "Qwen/Qwen3-Embedding-4B",
		"https://hub.example/owner/name": "owner/name", "http://hub.example/owner/name/tree/main": "owner/name",
		"owner/name": "", "gpt2": "", "https://hub.example/owner": "",
	} {
		err := checkAsked(id, "main")
		if want == "" {
			if err != nil && strings.Contains(err.Error(), "did you mean") {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), `did you mean "`+want+`"?`) {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
	if got := near("Qwen/Qwen3-Embeding-0.6B", nil); !strings.Contains(got, known[0]) {
		t.Errorf("near: %q", got)
	}
	if got := near("onwer/name", []string{"owner/name"}); !strings.Contains(got, "owner/name") {
		t.Errorf("near a cached one: %q", got)
	}
	if got := near("somebody/else-altogether", []string{"owner/name"}); got != "" {
		t.Errorf("near nothing: %q", got)
	}
}

func TestListWithoutSizes(t *testing.T) {
	t.Parallel()
	h, dir := newHub(t), t.TempDir()
	h.listed = func(all []map[string]any) []map[string]any {
		for _, s := range all {
			delete(s, "size")
			delete(s, "blobId")
			delete(s, "lfs")
		}
		return all
	}
	if _, err := h.run(t, dir); err != nil {
		t.Fatal(err)
	}
	h.expectModel(t, dir)
	for _, r := range h.requests() {
		if r.Method == http.MethodHead && "http://"+r.Host != h.URL {
			t.Error("a head request left the hub")
		}
	}
}
