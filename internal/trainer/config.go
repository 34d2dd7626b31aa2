package trainer

import (
	"math"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/losses"
	"hives/model/qwen3embed"
	"hives/samplers"
)

// Config is everything that decides a run's result, as stored in its config.toml.
type Config struct {
	Stage     int             `toml:"stage" comment:"1: hierarchical contrast"`
	Seed      uint64          `toml:"seed" comment:"of weights (random:CONFIG), batches and splits"`
	Steps     int             `toml:"steps" comment:"the schedule's length; 0 only writes the starting weights"`
	Model     ModelConfig     `toml:"model"`
	Data      DataConfig      `toml:"data"`
	Sampler   SamplerConfig   `toml:"sampler"`
	Loss      LossConfig      `toml:"loss"`
	Optimizer OptimizerConfig `toml:"optimizer"`
	Log       LogConfig       `toml:"log"`
}

// ModelConfig names the starting weights and how texts become vectors.
type ModelConfig struct {
	From      string `toml:"from" comment:"a model folder, or random:FOLDER or random:config.json for fresh weights"`
	Tokenizer string `toml:"tokenizer" comment:"folder of tokenizer.json; empty: beside the model's config.json"`
	MaxLength int    `toml:"max_length" comment:"tokens a text, the end token included; 0: as the model folder says"`
	Pooling   string `toml:"pooling" comment:"last or mean; empty: as the model folder says"`
	Precision string `toml:"precision" comment:"f32, or mixed: bf16 operands of matrix products, the rest f32"`
}

// DataConfig names the rows.
type DataConfig struct {
	Train              string  `toml:"train" comment:"Parquet or CSV of training rows"`
	Validation         string  `toml:"validation" comment:"held-out rows; empty: validation_fraction of the training file"`
	ValidationFraction float64 `toml:"validation_fraction" comment:"share of connected components held out when no file is named"`
	PermuteLabels      bool    `toml:"permute_labels" comment:"control: deal labels out anew inside each corpus"`
	SkipBad            bool    `toml:"skip_bad" comment:"leave out rows that cannot be read instead of refusing the file"`
}

// SamplerConfig is samplers.IntraTheoryConfig as a file says it.
type SamplerConfig struct {
	BatchSize       int                `toml:"batch_size" comment:"texts a step"`
	Positives       int                `toml:"positives" comment:"most positives of an anchor"`
	Negatives       string             `toml:"negatives" comment:"theory (the paper) or corpus (the anchor's own corpus only)"`
	FalseNegatives  string             `toml:"false_negatives" comment:"drop, or keep as the authors do"`
	AnchorWeighting string             `toml:"anchor_weighting" comment:"natural, sqrt or balanced"`
	TheoryWeights   map[string]float64 `toml:"theory_weights" comment:"weight of a theory's anchors, 1 where not named"`
}

