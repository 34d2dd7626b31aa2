package gguf

import (
	"os"
	"strings"
	"testing"

	"hives/internal/fault"
)

// TestCutWhileMapped cuts a file at many lengths after it was opened: reading a tensor or the metadata, which are views
// of the file, is an error that names it.
func TestCutWhileMapped(t *testing.T) {
	b := newBuilder().key("general.architecture", kindString, text("llama")).tensor("w", F32, 0, 64, 80).bytes(64 * 80 * 4)
	content, row := b.file(), make([]float32, 64)
	for left := 0; left < len(content); left += 1777 {
		path := save(t, content)
		f := mustOpen(t, path)
		err := f.Guard(func() error {
			if err := os.Truncate(path, int64(left)); err != nil {
				return err
			}
			if _, err := f.String("general.architecture"); err != nil {
				return err
			}
			w, err := f.Tensor("w")
			for i := range 80 {
				w.Row(i, row)
			}
			return err
		})
		if fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), path) {
			t.Errorf("cut to %d bytes: %v", left, err)
		}
	}
}
