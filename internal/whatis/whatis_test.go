package whatis

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

// files are contents by name, with what is to be said of them.
var files = map[string]struct{ content, says string }{
	"pointer.safetensors": {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "git lfs pull"},
	"rows.csv":            {"PAR1....", "a Parquet file"},
	"model.bin":           {"GGUF\x03\x00\x00\x00", "GGUF"},
	"values.db":           {"SQLite format 3\x00...", "SQLite"},
	"matrix.npy":          {"\x93NUMPY\x01\x00", "NumPy"},
	"weights.bin":         {"PK\x03\x04", "PyTorch"},
	"rows.csv.gz":         {"\x1f\x8b\x08", "gzip"},
	"page.parquet":        {"\r\n<!DOCTYPE html>\n<html>", "HTML"},
	"old.html":            {"<HTML><BODY>", "HTML"},
	"feed":                {"<?xml version=\"1.0\"?>", "HTML or XML"},
	"empty":               {"", "an empty file"},
	"model.safetensors":   {"\x20\x00\x00\x00\x00\x00\x00\x00{\"a\":1}", "a safetensors file"},
	"rows.jsonl":          {"{\"text\": \"x\"}\n", ""},
	"plain.csv":           {"text,theory\n", ""},
}

func put(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	for name, f := range files {
		path := put(t, filepath.Join(dir, name), f.content)
		if got := File(path); (got == "") != (f.says == "") || !strings.Contains(got, f.says) {
			t.Errorf("%s: %q, want %q", name, got, f.says)
		}
		own := errors.New("its own")
		if err := Instead(path, "a horse", own); (err == own) != (f.says == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if File(dir) != "" || File(filepath.Join(dir, "absent")) != "" {
		t.Error("a folder or nothing is a file")
	}
	// A damaged file of the kind that is wanted keeps the error of its reader.
	own := errors.New("cut off")
	if err := Instead(filepath.Join(dir, "rows.csv"), "a Parquet file", own); err != own {
		t.Errorf("%v", err)
	}
}

func TestModel(t *testing.T) {
	for _, c := range []struct {
		files []string
		says  string // "" where it passes
	}{
		{[]string{"config.json", "model.safetensors"}, ""},
		{nil, ""}, // the one who opens it says what is missing
		{[]string{"config.json", "adapter_config.json"}, ""},
		{[]string{"adapter_config.json", "adapter_model.safetensors"}, "hives merge"},
		{[]string{"run.json", "final/config.json"}, "/final"},
		{[]string{"run.json", "checkpoints/x"}, "--resume"},
		{[]string{"state.json", "SHA256SUMS"}, "checkpoint"},
		{[]string{"corpus.json"}, "embed-corpus"},
	} {
		dir := t.TempDir()
		for _, name := range c.files {
			put(t, filepath.Join(dir, name), "{}")
		}
		err := Model(dir)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) ||
			fault.Of(err) != fault.Invalid) {
			t.Errorf("%v: %v, want %q", c.files, err, c.says)
		}
	}
	dir := t.TempDir()
	if err := Model(filepath.Join(dir, "absent")); fault.Of(err) != fault.NotFound {
		t.Errorf("nothing: %v", err)
	}
	if err := Model(put(t, filepath.Join(dir, "m.gguf"), "GGUF\x03")); err != nil {
		t.Errorf("a GGUF file: %v", err)
	}
	for _, name := range []string{"model.safetensors", "config.json", "pointer.gguf"} {
		if err := Model(put(t, filepath.Join(dir, name), files["pointer.safetensors"].content)); err == nil ||
			!strings.Contains(err.Error(), "git lfs pull") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Model(put(t, filepath.Join(dir, "config2.json"), "{}")); err == nil ||
		!strings.Contains(err.Error(), "want a model folder") {
		t.Errorf("a plain file: %v", err)
	}
}
