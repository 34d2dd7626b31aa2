package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestPlaceWritesAFolderThatTheEngineReads(t *testing.T) {
	parent := t.TempDir()
	staged, final := filepath.Join(parent, ".new"), filepath.Join(parent, "gomlx-v1")
	if err := os.Mkdir(staged, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := place(staged, final, "v1"); err == nil {
		t.Fatal("a release without a plugin was placed")
	}
	if err := os.WriteFile(filepath.Join(staged, "pjrt_c_api_cpu_v1_plugin.so"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := place(staged, final, "v1"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(final, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Format int    `json:"format"`
		SHA256 string `json:"plugin_sha256"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	// FIPS 180-2's example: the digest of "abc".
	if m.Format != 1 || m.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("manifest %+v", m)
	}
	if info, err := os.Stat(final); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("folder: %v, %v", info, err)
	}
}
