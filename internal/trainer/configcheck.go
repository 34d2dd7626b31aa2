package trainer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hives/internal/chat"
	"hives/internal/fault"
	"hives/internal/nearest"
	"hives/internal/optim"
	"hives/internal/statecache"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/sft"
	"hives/model/transformer"
	"hives/samplers"
)

// Validate refuses what can be seen to be wrong without reading a file: before an engine is opened and before a folder
// is made. An error names the setting as config.toml does.
func (c *Config) Validate() error {
	// In the order in which a person can mend them: first what is missing, then each by itself, then together.
	for _, check := range []func(*Config) error{
		(*Config).checkNamed, (*Config).checkBounds, (*Config).checkChoices, (*Config).checkTogether,
	} {
		if err := check(c); err != nil {
			return fault.Usage(err)
		}
	}
	return nil
}

// checkNamed refuses a run without the files that it needs.
func (c *Config) checkNamed() error {
	switch {
	case c.Model.From == "":
		return fault.New(fault.Invalid, "no model: give --model DIR, or --model random:CONFIG for fresh weights")
	case c.Data.Train == "":
		return fault.New(fault.Invalid, "no training rows: give --data FILE (make one with hives import; of stage sft "+
			"JSON Lines of conversations)")
	case c.Stage == 2 && c.Stage2.TheoryBank == "":
		return fault.New(fault.Invalid, "no theory anchors: give --theory-bank FILE (make one with hives anchors build)")
	}
	return nil
}

// bound is the domain of a number: least to most, either of them only where it is not open.
type bound struct {
	name                string
	value               float64
	least, most         float64
	openLeast, openMost bool
}

// bounds lists every number of the configuration. A number that is not in it would be unchecked, so a further setting
// is a line here.
func (c *Config) bounds() []bound {
	many := math.Inf(1)
	from := func(name string, value, least float64) bound {
		return bound{name: name, value: value, least: least, most: many, openMost: true}
	}
	count := func(name string, value, least int) bound { return from(name, float64(value), float64(least)) }
	above0 := func(name string, value float64) bound { return bound{name, value, 0, many, true, true} }
	within := func(name string, value, most float64, openMost bool) bound {
		return bound{name, value, 0, most, false, openMost}
	}
	o, s := &c.Optimizer, &c.Stage2
	all := []bound{
		{name: "stage", value: float64(c.Stage), least: 1, most: SFT},
		count("steps", c.Steps, 0),
		count("model.layers", c.Model.Layers, 0), count("model.freeze_layers", c.Model.FreezeLayers, 0),
		count("model.max_length", c.Model.MaxLength, 0),
		count("lora.rank", c.LoRA.Rank, 0), from("lora.alpha", c.LoRA.Alpha, 0),
		within("data.validation_fraction", c.Data.ValidationFraction, .5, false),
		count("sampler.batch_size", c.Sampler.BatchSize, c.leastBatch()), count("sampler.positives", c.Sampler.Positives, 1),
		above0("loss.temperature", c.Loss.Temperature),
		above0("stage2.temperature_individual", s.TemperatureIndividual),
		above0("stage2.temperature_theory", s.TemperatureTheory),
		from("stage2.weight_individual", s.WeightIndividual, 0), from("stage2.weight_theory", s.WeightTheory, 0),
		count("stage2.refresh_every", s.RefreshEvery, 1), above0("stage2.learned_rate", s.LearnedRate),
		from("optimizer.learning_rate", o.LearningRate, 0), within("optimizer.warmup_fraction", o.WarmupFraction, 1, false),
		from("optimizer.weight_decay", o.WeightDecay, 0),
		within("optimizer.beta1", o.Beta1, 1, true), within("optimizer.beta2", o.Beta2, 1, true),
		above0("optimizer.epsilon", o.Epsilon), from("optimizer.max_grad_norm", o.MaxGradNorm, 0),
		count("sft.max_length", c.SFT.MaxLength, 2), above0("sft.epochs", c.SFT.Epochs),
		count("memory.packs", c.Memory.Packs, 1), count("memory.devices", c.Memory.Devices, 1),
		count("log.every", c.Log.Every, 1), count("log.keep_checkpoints", c.Log.KeepCheckpoints, 1),
		count("log.validate_every", c.Log.ValidateEvery, 0), count("log.validation_rows", c.Log.ValidationRows, 0),
		count("log.checkpoint_every", c.Log.CheckpointEvery, 0),
	}
	for i, f := range s.Fractions {
		all = append(all, bound{fmt.Sprintf("stage2.fractions[%d]", i), f, 0, 1, true, false})
	}
	// Names of theories are the sampler's to check: it knows which rows there are.
	for theory, w := range c.Sampler.TheoryWeights {
		all = append(all, from("sampler.theory_weights."+theory, w, 0))
	}
	return all
}

// leastBatch is an anchor, a positive and a negative of a contrast; an answer needs no other.
func (c *Config) leastBatch() int {
	if c.Stage == SFT {
		return 1
	}
	return 3
}

// checkBounds names the first number outside its domain, with the domain: "optimizer.beta1 1: want 0 or more and less
// than 1".
func (c *Config) checkBounds() error {
	for _, b := range c.bounds() {
		if !b.holds() {
			return fault.New(fault.Invalid, "%s %g: want %s", b.name, b.value, b)
		}
	}
	if c.Model.MaxLength == 1 {
		return fault.New(fault.Invalid,
			"model.max_length 1: want at least 2, a token and the end token, or 0 for the model's own")
	}
	return nil
}

