package checkpoints

import (
	"os"
	"path/filepath"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/powercut"
)

// TestPowerCut cuts the power after every sync of three saves into folders that are not there yet, and between them:
// whatever was not synced is lost, or, of files, everything but the names. A save that has returned is whole.
func TestPowerCut(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "runs", "a", "checkpoints")
	disk := powercut.Watch(t, root)
	saved, looks := 0, 0
	look := func(image string) {
		looks++
		c, skipped, err := Latest(filepath.Join(image, "runs", "a", "checkpoints"))
		switch {
		case err != nil && (saved > 0 || fault.Of(err) != fault.NotFound):
			t.Fatalf("after the save of step %d: %v", saved, err)
		case err == nil && (c.Meta.Step < saved || len(skipped) > 0):
			t.Fatalf("after the save of step %d the newest is %d; damaged: %v", saved, c.Meta.Step, skipped)
		case err == nil:
			c.Close()
		}
	}
	disk.EachCut(look)
	for _, step := range []int{10, 20, 30} {
		saveSteps(t, dir, step)
		saved = step
		if err := Prune(dir, Keep{Newest: step, Last: 2}); err != nil {
			t.Fatal(err)
		}
		disk.Cut(look)
	}
	if looks < 30 {
		t.Errorf("%d looks: the syncs were not seen", looks)
	}
}

// TestPowerCutNeedsTheFolders is the negative control: folders whose names nobody syncs are gone, with the checkpoint.
func TestPowerCutNeedsTheFolders(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "runs", "a", "checkpoints")
	disk := powercut.Watch(t, root)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	saveSteps(t, dir, 10)
	lost := false
	disk.Cut(func(image string) {
		_, _, err := Latest(filepath.Join(image, "runs", "a", "checkpoints"))
		lost = lost || fault.Of(err) == fault.NotFound
	})
	if !lost {
		t.Error("the account of what is durable sees no lost folder")
	}
}