// LossConfig chooses the hierarchical loss.
type LossConfig struct {
	Variant     string  `toml:"variant" comment:"skip_empty, paper, hmc, hce, hmce …: docs/LOSSES.md"`
	Temperature float64 `toml:"temperature"`
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

// Default is the paper's Stage 1.
func Default() Config {
	sampler := samplers.DefaultIntraTheory()
	return Config{
		Stage: 1, Steps: 450_000,
		Model: ModelConfig{Precision: "f32"},
		Data:  DataConfig{ValidationFraction: .05},
		Sampler: SamplerConfig{
			BatchSize: sampler.BatchSize, Positives: sampler.Positives, Negatives: sampler.Negatives,
			FalseNegatives: sampler.FalseNegatives, AnchorWeighting: sampler.AnchorWeighting,
		},
		Loss: LossConfig{Variant: string(losses.SkipEmpty), Temperature: .1},
		Optimizer: OptimizerConfig{
			LearningRate: 1e-4, Schedule: string(optim.Linear), WarmupFraction: .1,
			Beta1: .9, Beta2: .999, Epsilon: 1e-8, MaxGradNorm: 1,
		},
		Log: LogConfig{Every: 10, ValidateEvery: 1000, ValidationRows: 1024, CheckpointEvery: 1000, KeepCheckpoints: 3, Best: "ranking_accuracy.within_corpus"},
	}
}

// Validate refuses what can be seen to be wrong without reading a file.
func (c *Config) Validate() error {
	invalid := func(format string, args ...any) error {
		return fault.Usage(fault.New(fault.Invalid, format, args...))
	}
	switch {
	case c.Stage != 1:
		return invalid("stage %d: this version trains stage 1", c.Stage)
	case c.Steps < 0:
		return invalid("steps %d: want 0 or more", c.Steps)
	case c.Model.From == "":
		return invalid("no model: give --model DIR, or --model random:CONFIG for fresh weights")
	case c.Data.Train == "":
		return invalid("no training rows: give --data FILE (make one with hives import)")
	case c.Data.ValidationFraction < 0 || c.Data.ValidationFraction > .5:
		return invalid("validation_fraction %g: want 0 to .5", c.Data.ValidationFraction)
	case c.Model.MaxLength < 0 || c.Model.MaxLength == 1:
		return invalid("max_length %d: want at least 2, a token and the end token", c.Model.MaxLength)
	case c.Model.Precision != "f32" && c.Model.Precision != "mixed":
		return invalid("precision %q: want f32 or mixed", c.Model.Precision)
	case c.Optimizer.WarmupFraction < 0 || c.Optimizer.WarmupFraction > 1:
		return invalid("warmup_fraction %g: want 0 to 1", c.Optimizer.WarmupFraction)
	case !(c.Optimizer.LearningRate >= 0) || math.IsInf(c.Optimizer.LearningRate, 0):
		return invalid("learning_rate %g: want 0 or more", c.Optimizer.LearningRate)
	case c.Log.Every < 1 || c.Log.ValidateEvery < 0 || c.Log.CheckpointEvery < 0 || c.Log.KeepCheckpoints < 1 || c.Log.ValidationRows < 0:
		return invalid("log: every and keep_checkpoints want 1 or more, the others 0 or more")
	}
	if _, err := qwen3embed.ParsePooling(c.Model.Pooling); err != nil {
		return invalid("%w", err)
	}
	if err := checkFigure(c.Log.Best); err != nil {
		return fault.Usage(err)
	}
	if _, err := c.lossConfig(); err != nil {
		return fault.Usage(err)
	}
	return nil
}

func (c *Config) lossConfig() (losses.HierarchicalConfig, error) {
	variant, err := losses.ParseVariant(c.Loss.Variant)
	if err != nil {
		return losses.HierarchicalConfig{}, err
	}
	cfg := losses.HierarchicalConfig{Variant: variant, Temperature: c.Loss.Temperature}
	return cfg, cfg.Validate()
}

func (c *Config) optimizer() *optim.AdamW {
	o := optim.Default(c.Optimizer.WeightDecay)
	o.Beta1, o.Beta2, o.Epsilon = c.Optimizer.Beta1, c.Optimizer.Beta2, c.Optimizer.Epsilon
	o.MaxGradNorm = c.Optimizer.MaxGradNorm
	return o
}

func (c *Config) schedule() (optim.Schedule, error) {
	warmup := optim.WarmupSteps(c.Steps, c.Optimizer.WarmupFraction)
	return optim.NewSchedule(optim.ScheduleKind(c.Optimizer.Schedule), max(1, c.Steps), warmup)
}

// sampler returns the sampler's settings; alt holds further paths of rows, see samplers.
func (c *Config) sampler(alt [][][3]int32) samplers.IntraTheoryConfig {
	s := c.Sampler
	return samplers.IntraTheoryConfig{
		BatchSize: s.BatchSize, Positives: s.Positives, Seed: c.Seed, Negatives: s.Negatives,
		FalseNegatives: s.FalseNegatives, AnchorWeighting: s.AnchorWeighting,
		TheoryWeights: s.TheoryWeights, Alt: alt,
	}
}
