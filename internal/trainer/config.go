package trainer

import (
	"errors"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/sft"
	"hives/internal/trainer/start"
	"hives/losses"
	"hives/samplers"
)

// Config is everything that decides a run's result, as stored in its config.toml.
//
// A section belongs to the room that goes by it, and only there its words have a meaning: loop never reads Sampler,
// contrast never reads Optimizer. What two rooms need, seed and number of steps, stands above the sections.
//
//	stage = 1
//	steps = 450000
//	[model]
//	from = "random:demo/model"
//	[data]
//	train = "rows/train.parquet"
//	…
//
// Where a run lives and who watches it is no part of it: that is RunOptions.
type Config struct {
	Stage     int             `toml:"stage" comment:"1: hierarchical contrast; 2: alignment with anchors; 3: fine-tuning on answers (sft)"`
	Seed      uint64          `toml:"seed" comment:"of weights (random:CONFIG) and batches"`
	Steps     int             `toml:"steps" comment:"the schedule's length; 0 only writes the starting weights"`
	Model     ModelConfig     `toml:"model"`
	LoRA      LoRAConfig      `toml:"lora" comment:"low-rank adapters in place of the weights: docs/LORA.md"`
	Data      DataConfig      `toml:"data"`
	Sampler   SamplerConfig   `toml:"sampler"`
	Loss      LossConfig      `toml:"loss"`
	Stage2    Stage2Config    `toml:"stage2" comment:"of stage 2 only"`
	SFT       SFTConfig       `toml:"sft" comment:"of stage 3 only: docs/SFT.md"`
	Optimizer OptimizerConfig `toml:"optimizer"`
	Memory    MemoryConfig    `toml:"memory"`
	Log       LogConfig       `toml:"log"`
}

// The sections are defined by the rooms that go by them.
type (
	ModelConfig     = start.ModelConfig
	LoRAConfig      = start.LoRAConfig
	DataConfig      = contrast.DataConfig
	SamplerConfig   = contrast.SamplerConfig
	LossConfig      = contrast.LossConfig
	Stage2Config    = contrast.Stage2Config
	SFTConfig       = sft.Config
	OptimizerConfig = loop.OptimizerConfig
	MemoryConfig    = loop.MemoryConfig
	LogConfig       = loop.LogConfig
)

// Values of Stage2Config and MemoryConfig.
const (
	EncodedBanks    = contrast.EncodedBanks
	LearnedBanks    = contrast.LearnedBanks
	ApartBatching   = contrast.ApartBatching
	AuthorsBatching = contrast.AuthorsBatching
	Packed          = loop.Packed
	Padded          = loop.Padded
)

// loop are the settings of the loop.
func (c *Config) loop() loop.Settings {
	return loop.Settings{
		Stage: c.Stage, Seed: c.Seed, Steps: c.Steps, Optimizer: c.Optimizer, Memory: c.Memory, Log: c.Log,
		LossScaling: c.Model.Halves(),
	}
}

// contrast are the settings of the contrast.
func (c *Config) contrast() contrast.Settings {
	return contrast.Settings{
		Loop: c.loop(), Start: start.Settings{Seed: c.Seed, Model: c.Model, LoRA: c.LoRA},
		Data: c.Data, Sampler: c.Sampler, Loss: c.Loss, Stage2: c.Stage2,
	}
}

// SFT is the number of the stage that fine-tunes a language model on answers.
const SFT = 3

// sft are the settings of fine-tuning on answers.
func (c *Config) sft() sft.Settings {
	own := c.SFT
	if c.Model.MaxLength > 0 { // the one length of a run, where it is said
		own.MaxLength = c.Model.MaxLength
	}
	return sft.Settings{
		Loop: c.loop(), Start: start.Settings{Seed: c.Seed, Model: c.Model, LoRA: c.LoRA},
		Data: sft.Files{Train: c.Data.Train, Validation: c.Data.Validation, Fraction: c.Data.ValidationFraction,
			SplitSeed: c.Data.SplitSeed},
		SFT: own, Batch: c.Sampler.BatchSize,
	}
}

