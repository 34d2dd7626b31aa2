package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/anchors"
	"hives/data/card"
	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/embedfiles"
	"hives/internal/experiment"
	"hives/internal/judge"
	"hives/internal/panel"
	"hives/internal/runstore"
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
	for _, c := range []struct {
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
		{"bank.parquet", failed(anchors.Read)},
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
	} {
		for _, w := range wrong {
			path := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(path, []byte(w.content), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := c.read(path); err == nil || !strings.Contains(err.Error(), w.says) || !strings.Contains(err.Error(), c.name) {
				t.Errorf("%s that begins %.12q: %v, want one that says %q", c.name, w.content, err, w.says)
			}
		}
	}
}
