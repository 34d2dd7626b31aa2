package checkpoints

import (
	"os"
	"path/filepath"
)

// Is tells whether path looks like one checkpoint's folder, whole or damaged: by the file that only checkpoints
// have. It is for messages ("this is a checkpoint, a run was asked for"); Load alone says whether it is any good.
func Is(path string) bool {
	_, err := os.Stat(filepath.Join(path, stateFile))
	return err == nil
}
