package contrast

import (
	"fmt"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/start"
	"hives/losses"
	"hives/samplers"
)

// Settings are the sections of a run's configuration that the contrast goes by. It reads them and no other: a setting
// of the optimiser cannot change which rows are drawn.
type Settings struct {
	Loop    loop.Settings
	Start   start.Settings
	Data    DataConfig
	Sampler SamplerConfig
	Loss    LossConfig
	Stage2  Stage2Config

	// Theories are those that rows may be of. They are no settings of a file: a run keeps the own ones whole.
	Theories theories.Set
}

// DataConfig names the rows.
type DataConfig struct {
	Train              string  `toml:"train" comment:"Parquet or CSV of training rows"`
	Validation         string  `toml:"validation" comment:"held-out rows; empty: validation_fraction of the training file"`
	ValidationFraction float64 `toml:"validation_fraction" comment:"share of connected components held out when no file is named"`
	SplitSeed          uint64  `toml:"split_seed" comment:"of what is held out, apart from seed: runs of several seeds hold out the same rows"`
	PermuteLabels      bool    `toml:"permute_labels" comment:"control: deal labels out anew inside each corpus"`
	SkipBad            bool    `toml:"skip_bad" comment:"leave out rows that cannot be read instead of refusing the file"`
}

// SamplerConfig is samplers.IntraTheoryConfig as a file says it.
type SamplerConfig struct {
	BatchSize       int                `toml:"batch_size" comment:"texts a step"`
	Positives       int                `toml:"positives" comment:"most positives of an anchor"`
	Negatives       string             `toml:"negatives" comment:"theory (the paper) or corpus (the anchor's own corpus only)"`
	FalseNegatives  string             `toml:"false_negatives" comment:"all: out of the loss; anchor: never the drawn anchor's negatives (drop is its older name); keep: as the authors do"`
	AnchorWeighting string             `toml:"anchor_weighting" comment:"natural, sqrt or balanced"`
	TheoryWeights   map[string]float64 `toml:"theory_weights" comment:"weight of a theory's anchors, 1 where not named"`
}

// LossConfig chooses the hierarchical loss.
type LossConfig struct {
	Variant     string  `toml:"variant" comment:"skip_empty, paper, direction_leaf, hmce …: docs/LOSSES.md"`
	Temperature float64 `toml:"temperature"`
}

// Stage2Config is the alignment with anchors. Fractions of a batch of 64 at 1/3 each are 21, 21 and 22 rows;
// losses.Stage2Config.Split has the rule.
type Stage2Config struct {
	Fractions             [3]float64 `toml:"fractions" comment:"of a batch: hierarchical, individual-anchor and theory-anchor rows"`
	TemperatureIndividual float64    `toml:"temperature_individual"`
	TemperatureTheory     float64    `toml:"temperature_theory"`
	WeightIndividual      float64    `toml:"weight_individual" comment:"beside 1 for the hierarchical term"`
	WeightTheory          float64    `toml:"weight_theory"`
	Banks                 string     `toml:"banks" comment:"encoded: by the model under training; learned: trainable tables"`
	IndividualBank        string     `toml:"individual_bank" comment:"anchor file; empty: the built-in sentences"`
	TheoryBank            string     `toml:"theory_bank" comment:"anchor file made by hives anchors build"`
	RefreshEvery          int        `toml:"refresh_every" comment:"steps between encodings of a whole encoded bank"`
	LearnedRate           float64    `toml:"learned_rate" comment:"learning rate of learned tables, times the model's"`
	PermuteAnchors        bool       `toml:"permute_anchors" comment:"control: deal anchor ids out anew among the rows"`
	Batching              string     `toml:"batching" comment:"apart, or authors: mixed parts of one id each, as in their code"`
}

// Values of Stage2Config.
const (
	EncodedBanks    = "encoded"
	LearnedBanks    = "learned"
	ApartBatching   = "apart"
	AuthorsBatching = "authors"
)

// Check refuses settings that do not go with each other. An error names the setting as a file does. What needs the
// rows, such as a theory without positives, is for Read.
func (s *Settings) Check() error {
	if least := s.Sampler.Positives + 2; s.Sampler.BatchSize < least {
		return fault.New(fault.Invalid,
			"sampler.batch_size %d with %d positives: want at least %d, for anchor, positives and a negative",
			s.Sampler.BatchSize, s.Sampler.Positives, least)
	}
	sampler := s.sampler(nil)
	if err := sampler.Validate(); err != nil {
		return err
	}
	if s.Loop.Stage == 1 {
		_, err := s.hierarchical()
		return err
	}
	loss, err := s.stage2()
	if err != nil {
		return fmt.Errorf("stage2: %w", err)
	}
	// Each part must be able to contrast something: two rows with each other, one with a bank.
	if h, i, t := loss.Split(s.Sampler.BatchSize); h < 2 || i < 1 || t < 1 {
		return fault.New(fault.Invalid,
			"stage2: a batch of %d splits into %d, %d and %d rows: want at least 2, 1 and 1", s.Sampler.BatchSize, h, i, t)
	}
	return nil
}

// stage2 is the loss of Stage 2; its hierarchical term is that of Stage 1. So a Stage 2 begins with the loss that its
// Stage 1 ended with, if loss.variant and temperature are the same.
func (s *Settings) stage2() (losses.Stage2Config, error) {
	hierarchical, err := s.hierarchical()
	if err != nil {
		return losses.Stage2Config{}, err
	}
	c := s.Stage2
	cfg := losses.Stage2Config{
		Hierarchical: hierarchical, Fractions: c.Fractions,
		TemperatureIndividual: c.TemperatureIndividual, TemperatureTheory: c.TemperatureTheory,
		WeightIndividual: c.WeightIndividual, WeightTheory: c.WeightTheory,
	}
	return cfg, cfg.Validate()
}

// hierarchical is the loss of Stage 1.
func (s *Settings) hierarchical() (losses.HierarchicalConfig, error) {
	variant, err := losses.ParseVariant(s.Loss.Variant)
	if err != nil {
		return losses.HierarchicalConfig{}, err
	}
	cfg := losses.HierarchicalConfig{Variant: variant, Temperature: s.Loss.Temperature}
	return cfg, cfg.Validate()
}

// sampler returns the sampler's settings; alt holds further paths of rows, see samplers.
func (s *Settings) sampler(alt [][][3]int32) samplers.IntraTheoryConfig {
	c := s.Sampler
	return samplers.IntraTheoryConfig{
		BatchSize: c.BatchSize, Positives: c.Positives, Seed: s.Loop.Seed, Negatives: c.Negatives,
		FalseNegatives: c.FalseNegatives, AnchorWeighting: c.AnchorWeighting,
		TheoryWeights: c.TheoryWeights, Alt: alt,
	}
}
