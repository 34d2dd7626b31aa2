package runstore

import (
	"path/filepath"
	"testing"
)

// To look at a run neither takes it nor makes a lock file where there is none.
func TestHeld(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if Held(dir) {
		t.Error("an absent run is held")
	}
	r, err := Create(dir, nil, Info{})
	if err != nil {
		t.Fatal(err)
	}
	if !Held(dir) {
		t.Error("a run that this process has open is free")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if Held(dir) || Held(dir) {
		t.Error("a closed run is held")
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatalf("after a look: %v", err)
	}
	again.Close()
}
