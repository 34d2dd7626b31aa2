// Package whatis says what a path is that is not what was asked for: a pointer in place of a file, a page of an error,
// an adapter, a run. An error that only says what is missing leaves its reader to guess that.
package whatis

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

const gguf = "a GGUF file, which --model takes where its name ends in .gguf"

// heads tell files by how they begin. Only what people have in fact put in a model's place stands here; each line
// says what to do.
var heads = []struct{ begin, is string }{
	{"version https://git-lfs", "a Git LFS pointer, not the file itself: fetch it with git lfs pull"},
	{"PAR1", "a Parquet file"},
	{"GGUF", gguf},
	{"SQLite format 3\x00", "an SQLite file"},
	{"\x93NUMPY", "a matrix of NumPy"},
	{"PK\x03\x04", "a ZIP archive: an archive to unpack, a spreadsheet, or weights of PyTorch, which are not read"},
	{"\x1f\x8b", "compressed with gzip: unpack it"},
	{"\x28\xb5\x2f\xfd", "compressed with Zstandard: unpack it"},
}

// pages are how HTML and XML begin, in small letters.
var pages = []string{"<!doctype html", "<html", "<?xml", "<head", "<body"}

// File says what a file is by its first bytes, and what to do then; "" where that tells nothing. 256 bytes are
// enough for all of them.
func File(path string) string {
	f, err := fsutil.OpenRegular(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err == io.EOF {
		return "an empty file: copy or download it again"
	}
	return Bytes(head[:n])
}

// Bytes is File for the beginning of a content. A safetensors file begins with its header's length, whose upper
// bytes are 0, and then a brace.
func Bytes(head []byte) string {
	for _, h := range heads {
		if bytes.HasPrefix(head, []byte(h.begin)) {
			return h.is
		}
	}
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \r\n\t"))
	for _, page := range pages {
		if bytes.HasPrefix(text, []byte(page)) {
			return "a page of HTML or XML, such as an error or a login page: download the file again"
		}
	}
	if len(head) > 8 && head[8] == '{' && bytes.IndexByte(head[:8], 0) >= 0 {
		return "a safetensors file: name its folder as --model"
	}
	return ""
}

// Folder says what a folder is that is no model folder, and what to do then; "" where it may be one. The order
// matters: a run folder may hold what a checkpoint holds, and the nearer guess comes first.
func Folder(dir string) string {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	switch {
	case has("config.json"):
		return ""
	case has("adapter_config.json"):
		return "a folder of a low-rank adapter: hives merge --base DIR --adapter " + dir +
			" --out DIR makes a model of it"
	case has("run.json") && has("final"):
		return "a run folder: its model is in " + filepath.Join(dir, "final")
	case has("run.json"):
		return "a run folder without a model: the run is not at its end; train --resume --out " + dir +
			" goes on with it"
	case has("state.json") && has("SHA256SUMS"):
		return "a checkpoint of a run, which train --from takes; the run's model is in its folder final"
	case has("corpus.json"):
		return "a folder of hives embed-corpus"
	}
	return ""
}

// Model refuses a path that is known not to be a model folder or a GGUF file. It lets pass what it does not know. It
// is asked before an engine is opened, which takes a while and would be in vain.
func Model(path string) error {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return fault.New(fault.NotFound, "%s: there is no such folder; a model folder holds config.json, "+
			"model.safetensors and tokenizer.json", path)
	case err != nil:
		return nil // whoever opens it says why
	case info.IsDir():
		if is := Folder(path); is != "" {
			return fault.New(fault.Invalid, "%s is %s", path, is)
		}
		return nil
	}
	is := File(path)
	if filepath.Ext(path) == ".gguf" && (is == "" || is == gguf) {
		return nil
	}
	if is == "" {
		is = "a file"
	}
	return fault.New(fault.Invalid, "%s is %s; want a model folder (config.json, model.safetensors, "+
		"tokenizer.json) or a .gguf file", path, is)
}

// Instead replaces an error of reading a file by what the file is, where that can be told and is not what was wanted.
// want is the begin of what is wanted, such as "a Parquet file".
//
//	model.safetensors is a pointer of Git LFS
//	the parser:    header of 2336927755350992246 bytes, at most 33554432 are read
//	after Instead: model.safetensors is a Git LFS pointer, not the file itself: fetch it with git lfs pull; want …
//
// The error's kind stays, but an unknown one becomes Invalid: by now it is known whose move it is.
func Instead(path, want string, err error) error {
	if err == nil {
		return nil
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		is := Folder(path)
		if is == "" {
			is = "a folder"
		}
		return fault.New(fault.Invalid, "%s is %s; want %s", path, is, want)
	}
	if is := File(path); is != "" && !strings.HasPrefix(is, want) {
		return fault.New(max(fault.Of(err), fault.Invalid), "%s is %s; want %s", path, is, want)
	}
	return err
}

// JSON is Instead for a reader of JSON, which sees no more of a pointer or a page than its first letter.
func JSON(path string, err error) error { return Instead(path, "a file of JSON", err) }

// NeedFile refuses a folder, and a path where nothing is.
func NeedFile(path, want string) error {
	switch info, err := os.Stat(path); {
	case os.IsNotExist(err):
		return fault.New(fault.NotFound, "%s: there is no such file; want %s", path, want)
	case err == nil && info.IsDir():
		return Instead(path, want, fmt.Errorf("%s is a folder", path))
	}
	return nil
}
