package fsutil

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"hives/internal/fault"
)

// WriteFile streams what write produces into path: temporary name beside it, fsync, rename, fsync of the folder. On
// any error the temporary file is removed and path is as it was. The order is what matters. Renaming first and
// syncing afterwards may leave, after a power cut, the new name with none of its bytes: the file system may write
// names before contents.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	return WriteFiles(File{path, write})
}

// File is a file to be written: its path and what produces its content.
type File struct {
	Path  string
	Write func(io.Writer) error
}

// WriteFiles is WriteFile for files that belong together: all of them are written aside before the first takes its
// place, and none takes its place after an error or a stop. Each rename is a step by itself, so a power cut between
// two may leave one new and one old file, both whole. What must not be told apart then belongs into one folder
// (WriteFolder).
//
// Invariant: after an error or a stop no path has changed (TestWriteFilesTogether, TestWriteFileOnAFullDisk).
func WriteFiles(files ...File) (err error) {
	var tmp []string
	defer func() {
		if err != nil {
			for _, path := range tmp {
				drop(path)
			}
		}
	}()
	for _, f := range files {
		path, err := aside(f.Path, f.Write)
		if err != nil {
			return Classify(err, f.Path)
		}
		tmp = append(tmp, path)
	}
	// All renames under one lock: Abandon sees either none of them or all.
	place := func() error {
		for i, f := range files {
			if err := rename(tmp[i], f.Path); err != nil {
				return Classify(err, f.Path)
			}
		}
		return nil
	}
	if err := end(place, tmp...); err != nil {
		return err
	}
	for _, f := range files {
		if err := SyncDir(filepath.Dir(f.Path)); err != nil {
			return Classify(err, f.Path)
		}
	}
	return nil
}

// aside writes a file under a temporary name beside path and makes it durable. Temporary files are closed to others
// until the last step gives them the rights that any file has.
func aside(path string, write func(io.Writer) error) (tmp string, err error) {
	dir := filepath.Dir(path)
	if err := checkTarget(path); err != nil {
		return "", err
	}
	if err := MakeFolders(dir); err != nil {
		return "", err
	}
	var f *os.File
	err = begin(func() (_ string, err error) {
		if f, err = os.CreateTemp(dir, "."+filepath.Base(path)+tmpMark+"*"); err != nil {
			return "", err
		}
		return f.Name(), nil
	})
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			drop(f.Name())
		}
	}()
	for _, step := range []func() error{
		func() error { return write(f) },
		func() error { return f.Chmod(0o644) },
		func() error { return SyncFile(f) },
		f.Close,
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	return f.Name(), nil
}

// checkTarget refuses a place where something else than a file stands. A rename onto /dev/null, or onto the link that
// /dev/stdout is, would take them from every program of the machine.
func checkTarget(path string) error {
	const say = "%s: %s stands where a file is to be written: " +
		"name a file, or - for standard output where a command takes it"
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.Exists, say, path, kind(info.Mode()))
	}
	if to, err := os.Readlink(path); err == nil && strings.HasPrefix(to, "/proc/") {
		return fault.New(fault.Exists, say, path, "a link to an open file")
	}
	return nil
}

// WriteBytes is WriteFile for content that is in memory.
func WriteBytes(path string, content []byte) error {
	return WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Same tells whether two paths name one file, by whatever way. Links, "..", and another mount of one disk are ways too:
// a command that reads and writes asks this before it replaces its own input. Neither need exist yet: of two files that
// will be made the later would replace the earlier.
func Same(a, b string) bool {
	one, err := os.Stat(a)
	other, failed := os.Stat(b)
	if err != nil || failed != nil {
		neither := errors.Is(err, fs.ErrNotExist) && errors.Is(failed, fs.ErrNotExist)
		return neither && a != "" && b != "" && place(a) == place(b)
	}
	return os.SameFile(one, other)
}

// place is where a path that leads to no file yet would have one: its folder without links, as far as there is one.
func place(path string) string {
	if path, err := filepath.Abs(path); err == nil {
		if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			return filepath.Join(folder, filepath.Base(path))
		}
		return path
	}
	return filepath.Clean(path)
}

// SHA256 returns the hex digest of the file at path. It reads the file once, in pieces, so a file of any size costs
// no memory.
func SHA256(path string) (string, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return "", Classify(err, path)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Classify gives the errors of the file system a kind and a remedy; nil stays nil. An error that has a kind already
// is left alone: whoever gave it knew more.
func Classify(err error, path string) error {
	if err == nil || fault.Of(err) != fault.Unknown {
		return err
	}
	// "open x: no such file" behind "x:" would name the file twice.
	if of := new(os.PathError); errors.As(err, &of) && of.Path == path {
		err = of.Err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.Exhausted, "write %s: %w; nothing was changed: free space or choose another folder",
			path, err)
	case errors.Is(err, os.ErrNotExist):
		return fault.New(fault.NotFound, "%s: %w", path, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.New(fault.Invalid, "%s: %w; choose a folder you may write to", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
