package trainer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/model/transformer"
)

// origin tells what a named start is: a model folder, a checkpoint's folder, or a run folder, of which the
// final model is taken where there is one, else the newest good checkpoint. One of the two results is "".
func origin(from string) (model, checkpoint string, err error) {
	switch {
	case strings.HasPrefix(from, randomPrefix):
		return from, "", nil
	case checkpoints.Is(from):
		return "", from, nil
	case !exists(filepath.Join(from, "run.json")):
		return from, "", nil
	case exists(filepath.Join(from, "final", transformer.ConfigFile)):
		return filepath.Join(from, "final"), "", nil
	}
	c, _, err := checkpoints.Latest(filepath.Join(from, "checkpoints"))
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	return "", c.Path, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openCheckpoint takes config, tokenizer and the way to vectors from the run that a checkpoint belongs to,
// and the weights from the checkpoint. Its moments and position are left behind.
func openCheckpoint(at string, cfg *Config) (*start, error) {
	run := filepath.Dir(filepath.Dir(filepath.Clean(at)))
	raw, err := os.ReadFile(filepath.Join(run, "config.toml"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "%s: a checkpoint is read inside its run folder, which holds the model's config: %w", at, err)
	}
	of, err := Stored(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", run, err)
	}
	if cfg.Model.Tokenizer != "" {
		of.Model.Tokenizer = cfg.Model.Tokenizer
	}
	s, err := openStart(&of)
	if err != nil {
		return nil, err
	}
	s.info = override(s.info, &cfg.Model)
	if err := s.takeWeights(at, of.Model.FreezeLayers); err != nil {
		s.model.Close()
		return nil, err
	}
	// The tokenizer once more, for the length may be another.
	err = errors.Join(s.truncate(cfg.Model.Layers), s.info.Fits(s.model.Architecture()), s.adapt(cfg), s.openTokenizer())
	if err != nil {
		s.model.Close()
		return nil, err
	}
	return s, nil
}

// takeWeights replaces the model's weights by a checkpoint's. Those below frozen layers are the base's.
func (s *start) takeWeights(at string, frozen int) (err error) {
	c, err := checkpoints.Load(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Tensors.Guard(func() error { return s.takeFrom(c, frozen) })
}

func (s *start) takeFrom(c *checkpoints.Checkpoint, frozen int) error {
	at, base := c.Path, s.base
	s.base = c.Meta.Hashes["base"] + ":" + filepath.Base(at)
	if len(s.model.Adapters()) > 0 {
		return s.takeAdapters(base, c)
	}
	if err := s.sameLower(c, frozen); err != nil {
		return err
	}
	for _, spec := range s.model.Layout() {
		if spec.Lower(frozen) {
			continue
		}
		t, err := c.Tensors.Tensor(transformer.VariablePath(spec.Name))
		if err == nil {
			err = setVariable(s.model.Variables(), t)
		}
		if err != nil {
			return fault.New(fault.Mismatch, "checkpoint %s: %s: %w", at, spec.Name, err)
		}
	}
	return nil
}
