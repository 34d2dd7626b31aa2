package soak

import (
	"fmt"
	"os"
	"path/filepath"

	"hives/checkpoints"
)

// damage flips a bit of the newest checkpoint, or cuts one of its files short, at a random place. It spares
// a run with fewer than two good checkpoints, for then there is none before it; names tells what was done.
//
// Every byte of a checkpoint is covered by a hash, so every flip must be found, and the run must go on from the
// checkpoint before and name this one. Two damaged ones in a row would leave nothing to go on from, which is
// another test's subject.
func (s *soak) damage(out string) (path, what string, err error) {
	entries, err := checkpoints.List(filepath.Join(out, "checkpoints"))
	if err != nil || len(entries) < 2 {
		return "", "", err
	}
	path = entries[len(entries)-1].Path
	// Both must be good: the newest is damaged now, and the one before is what the run must go on from.
	for _, e := range entries[len(entries)-2:] {
		c, err := checkpoints.Load(e.Path)
		if err != nil {
			return "", "", nil // damaged before, and no step has been saved since
		}
		c.Close()
	}
	files, err := os.ReadDir(path)
	if err != nil {
		return "", "", err
	}
	// Any file: weights, moments, state, the list of hashes itself.
	name := files[s.random.IntN(len(files))].Name()
	raw, err := os.ReadFile(filepath.Join(path, name))
	if err != nil {
		return "", "", err
	}
	at := s.random.IntN(len(raw) - 1) // the last byte of SHA256SUMS may be missing: it is the end of a line
	if s.random.IntN(2) == 0 {
		raw[at] ^= 1 << s.random.IntN(8)
		what = fmt.Sprintf("flipped a bit of byte %d of %s", at, name)
	} else {
		raw = raw[:at]
		what = fmt.Sprintf("cut %s to %d bytes", name, at)
	}
	return path, filepath.Base(path) + ": " + what, os.WriteFile(filepath.Join(path, name), raw, 0o644)
}
