package start

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/trainer/state"
	"hives/model/transformer"
)

// Origin tells what a named start is: a model folder, a checkpoint's folder, or a run folder, of which the
// final model is taken where there is one, else the newest good checkpoint. One of the two results is "".
//
//	runs/stage1                                  final/ if it is there, else the newest good checkpoint
//	runs/stage1/checkpoints/step-000000500       that checkpoint
//	runs/stage1/final, weights/Qwen3-…           a model folder
//	random:demo/model                            fresh weights
func Origin(from string) (model, checkpoint string, err error) {
	switch {
	case strings.HasPrefix(from, randomPrefix):
		return from, "", nil
	case checkpoints.Is(from):
		return "", from, nil
	case !exists(filepath.Join(from, "run.json")):
		return from, "", nil
	// The final model before the newest checkpoint: adapters are merged in it, and it is what was evaluated.
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

// exists follows links: what it asks about is about to be read.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openCheckpoint takes config, tokenizer and the way to vectors from the run that a checkpoint belongs to,
// and the weights from the checkpoint. Its moments and position are left behind.
func openCheckpoint(at string, cfg Settings) (*Point, error) {
	run := filepath.Dir(filepath.Dir(filepath.Clean(at)))
	// A checkpoint holds tensors and no architecture. Its run's settings say which model they belong to.
	raw, err := fsutil.ReadRegular(filepath.Join(run, "config.toml"))
	if err != nil {
		return nil, fault.New(fault.NotFound,
			"%s: a checkpoint is read inside its run folder, which holds the model's config: %w", at, err)
	}
	of, err := stored(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", run, err)
	}
	of.Head = cfg.Head
	if cfg.Model.Tokenizer != "" {
		of.Model.Tokenizer = cfg.Model.Tokenizer
	}
	// The run's own start first, with its adapters, so that every tensor of the checkpoint has its place. It is
	// no loop: a run that began from a checkpoint names it, and each start reads one run further back.
	p, err := open(of)
	if err != nil {
		return nil, err
	}
	p.cfg, p.Info = cfg, override(p.Info, &cfg.Model)
	if err := p.takeWeights(at, of.Model.FreezeLayers); err != nil {
		p.Model.Close()
		return nil, err
	}
	return p.finish() // the tokenizer once more, for the length may be another
}

// takeWeights replaces the model's weights by a checkpoint's. Those below frozen layers are the base's. A checkpoint
// that is damaged is refused by its hashes before a number is taken.
func (p *Point) takeWeights(at string, frozen int) (err error) {
	c, err := checkpoints.Load(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Tensors.Guard(func() error { return p.takeFrom(c, frozen) })
}

// takeFrom puts every tensor of the checkpoint in its place. A tensor that is missing or of another shape is named: a
// model with some old and some new weights must not be begun from.
func (p *Point) takeFrom(c *checkpoints.Checkpoint, frozen int) error {
	// Noted as base and step: the same weights by another way are another start.
	at, base := c.Path, p.Base
	p.Base = c.Meta.Hashes["base"] + ":" + filepath.Base(at)
	if len(p.Model.Adapters()) > 0 {
		return p.takeAdapters(base, c)
	}
	if err := p.sameLower(c, frozen); err != nil {
		return err
	}
	for _, spec := range p.Model.Layout() {
		// Not in the checkpoint: they are the base's, and sameLower has compared them.
		if spec.Lower(frozen) {
			continue
		}
		t, err := c.Tensors.Tensor(transformer.VariablePath(spec.Name))
		if err == nil {
			err = state.Set(p.Model.Variables(), t)
		}
		if err != nil {
			return fault.New(fault.Mismatch, "checkpoint %s: %s: %w", at, spec.Name, err)
		}
	}
	return nil
}
