package start

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/lora"
	"hives/internal/trainer/state"
	"hives/model/folder"
	"hives/model/transformer"
)

// AdapterFolder holds the adapters in PEFT's layout, beside the final model that they are merged into.
const AdapterFolder = "adapter"

// settings are those of the model; frozen layers get no adapters.
//
//	rank 16, alpha 0     alpha 32: the product counts 2
func (c *LoRAConfig) settings(frozen int) transformer.LoRA {
	alpha := cmp.Or(c.Alpha, 2*float64(c.Rank))
	return transformer.LoRA{Rank: c.Rank, Alpha: alpha, Targets: c.Targets, FirstLayer: frozen}
}

// Validate refuses targets that no model has; numbers are checked with all others.
func (c *LoRAConfig) Validate() error {
	if c.Rank == 0 {
		return nil
	}
	l := c.settings(0)
	_, err := l.Layers(folder.LinearLayers())
	return err
}

// adapt adds fresh adapters, if the run is to train some.
func (p *Point) adapt(cfg *Settings) error {
	if cfg.LoRA.Rank == 0 {
		return nil
	}
	// Asked first, as a mistake of usage: a name that this family does not have would else come out of the graph.
	settings := cfg.LoRA.settings(cfg.Model.FreezeLayers)
	if _, err := settings.Layers(p.Model.Architecture().Linear()); err != nil {
		return fault.Usage(err)
	}
	return p.Model.Adapt(settings, cfg.Seed)
}

// takeAdapters makes the model the one that an adapted run's checkpoint stands for: the base with the checkpoint's
// adapters merged. The checkpoint holds no weights, so those of the base must be the very ones.
func (p *Point) takeAdapters(base string, c *checkpoints.Checkpoint) error {
	if err := madeFor(c, base); err != nil {
		return err
	}
	for _, v := range p.Model.AdapterVariables() {
		t, err := c.Tensors.Tensor(v.Path())
		if err == nil {
			err = state.Set(p.Model.Variables(), t)
		}
		if err != nil {
			return fault.New(fault.Mismatch, "checkpoint %s: %s: %w", c.Path, v.Path(), err)
		}
	}
	// Merged: the new run may have adapters of its own, or none, and its base is the model that the old one would
	// export.
	return p.Model.Merge()
}

// madeFor compares the hash that the checkpoint noted with that of the weights at hand.
func madeFor(c *checkpoints.Checkpoint, base string) error {
	if was := c.Meta.Hashes["base"]; was != base {
		return fault.New(fault.Mismatch,
			"checkpoint %s holds adapters for weights of SHA-256 %s, the starting model's are %s: put back the "+
				"model that the run was begun with", c.Path, was, base)
	}
	return nil
}

// Describe says what is about to be trained, with the figures a person would check first.
func (p *Point) Describe() (lines []string) {
	sizes := p.Model.Sizes()
	lines = append(lines, fmt.Sprintf("model: %d parameters, %d layers, hidden %d; texts of at most %d tokens, %s pooling",
		transformer.Parameters(p.Model.Architecture()), sizes.Layers, sizes.Hidden, p.Info.MaxLength, p.Info.Pooling))
	if p.cfg.LoRA.Rank > 0 {
		return append(lines, p.describeAdapters())
	}
	if frozen := p.cfg.Model.FreezeLayers; frozen > 0 {
		all := p.Parameters()
		lines = append(lines, fmt.Sprintf(
			"trained: %d parameters; %d of the embeddings and the first %d layers stay as they are",
			state.Numbers(all.Trained), state.Numbers(all.Fixed), frozen))
	}
	return lines
}

// describeAdapters says what is trained in place of the weights.
//
//	trained: 1146880 parameters, adapters of rank 8, alpha 16, on q_proj, v_proj of layers 0 to 27; all …
func (p *Point) describeAdapters() string {
	settings := p.cfg.LoRA.settings(p.cfg.Model.FreezeLayers)
	return fmt.Sprintf(
		"trained: %d parameters, adapters of rank %d, alpha %g, on %s of layers %d to %d; all %d weights stay "+
			"as they are",
		state.Numbers(p.Model.AdapterVariables()), settings.Rank, settings.Alpha, strings.Join(settings.Targets, ", "),
		settings.FirstLayer, p.Model.Sizes().Layers-1, transformer.Parameters(p.Model.Architecture()))
}

// saveAdapter writes the adapters beside the merged model. Merged and apart are the same model; the latter is what
// another base's owner can use.
func (p *Point) saveAdapter(dir string) error {
	from := strings.TrimPrefix(p.cfg.Model.From, randomPrefix)
	origin := lora.Origin{Name: filepath.Base(filepath.Clean(from)), SHA256: p.Base}
	// An adapter of six layers fits the whole model by its names, and would be put onto layers that it never saw.
	if n := p.cfg.Model.Layers; n > 0 {
		origin.SHA256 += fmt.Sprintf(":first %d layers", n) // which the whole base is not
	}
	return lora.Save(filepath.Join(dir, AdapterFolder), p.Model, p.cfg.LoRA.settings(p.cfg.Model.FreezeLayers), origin)
}