// holds is false of what is not a number.
//
//	{least 0, most 1, openMost}     0 holds, .999 holds, 1 does not, NaN does not
func (b bound) holds() bool {
	// Written so that NaN fails: every comparison with it is false.
	low := b.value >= b.least && (!b.openLeast || b.value > b.least)
	return low && b.value <= b.most && (!b.openMost || b.value < b.most)
}

// String says the domain in words.
func (b bound) String() string {
	switch {
	case math.IsInf(b.most, 1) && b.openLeast:
		return fmt.Sprintf("a number above %g", b.least)
	case math.IsInf(b.most, 1):
		return fmt.Sprintf("a number, %g or more", b.least)
	case b.openMost:
		return fmt.Sprintf("%g or more and less than %g", b.least, b.most)
	case b.openLeast:
		return fmt.Sprintf("more than %g and at most %g", b.least, b.most)
	}
	return fmt.Sprintf("%g to %g", b.least, b.most)
}

// checkChoices refuses a word that is none of those a setting can be.
func (c *Config) checkChoices() error {
	for _, choice := range []struct {
		name, value string
		of          []string
	}{
		{"model.precision", c.Model.Precision, []string{"f32", "mixed", "mixed16", "bf16", "f16"}},
		{"model.states_type", c.Model.StatesType, []string{"", statecache.F16, statecache.F32}},
		{"sampler.negatives", c.Sampler.Negatives, []string{samplers.SameTheory, samplers.SameCorpus}},
		{"sampler.false_negatives", c.Sampler.FalseNegatives,
			[]string{samplers.Keep, samplers.Anchor, samplers.All, samplers.Drop}},
		{"sampler.anchor_weighting", c.Sampler.AnchorWeighting, []string{samplers.Natural, samplers.Sqrt, samplers.Balanced}},
		{"loss.variant", c.Loss.Variant, contrast.LossNames(min(c.Stage, 2))},
		{"stage2.banks", c.Stage2.Banks, []string{EncodedBanks, LearnedBanks}},
		{"stage2.batching", c.Stage2.Batching, []string{ApartBatching, AuthorsBatching}},
		{"sft.overlong", c.SFT.Overlong, []string{sft.Refuse, sft.Drop, sft.CutPrompt}},
		{"sft.mean", c.SFT.Mean, []string{sft.ByToken, sft.ByRow}},
		{"sft.template", c.SFT.Template, append([]string{""}, chat.Templates...)},
		{"memory.moments", c.Memory.Moments, []string{string(optim.MomentsF32), string(optim.MomentsBF16)}},
		{"memory.packing", c.Memory.Packing, []string{Packed, Padded}},
		{"optimizer.schedule", c.Optimizer.Schedule, []string{string(optim.Linear), string(optim.Cosine)}},
	} {
		if !slices.Contains(choice.of, choice.value) {
			// The empty word is allowed for some and is no word to offer.
			of := slices.DeleteFunc(choice.of, func(s string) bool { return s == "" })
			hint := ""
			if at := nearest.Of(choice.value, of); at != "" {
				hint = fmt.Sprintf("; did you mean %q?", at)
			}
			return fault.New(fault.Invalid, "%s %q: want %s or %s%s", choice.name, choice.value,
				strings.Join(of[:len(of)-1], ", "), of[len(of)-1], hint)
		}
	}
	if _, err := transformer.ParsePooling(c.Model.Pooling); err != nil {
		return fmt.Errorf("model.pooling: %w", err)
	}
	// Of the task: which figures a validation has is not the loop's to know.
	checkFigure := contrast.CheckFigure
	if c.Stage == SFT {
		checkFigure = sft.CheckFigure
	}
	if err := checkFigure(c.Log.Best); err != nil {
		return fmt.Errorf("log.best: %w", err)
	}
	return nil
}

// checkTogether refuses settings that do not go with each other. The parts check themselves once more, so that nothing
// of theirs is first found when a graph is built.
func (c *Config) checkTogether() error {
	switch {
	case c.Model.States != "" && c.Model.FreezeLayers == 0:
		return fault.New(fault.Invalid, "model.states: states are kept of frozen layers; give --freeze-layers as well")
	case c.Model.Layers > 0 && c.Model.FreezeLayers >= c.Model.Layers:
		return fault.New(fault.Invalid,
			"model.freeze_layers %d of model.layers %d: no layer is left to train", c.Model.FreezeLayers, c.Model.Layers)
	case c.Memory.SplitUpdate && c.Memory.Devices > 1:
		return fault.New(fault.Invalid, "memory: split_update works on one device, not on %d", c.Memory.Devices)
	}
	if err := c.LoRA.Validate(); err != nil {
		return fmt.Errorf("lora.targets: %w", err)
	}
	// The rooms check their own sections once more, so that nothing of theirs is first found when a graph is built.
	settings := c.loop()
	if err := settings.Check(); err != nil {
		return err
	}
	if c.Stage == SFT {
		of := c.sft()
		return of.Check()
	}
	of := c.contrast()
	return of.Check()
}
