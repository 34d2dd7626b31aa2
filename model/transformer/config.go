package transformer

import (
	"fmt"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// ReadConfig reads the file of a config and says in errors which it is.
func ReadConfig[T any](path string, parse func(raw []byte) (T, error)) (cfg T, err error) {
	if err := whatis.Model(filepath.Dir(path)); err != nil {
		return cfg, err
	}
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return cfg, fault.New(fault.NotFound, "model config: %w; a model folder holds config.json, model.safetensors and tokenizer.json", err)
	}
	if cfg, err = parse(raw); err != nil {
		return cfg, whatis.Instead(path, "a model's config.json", fmt.Errorf("model config %s: %w", path, err))
	}
	return cfg, nil
}
