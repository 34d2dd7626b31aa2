package fsutil

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
)

func put(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// tree reads a folder as relative path → content.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		out[rel] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func expectTree(t *testing.T, root string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, tree(t, root)); diff != "" {
		t.Errorf("%s (-want +found):\n%s", root, diff)
	}
}

func TestWriteFileReplacesWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "a.json")
	if err := WriteFile(path, put("one")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, put("two")); err != nil {
		t.Fatal(err)
	}
	expectTree(t, dir, map[string]string{"sub/a.json": "two"})
	stop := errors.New("stop")
	err := WriteFile(path, func(w io.Writer) error {
		put("half")(w)
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	expectTree(t, dir, map[string]string{"sub/a.json": "two"})
}

// files returns a fill that writes names with one content.
func files(content string, names ...string) func(string) error {
	return func(tmp string) error {
		for _, name := range names {
			path := filepath.Join(tmp, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestWriteFolderReplacesWholeOrNotAtAll(t *testing.T) {
	root := filepath.Join(t.TempDir(), ".x.tmp-1")
	path := filepath.Join(root, "deep", "model") // root's own name may look like a temporary one
	if err := WriteFolder(path, files("one", "a", "sub/b")); err != nil {
		t.Fatal(err)
	}
	expectTree(t, root, map[string]string{"deep/model/a": "one", "deep/model/sub/b": "one"})
	if err := WriteFolder(path, files("two", "c")); err != nil {
		t.Fatal(err)
	}
	expectTree(t, root, map[string]string{"deep/model/c": "two"})
	stop := errors.New("stop")
	err := WriteFolder(path, func(tmp string) error {
		files("half", "c")(tmp)
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	expectTree(t, root, map[string]string{"deep/model/c": "two"})
}

func TestWriteFolderSparesAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := WriteFile(path, put("mine")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFolder(path, files("one", "a")); fault.Of(err) != fault.Exists {
		t.Errorf("%v", err)
	}
	expectTree(t, dir, map[string]string{"x": "mine"})
}

func TestRestore(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		".a.json.tmp-1":  "half",
		".b.tmp-2/f":     "half",
		".c.old-3/f":     "successor never came",
		".d.old-4/f":     "successor came",
		"d/f":            "new",
		".hidden":        "the user's",
		"notes.tmp-1.md": "the user's",
	} {
		if err := files(content, name)(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := Restore(dir); err != nil {
		t.Fatal(err)
	}
	expectTree(t, dir, map[string]string{
		"c/f": "successor never came", "d/f": "new", ".hidden": "the user's", "notes.tmp-1.md": "the user's",
	})
	if err := Restore(filepath.Join(dir, "absent")); fault.Of(err) != fault.NotFound {
		t.Errorf("absent folder: %v", err)
	}
}

func TestRemoveFolder(t *testing.T) {
	dir := t.TempDir()
	if err := files("x", "gone/a", "stays/a")(dir); err != nil {
		t.Fatal(err)
	}
	if err := RemoveFolder(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	expectTree(t, dir, map[string]string{"stays/a": "x"})
	if err := RemoveFolder(filepath.Join(dir, "gone")); fault.Of(err) != fault.NotFound {
		t.Errorf("again: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d entries left, want 1", len(entries))
	}
}

func TestSHA256(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := WriteFile(path, put("abc")); err != nil {
		t.Fatal(err)
	}
	// The digest of "abc" is the first example of FIPS 180-2, appendix B.
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got, err := SHA256(path); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := SHA256(path + "x"); fault.Of(err) != fault.NotFound {
		t.Errorf("absent file: %v", err)
	}
}

func TestClassify(t *testing.T) {
	cases := []struct {
		err    error
		kind   fault.Kind
		remedy string
	}{
		{&os.PathError{Op: "write", Err: syscall.ENOSPC}, fault.Exhausted, "free space"},
		{syscall.EDQUOT, fault.Exhausted, "free space"},
		{syscall.EROFS, fault.Invalid, "may write"},
		{syscall.EACCES, fault.Invalid, "may write"},
		{syscall.ENOENT, fault.NotFound, ""},
		{syscall.EIO, fault.Unknown, ""},
		{fmt.Errorf("read: %w", fault.New(fault.Corrupt, "bad")), fault.Corrupt, ""},
		{context.Canceled, fault.Canceled, ""},
	}
	for _, c := range cases {
		got := Classify(c.err, "some/path")
		if fault.Of(got) != c.kind || !errors.Is(got, c.err) || !strings.Contains(got.Error(), c.remedy) {
			t.Errorf("%v became %v (%v), want kind %v", c.err, got, fault.Of(got), c.kind)
		}
	}
	if Classify(nil, "some/path") != nil {
		t.Error("no error became one")
	}
}

// Writing to a device that is full stands for a full disk: no mount and no quota is needed.
func TestWriteFileOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full: %v", err)
	}
	defer full.Close()
	dir := t.TempDir()
	err = WriteFile(filepath.Join(dir, "a"), func(io.Writer) error { return put("x")(full) })
	if fault.Of(err) != fault.Exhausted {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%d entries left", len(entries))
	}
}

// Files that belong together take their places together or not at all.
func TestWriteFilesTogether(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, path := range []string{a, b} {
		if err := WriteBytes(path, []byte("old")); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("broken")
	err := WriteFiles(File{a, put("new")}, File{b, func(io.Writer) error { return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	expectTree(t, dir, map[string]string{"a": "old", "b": "old"})
	seen := ""
	err = WriteFiles(File{a, put("new")}, File{b, func(w io.Writer) error {
		raw, err := os.ReadFile(a) // the first has not taken its place yet
		seen = string(raw)
		return errors.Join(err, put("new")(w))
	}})
	if err != nil || seen != "old" {
		t.Errorf("%v; while the second was written the first was %q", err, seen)
	}
	expectTree(t, dir, map[string]string{"a": "new", "b": "new"})
}

// TestWriteFileReplacesNothingButAFile: a rename onto a device or a pipe would take it from all who use it.
func TestWriteFileReplacesNothingButAFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(syscall.Mkfifo(at("fifo"), 0o600), os.Symlink("/dev/null", at("null")),
		os.Symlink("/proc/self/fd/0", at("open")), WriteBytes(at("file"), []byte("old")),
		os.Symlink(at("file"), at("link"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "null", "open"} {
		for k, err := range []error{WriteBytes(at(name), []byte("new")), CheckWritableFile(at(name))} {
			if fault.Of(err) != fault.Exists || !strings.Contains(err.Error(), at(name)) {
				t.Errorf("%s, %d: %v", name, k, err)
			}
		}
		if info, err := os.Lstat(at(name)); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s was replaced: %v, %v", name, info, err)
		}
	}
	for _, name := range []string{"file", "link"} {
		if err := errors.Join(CheckWritableFile(at(name)), WriteBytes(at(name), []byte("new"))); err != nil {
			t.Error(err)
		}
	}
}

// Two paths are one file by whatever way they lead there, also where there is none yet. Controls: neighbours are two.
func TestSameFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	for _, err := range []error{os.Mkdir(at("d"), 0o700), os.Symlink(at("d"), at("link")),
		os.WriteFile(at("d", "made"), nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{at("d", "made"), at("link", "made"), true},
		{at("d", "new"), dir + "/d/../d/new", true},
		{at("d", "new"), at("link", "new"), true},
		{at("nowhere", "new"), at("nowhere", "new"), true},
		{at("d", "new"), at("d", "other"), false},
		{at("d", "new"), at("d", "made"), false},
		{"", "", false},
	} {
		if got := Same(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}