// Complete fills in what depends on the files: the steps of fine-tuning, where epochs say them (steps below 0).
func (c *Config) Complete() (err error) {
	if c.Stage == SFT && c.Steps < 0 && c.Data.Train != "" {
		of := c.sft()
		c.Steps, err = sft.Steps(of.Data, of.Batch, of.SFT.Epochs)
	}
	return err
}

// Stored reads a run's config.toml. What an older program did not write there is as that program had it. A setting
// that is newer gets what the program did before there was one, which need not be today's default.
func Stored(raw []byte) (Config, error) {
	c := Default()
	// What a setting meant before it existed. Default has what new runs take.
	c.Sampler.FalseNegatives = samplers.Anchor
	var older struct {
		Data struct {
			SplitSeed *uint64 `toml:"split_seed"`
		} `toml:"data"`
	}
	if err := errors.Join(toml.Unmarshal(raw, &c), toml.Unmarshal(raw, &older)); err != nil {
		return c, fault.New(fault.Corrupt, "stored configuration: %w", err)
	}
	// Before there was a seed of the split, the run's seed split as well; 0 may also have been given.
	if older.Data.SplitSeed == nil {
		c.Data.SplitSeed = c.Seed
	}
	return c, nil
}

// complete is a stored configuration with every setting of this program.
func complete(raw []byte) ([]byte, error) {
	c, err := Stored(raw)
	if err != nil {
		return nil, err
	}
	return toml.Marshal(c)
}

// DefaultStage returns the paper's settings of a stage; another number's are those of Stage 1.
func DefaultStage(stage int) Config {
	c := Default()
	// The paper's Stage 2: a ninth of the steps, at a tenth of the rate.
	if stage == 2 {
		c.Stage, c.Steps, c.Optimizer.LearningRate = 2, 50_000, 1e-5
	}
	// The paper's fine-tuning: adapters of rank 8, one epoch (steps by the rows), cosine.
	if stage == SFT {
		c.Stage, c.Steps, c.Optimizer.LearningRate, c.Optimizer.Schedule = SFT, -1, 1e-5, string(optim.Cosine)
		c.LoRA.Rank, c.LoRA.Alpha = 8, 16
		c.Sampler.BatchSize, c.Log.Best = 16, sft.FigureLoss
	}
	return c
}

// Default is the paper's Stage 1. Where the paper says nothing, as of checkpoints, it is what docs/TRAINING.md
// explains.
func Default() Config {
	sampler, stage2, first := samplers.DefaultIntraTheory(), losses.DefaultStage2(), start.Default()
	return Config{
		Stage: 1, Steps: 450_000,
		Model: first.Model, LoRA: first.LoRA,
		Data: DataConfig{ValidationFraction: .05},
		Sampler: SamplerConfig{
			BatchSize: sampler.BatchSize, Positives: sampler.Positives, Negatives: sampler.Negatives,
			FalseNegatives: sampler.FalseNegatives, AnchorWeighting: sampler.AnchorWeighting,
		},
		Loss: LossConfig{Variant: string(losses.SkipEmpty), Temperature: .1},
		Stage2: Stage2Config{
			Fractions: stage2.Fractions, TemperatureIndividual: stage2.TemperatureIndividual,
			TemperatureTheory: stage2.TemperatureTheory,
			WeightIndividual:  stage2.WeightIndividual, WeightTheory: stage2.WeightTheory,
			Banks: EncodedBanks, RefreshEvery: 100, LearnedRate: 10, Batching: ApartBatching,
		},
		SFT:    sft.Default(),
		Memory: MemoryConfig{Packs: 1, Moments: string(optim.MomentsF32), Devices: 1, Packing: Packed},
		Optimizer: OptimizerConfig{
			LearningRate: 1e-4, Schedule: string(optim.Linear), WarmupFraction: .1,
			Beta1: .9, Beta2: .999, Epsilon: 1e-8, MaxGradNorm: 1,
		},
		Log: LogConfig{Every: 10, ValidateEvery: 1000, ValidationRows: 1024, CheckpointEvery: 1000,
			KeepCheckpoints: 3, Best: "ranking_accuracy.within_corpus"},
	}
}
