package folder

import (
	"errors"
	"os"
	"path/filepath"

	"hives/internal/gguf"
)

// DefaultPrompt is the name of the prompt that a sentence-transformers folder asks for before every text; empty where
// it asks for none, or where a hives.json says how texts become vectors. It is not added unasked: queries and documents
// go through one command here, and a prompt that is meant for one would spoil the other. Who compares with
// sentence-transformers is told that it is added there.
func DefaultPrompt(model string) (string, error) {
	if file, err := gguf.Find(model); err != nil || file != "" {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(model, InfoFile)); !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	modules, err := readModules(model)
	if err != nil || modules == nil {
		return "", err
	}
	var p struct {
		Name *string `json:"default_prompt_name"`
	}
	if _, err := promptKeys.Read(model, promptsFile, &p); err != nil || p.Name == nil {
		return "", err
	}
	return *p.Name, nil
}

// Name is what a model is called by its place, where vectors and pages need a word for it and the hash is too long:
// the last part of its path, with links followed and no "." left, so that of a link that is moved from release to
// release the release has the name.
func Name(model string) string {
	path, err := filepath.Abs(model)
	if err != nil {
		path = filepath.Clean(model)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Base(path)
}
