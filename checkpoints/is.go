package checkpoints

import (
	"os"
	"path/filepath"
)

// Is tells whether path looks like one checkpoint's folder, whole or damaged.
func Is(path string) bool {
	_, err := os.Stat(filepath.Join(path, stateFile))
	return err == nil
}
