package trainer

import (
	"fmt"
	"path/filepath"
	"strings"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/lora"
	"hives/model/folder"
	"hives/model/transformer"
)

// LoRAConfig chooses low-rank adapters that are trained in place of the weights.
type LoRAConfig struct {
	Rank    int      `toml:"rank" comment:"of adapters that are trained in place of the model's weights; 0 trains the weights"`
	Alpha   float64  `toml:"alpha" comment:"an adapter's product counts alpha/rank; 0: alpha is twice the rank"`
	Targets []string `toml:"targets" comment:"of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, in BERT query, key, value, dense; or all-linear"`
}

// AdapterFolder holds the adapters in PEFT's layout, beside the final model that they are merged into.
const AdapterFolder = "adapter"

// settings are those of the model; frozen layers get no adapters.
func (c *LoRAConfig) settings(frozen int) transformer.LoRA {
	l := transformer.LoRA{Rank: c.Rank, Alpha: c.Alpha, Targets: c.Targets, FirstLayer: frozen}
	if l.Alpha == 0 {
		l.Alpha = 2 * float64(c.Rank)
	}
	return l
}

// validate refuses targets that no model has; numbers are checked with all others.
func (c *LoRAConfig) validate() error {
	if c.Rank == 0 {
		return nil
	}
	l := c.settings(0)
	_, err := l.Layers(folder.LinearLayers())
	return err
}

// adapt adds fresh adapters, if the run is to train some.
func (s *start) adapt(cfg *Config) error {
	if cfg.LoRA.Rank == 0 {
		return nil
	}
	settings := cfg.LoRA.settings(cfg.Model.FreezeLayers)
	if _, err := settings.Layers(s.model.Architecture().Linear()); err != nil {
		return fault.Usage(err)
	}
	return s.model.Adapt(settings, cfg.Seed)
}

// takeAdapters makes the model the one that an adapted run's checkpoint stands for: the base with the
// checkpoint's adapters merged.
func (s *start) takeAdapters(base string, c *checkpoints.Checkpoint) error {
	if err := madeFor(c, base); err != nil {
		return err
	}
	for _, v := range s.model.AdapterVariables() {
		t, err := c.Tensors.Tensor(v.Path())
		if err == nil {
			err = setVariable(s.model.Variables(), t)
		}
		if err != nil {
			return fault.New(fault.Mismatch, "checkpoint %s: %s: %w", c.Path, v.Path(), err)
		}
	}
	return s.model.Merge()
}

// sameBase refuses to put a checkpoint's adapters beside other weights than those they were trained on, also
// where other changes are allowed.
func (l *loop) sameBase(c *checkpoints.Checkpoint) error {
	if l.cfg.LoRA.Rank == 0 {
		return nil
	}
	return madeFor(c, l.start.base)
}

func madeFor(c *checkpoints.Checkpoint, base string) error {
	if was := c.Meta.Hashes["base"]; was != base {
		return fault.New(fault.Mismatch, "checkpoint %s holds adapters for weights of SHA-256 %s, the starting model's are %s: put back the model that the run was begun with", c.Path, was, base)
	}
	return nil
}

// describeAdapters says what is trained in place of the weights.
func (l *loop) describeAdapters() string {
	settings := l.cfg.LoRA.settings(l.cfg.Model.FreezeLayers)
	return fmt.Sprintf("trained: %d parameters, adapters of rank %d, alpha %g, on %s of layers %d to %d; all %d weights stay as they are",
		numbersIn(l.stepper.params), settings.Rank, settings.Alpha, strings.Join(settings.Targets, ", "),
		settings.FirstLayer, l.start.model.Sizes().Layers-1, numbersIn(l.stepper.fixed))
}

// saveAdapter writes the adapters beside the merged model.
func (l *loop) saveAdapter(dir string) error {
	from := strings.TrimPrefix(l.cfg.Model.From, randomPrefix)
	origin := lora.Origin{Name: filepath.Base(filepath.Clean(from)), SHA256: l.start.base}
	if n := l.cfg.Model.Layers; n > 0 {
		origin.SHA256 += fmt.Sprintf(":first %d layers", n) // which the whole base is not
	}
	return lora.Save(filepath.Join(dir, AdapterFolder), l.start.model, l.cfg.LoRA.settings(l.cfg.Model.FreezeLayers), origin)
}
