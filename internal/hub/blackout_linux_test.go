package hub

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/rig/powercut"
)

// TestPowerCut cuts the power at every sync and rename of a download into folders that are new, and of a second one
// that brings a file three folders deep into the folder that stands. A model folder that is there is whole, and one
// that was reported stays; what is missing can be downloaded.
func TestPowerCut(t *testing.T) {
	h := newHub(t)
	h.files["a/b/c/deep.json"] = []byte(`{"deep":1}`)
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	var promised []string
	looks := 0
	look := func(image string) {
		looks++
		model := filepath.Join(image, "new", "models", "model")
		record, err := readRecord(model)
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, f := range record.Files {
			raw, err := os.ReadFile(filepath.Join(model, f.Name))
			if there[f.Name] = true; err != nil || !bytes.Equal(raw, h.files[f.Name]) {
				t.Fatalf("%s is in the record, and on the disk %d bytes, %v", f.Name, len(raw), err)
			}
		}
		for _, name := range promised {
			if !there[name] {
				t.Fatalf("%s was reported and is gone", name)
			}
		}
	}
	disk.EachCut(look)
	dir := filepath.Join(root, "new", "models")
	for _, more := range [][]string{nil, {"a/b/c/deep.json"}} {
		r, err := h.run(t, dir, func(d *download) { d.Include = more })
		if err != nil {
			t.Fatal(err)
		}
		promised = nil
		for _, f := range r.Files {
			promised = append(promised, f.Name)
		}
		disk.Cut(look)
	}
	if len(promised) != len(wanted)+1 || looks < 60 {
		t.Errorf("%v, %d looks", promised, looks)
	}
	disk.EachCut(nil)
	disk.Cut(func(image string) {
		if r, err := h.run(t, filepath.Join(image, "new", "models")); err != nil || len(r.Files) != len(promised) {
			t.Errorf("again: %+v, %v", r, err)
		}
	})
}
