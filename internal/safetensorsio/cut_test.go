package safetensorsio

import (
	"os"
	"strings"
	"testing"

	"hives/internal/fault"
)

// TestCutWhileMapped cuts a file at many lengths after it was opened: reading a tensor is an error that names it.
func TestCutWhileMapped(t *testing.T) {
	content := assemble(`{"w":{"dtype":"U8","shape":[20000],"data_offsets":[0,20000]}}`, 20000)
	for left := 0; left < len(content); left += 1777 {
		path := save(t, content)
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		err = f.Guard(func() error {
			if err := os.Truncate(path, int64(left)); err != nil {
				return err
			}
			for _, b := range readAll(t, f)[0].Data {
				sum += int(b)
			}
			return nil
		})
		if fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), path) {
			t.Errorf("cut to %d bytes: %v", left, err)
		}
		f.Close()
	}
}
