package folder

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/whatis"
)

// LengthStated tells whether a model's files say how long a text may be. Where they do not, Read gives what the paper
// trains with, which is far below what most models take. The encoder then takes its own bound (local.UnstatedLength)
// and warns: a text that is cut has the vector of another text, and nobody asked for that.
func LengthStated(model string) (bool, error) {
	file, err := gguf.Find(model)
	if err != nil {
		return false, err
	}
	dir := model
	if file != "" {
		if dir = gguf.Folder(file); dir == "" {
			return false, nil
		}
	}
	raw, err := fsutil.ReadRegular(filepath.Join(dir, InfoFile))
	switch {
	case err == nil:
		var f struct {
			MaxLength *int `json:"max_length"`
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			path := filepath.Join(dir, InfoFile)
			return false, whatis.JSON(path, fault.New(fault.Corrupt, "%s: %w", path, err))
		}
		return f.MaxLength != nil, nil
	case !errors.Is(err, os.ErrNotExist):
		return false, err
	case file != "":
		return false, nil
	}
	return folderStatesLength(dir)
}

// folderStatesLength looks where sentence-transformers keeps it. Without modules.json nothing was written for
// embedding: a tokenizer's own maximum is then the context of a language model.
func folderStatesLength(dir string) (bool, error) {
	modules, err := readModules(dir)
	if err != nil || modules == nil {
		return false, err
	}
	var bert struct {
		MaxLength *int `json:"max_seq_length"`
	}
	if _, err := bertKeys.Read(dir, bertFile, &bert); err != nil {
		return false, err
	}
	t, err := readTokenizer(dir)
	return bert.MaxLength != nil || t.maxLength > 0, err
}
