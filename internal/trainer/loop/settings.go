package loop

import (
	"hives/internal/optim"
)

// Settings are the sections of a run's configuration that say how it is trained, whatever is trained.
type Settings struct {
	Stage     int
	Seed      uint64
	Steps     int
	Optimizer OptimizerConfig
	Memory    MemoryConfig
	Log       LogConfig
	// LossScaling goes with products of f16, whose gradients vanish below 6e-8.
	LossScaling bool
}

// MemoryConfig trades time for memory. It changes results by rounding only, moments in bf16 aside.
type MemoryConfig struct {
	Recompute   bool   `toml:"recompute" comment:"keep only each layer's input and compute the rest again on the way back"`
	SplitUpdate bool   `toml:"split_update" comment:"apply the optimiser in slices: the engine holds what it updates twice"`
	Packs       int    `toml:"packs" comment:"parts of a batch that are computed one after the other; the gradient is the whole batch's"`
	Moments     string `toml:"moments" comment:"f32 or bf16"`
	Devices     int    `toml:"devices" comment:"of this host, which share each batch's rows; each holds the whole model"`
	Packing     string `toml:"packing" comment:"packed: several texts share a row; padded: one text a row of max_length, for comparison"`
}

// OptimizerConfig is AdamW and its schedule.
type OptimizerConfig struct {
	LearningRate   float64 `toml:"learning_rate" comment:"1e-4 for the pretrained 0.6B; a small random model wants 3e-4 to 3e-3"`
	Schedule       string  `toml:"schedule" comment:"linear or cosine"`
	WarmupFraction float64 `toml:"warmup_fraction" comment:"share of the steps"`
	WeightDecay    float64 `toml:"weight_decay" comment:"of matrices; norms take none"`
	Beta1          float64 `toml:"beta1"`
	Beta2          float64 `toml:"beta2"`
	Epsilon        float64 `toml:"epsilon"`
	MaxGradNorm    float64 `toml:"max_grad_norm" comment:"0 does not clip"`
}

// LogConfig says how often what is written. It does not change the weights.
type LogConfig struct {
	Every           int    `toml:"every" comment:"steps between lines of metrics.jsonl"`
	ValidateEvery   int    `toml:"validate_every" comment:"steps between validations; 0 only at the end"`
	ValidationRows  int    `toml:"validation_rows" comment:"most rows of a validation"`
	CheckpointEvery int    `toml:"checkpoint_every" comment:"steps between checkpoints; 0 only at the end or on interruption"`
	KeepCheckpoints int    `toml:"keep_checkpoints" comment:"newest checkpoints that are kept"`
	Best            string `toml:"best" comment:"validation figure whose best checkpoint is kept as well; empty: none. docs/RELIABILITY.md lists them"`
}

// Values of MemoryConfig.Packing.
const (
	Packed = "packed"
	Padded = "padded"
)

// optimizer is AdamW with the usual groups, less what a task has in groups of its own.
func (s *Settings) optimizer(own []optim.Group) *optim.AdamW {
	c := &s.Optimizer
	o := optim.Default(c.WeightDecay)
	o.Beta1, o.Beta2, o.Epsilon = c.Beta1, c.Beta2, c.Epsilon
	o.MaxGradNorm, o.Moments = c.MaxGradNorm, optim.MomentType(s.Memory.Moments)
	// A task's own groups are taken out of the usual ones, or a parameter would have two rates.
	o.Groups = optim.WithGroups(o.Groups, own)
	return o
}

func (s *Settings) schedule() (optim.Schedule, error) {
	return optim.NewSchedule(optim.ScheduleKind(s.Optimizer.Schedule), max(1, s.Steps), s.warmup())
}

func (s *Settings) warmup() int { return optim.WarmupSteps(s.Steps, s.Optimizer.WarmupFraction) }

// Check refuses settings that make no optimiser or no schedule.
func (s *Settings) Check() error {
	if err := s.optimizer(nil).Validate(); err != nil {
		return err
	}
	_, err := s.schedule()
	return err
}
