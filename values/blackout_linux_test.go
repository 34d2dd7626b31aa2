package values_test

import (
	"os"
	"path/filepath"
	"testing"

	"hives/internal/rig/powercut"
	"hives/values"
)

// TestPowerCut cuts the power at every sync and rename while one set takes another's place: the file is one of them,
// whole, and the new one once Write has returned.
func TestPowerCut(t *testing.T) {
	older := build(t, randomRows(t, 20, 9), newFake(8), pooled())
	newer := build(t, randomRows(t, 30, 8), newFake(8), pooled())
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	path := filepath.Join(root, "new", "values.db")
	promised, looks := 0, 0
	look := func(image string) {
		looks++
		got, err := values.Open(filepath.Join(image, "new", "values.db"))
		switch {
		case err != nil && (promised > 0 || !os.IsNotExist(stat(image))):
			t.Fatalf("after %d sets: %v", promised, err)
		case err == nil && got.Theories[0].Rows != older.Theories[0].Rows && got.Theories[0].Rows != newer.Theories[0].Rows,
			err == nil && promised == 2 && got.Theories[0].Rows != newer.Theories[0].Rows:
			t.Fatalf("after %d sets: one of %d rows", promised, got.Theories[0].Rows)
		}
	}
	disk.EachCut(look)
	for _, s := range []*values.Set{older, newer} {
		if err := s.Write(path); err != nil {
			t.Fatal(err)
		}
		promised++
		disk.Cut(look)
	}
	if looks < 20 || older.Theories[0].Rows == newer.Theories[0].Rows {
		t.Errorf("%d looks at sets of %d and %d rows", looks, older.Theories[0].Rows, newer.Theories[0].Rows)
	}
}

func stat(image string) error {
	_, err := os.Stat(filepath.Join(image, "new", "values.db"))
	return err
}
