package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hives/data"
	"hives/data/anchors"
	"hives/data/card"
	"hives/data/corpora"
	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/embedfiles"
	"hives/internal/experiment"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/judge"
	"hives/internal/panel"
	"hives/internal/runs"
	"hives/internal/runstore"
	"hives/internal/safetensorsio"
	"hives/model/folder"
	"hives/tokenizer"
	"hives/values"
)

// failed is the error of a reader of one file.
func failed[T any](read func(path string) (T, error)) func(path string) error {
	return func(path string) error { _, err := read(path); return err }
}

// ofFolder is a reader that is given the folder of the file.
func ofFolder(read func(path string) error) func(path string) error {
	return func(path string) error { return read(filepath.Dir(path)) }
}

// A pointer, or a page of an error, in place of a file is called that by whoever reads it, with what to do.
func TestWrongFilesAreNamed(t *testing.T) {
	wrong := []struct{ content, says string }{
		{"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "git lfs pull"},
		{"<!DOCTYPE html>\n<html><body>404</body></html>\n", "HTML"},
		{"\ufeff<html>\n", "HTML"},
		{"\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"},
	}
	for _, c := range readers {
		for _, w := range wrong {
			path := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(path, []byte(w.content), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := c.read(path); err == nil || !strings.Contains(err.Error(), w.says) ||
				!strings.Contains(err.Error(), c.name) {
				t.Errorf("%s that begins %.12q: %v, want one that says %q", c.name, w.content, err, w.says)
			}
		}
	}
}

// readers are given a file of that name.
var readers = []struct {
	name string
	read func(path string) error
}{
	{"tokenizer.json", failed(tokenizer.Open)},
	{"tokenizer.json", ofFolder(failed(folder.Read))},
	{"tokenizer_config.json", ofFolder(failed(folder.Read))},
	{"modules.json", ofFolder(failed(folder.Read))},
	{"hives.json", ofFolder(failed(folder.Read))},
	{"config.json", ofFolder(failed(folder.Config))},
	{"values.db", failed(values.Open)},
	{"votes.db", failed(judge.Open)},
	{"rows.csv", failed(data.Read)},
	{"rows.parquet", failed(data.Read)},
	{"bank.parquet", func(path string) error { _, err := anchors.Read(path, theories.Builtin()); return err }},
	{"corpus.parquet", embedfiles.CheckInput},
	{"lines.jsonl", func(path string) error { _, err := embedfiles.ReadLines(path, ""); return err }},
	{"lines.txt", func(path string) error { _, err := embedfiles.ReadLines(path, ""); return err }},
	{"theory.toml", failed(theories.LoadFile)},
	{"run.json", ofFolder(failed(runstore.Read))},
	{"account.json", func(path string) error { _, err := card.ReadImports([]string{path}); return err }},
	{"experiment.toml", failed(experiment.Load)},
	{"panel.toml", func(path string) error {
		_, _, err := cli.Load(panel.Defaults(), cli.Sources{File: path})
		return err
	}},
}

// moreReaders have words of their own for a file of another kind.
var moreReaders = []struct {
	name string
	read func(path string) error
}{
	{"rows.jsonl", failed(data.Read)},
	{"votes.db-wal", func(path string) error { _, err := judge.Open(strings.TrimSuffix(path, "-wal")); return err }},
	{"values.db-journal", func(path string) error {
		raw, err := os.ReadFile(oldVectors)
		of := strings.TrimSuffix(path, "-journal")
		if err = errors.Join(err, os.WriteFile(of, raw, 0o600)); err != nil {
			return err
		}
		_, err = values.Open(of)
		return err
	}},
	{"runs.db", func(path string) error { _, err := runs.Open(context.Background(), path); return err }},
	{"model.safetensors", failed(safetensorsio.Open)},
	{"model.safetensors", ofFolder(failed(folder.WeightsSHA256))},
	{"model.gguf", failed(gguf.Open)},
	{"corpus.parquet", func(path string) error { _, err := fsutil.SHA256(path); return err }},
	{"corpus.parquet", fsutil.CheckReadable},
	{"lock", ofFolder(func(dir string) error { _, err := runstore.Create(dir, nil, runstore.Info{}); return err })},
	{"ca.pem", func(path string) error {
		_, _, err := embedder.Open(context.Background(), embedder.Options{Endpoint: "grpcs://127.0.0.1:1", CA: path},
			io.Discard)
		return err
	}},
	{"arguments-training.tsv", ofFolder(func(dir string) error {
		labels := filepath.Join(dir, "labels-training.tsv")
		if err := os.WriteFile(labels, []byte("Argument ID\tSelf-direction: thought\n"), 0o600); err != nil {
			return err
		}
		_, _, err := corpora.Import("valueeval", corpora.Options{In: dir})
		return err
	})},
}

// TestWhatIsNoFileIsRefused: a FIFO that nobody writes to, a device without end, a socket, a folder, or a link to one,
// in a file's place. None may keep its reader waiting or fill its memory; go test's own limit ends a wait in vain.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for what, put := range map[string]func(path string) error{
		"a pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a link to one": func(path string) error {
			return errors.Join(syscall.Mkfifo(path+"-", 0o600), os.Symlink(path+"-", path))
		},
		"a device":       func(path string) error { return os.Symlink("/dev/zero", path) },
		"a device's end": func(path string) error { return os.Symlink("/dev/null", path) },
		"a socket":       func(path string) error { return os.Symlink(socket, path) },
		"a folder":       func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		for _, c := range append(readers, moreReaders...) {
			path := filepath.Join(t.TempDir(), c.name)
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			if err := c.read(path); err == nil || !strings.Contains(err.Error(), c.name) {
				t.Errorf("%s that is %s: %v, want one that names it", c.name, what, err)
			}
		}
	}
}
