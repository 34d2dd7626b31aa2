package trainer

import (
	"cmp"
	"errors"
	"strings"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/statecache"
	"hives/losses"
	"hives/model/transformer"
	"hives/samplers"
)

// Config is everything that decides a run's result, as stored in its config.toml.
type Config struct {
	Stage     int             `toml:"stage" comment:"1: hierarchical contrast; 2: alignment with anchors"`
	Seed      uint64          `toml:"seed" comment:"of weights (random:CONFIG) and batches"`
	Steps     int             `toml:"steps" comment:"the schedule's length; 0 only writes the starting weights"`
	Model     ModelConfig     `toml:"model"`
	LoRA      LoRAConfig      `toml:"lora" comment:"low-rank adapters in place of the weights: docs/LORA.md"`
	Data      DataConfig      `toml:"data"`
	Sampler   SamplerConfig   `toml:"sampler"`
	Loss      LossConfig      `toml:"loss"`
	Stage2    Stage2Config    `toml:"stage2" comment:"of stage 2 only"`
	Optimizer OptimizerConfig `toml:"optimizer"`
	Memory    MemoryConfig    `toml:"memory"`
	Log       LogConfig       `toml:"log"`
}

// ModelConfig names the starting weights and how texts become vectors.
type ModelConfig struct {
	From      string `toml:"from" comment:"a model folder, or random:FOLDER or random:config.json for fresh weights"`
	Layers    int    `toml:"layers" comment:"only the first layers of the model; 0: all"`
	Tokenizer string `toml:"tokenizer" comment:"folder of tokenizer.json; empty: beside the model's config.json"`
	MaxLength int    `toml:"max_length" comment:"tokens a text, the end token included; 0: as the model folder says"`
	Pooling   string `toml:"pooling" comment:"last, mean or first; empty: as the model folder says"`
	// Beside them, what of the weights is trained.
	FreezeLayers int    `toml:"freeze_layers" comment:"lowest layers that are not trained, nor are the embeddings below them; 0 trains all"`
	States       string `toml:"states" comment:"folder for the states after the frozen layers, computed once in f32; many runs may share it. Empty: computed at each step"`
	StatesType   string `toml:"states_type" comment:"f32 keeps them in twice the room, for a model whose states are beyond f16's 65504; empty: f16"`
	Precision    string `toml:"precision" comment:"of the operands of matrix products: f32, bf16, or f16 with loss scaling; the rest is f32"`
}

func (c *ModelConfig) statesType() string { return cmp.Or(c.StatesType, statecache.F16) }

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

// Stage2Config is the alignment with anchors.
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

// Values of Stage2Config and MemoryConfig.
const (
	EncodedBanks    = "encoded"
	LearnedBanks    = "learned"
	ApartBatching   = "apart"
	AuthorsBatching = "authors"
	Packed          = "packed"
	Padded          = "padded"
)

// Stored reads a run's config.toml. What an older program did not write there is as that program had it.
func Stored(raw []byte) (Config, error) {
	c := Default()
	c.Sampler.FalseNegatives = samplers.Anchor
	var older struct {
		Data struct {
			SplitSeed *uint64 `toml:"split_seed"`
		} `toml:"data"`
	}
	if err := errors.Join(toml.Unmarshal(raw, &c), toml.Unmarshal(raw, &older)); err != nil {
		return c, fault.New(fault.Corrupt, "stored configuration: %w", err)
	}
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
	if stage == 2 {
		c.Stage, c.Steps, c.Optimizer.LearningRate = 2, 50_000, 1e-5
	}
	return c
}

// Default is the paper's Stage 1.
func Default() Config {
	sampler, stage2 := samplers.DefaultIntraTheory(), losses.DefaultStage2()
	return Config{
		Stage: 1, Steps: 450_000,
		Model: ModelConfig{Precision: "f32"},
		LoRA:  LoRAConfig{Targets: []string{transformer.AllLinear}},
		Data:  DataConfig{ValidationFraction: .05},
		Sampler: SamplerConfig{
			BatchSize: sampler.BatchSize, Positives: sampler.Positives, Negatives: sampler.Negatives,
			FalseNegatives: sampler.FalseNegatives, AnchorWeighting: sampler.AnchorWeighting,
		},
		Loss: LossConfig{Variant: string(losses.SkipEmpty), Temperature: .1},
		Stage2: Stage2Config{
			Fractions: stage2.Fractions, TemperatureIndividual: stage2.TemperatureIndividual, TemperatureTheory: stage2.TemperatureTheory,
			WeightIndividual: stage2.WeightIndividual, WeightTheory: stage2.WeightTheory,
			Banks: EncodedBanks, RefreshEvery: 100, LearnedRate: 10, Batching: ApartBatching,
		},
		Memory: MemoryConfig{Packs: 1, Moments: string(optim.MomentsF32), Devices: 1, Packing: Packed},
		Optimizer: OptimizerConfig{
			LearningRate: 1e-4, Schedule: string(optim.Linear), WarmupFraction: .1,
			Beta1: .9, Beta2: .999, Epsilon: 1e-8, MaxGradNorm: 1,
		},
		Log: LogConfig{Every: 10, ValidateEvery: 1000, ValidationRows: 1024, CheckpointEvery: 1000, KeepCheckpoints: 3, Best: "ranking_accuracy.within_corpus"},
	}
}

// halves tells whether products are of f16, whose gradients need scaling.
func (c *Config) halves() bool { return arithmetics[c.Model.Precision] == transformer.Mixed16 }

// arithmetics are the precisions a run can be told to compute in.
var arithmetics = map[string]transformer.Arithmetic{
	"f32": transformer.F32, "mixed": transformer.Mixed, "mixed16": transformer.Mixed16,
	"bf16": transformer.Mixed, "f16": transformer.Mixed16, // older names; elsewhere bf16 is all of it in bf16
}

// stage2Loss is the loss of Stage 2; its hierarchical term is that of Stage 1.
func (c *Config) stage2Loss() (losses.Stage2Config, error) {
	hierarchical, err := c.lossConfig()
	if err != nil {
		return losses.Stage2Config{}, err
	}
	s := c.Stage2
	cfg := losses.Stage2Config{
		Hierarchical: hierarchical, Fractions: s.Fractions,
		TemperatureIndividual: s.TemperatureIndividual, TemperatureTheory: s.TemperatureTheory,
		WeightIndividual: s.WeightIndividual, WeightTheory: s.WeightTheory,
	}
	return cfg, cfg.Validate()
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
	o.MaxGradNorm, o.Moments = c.Optimizer.MaxGradNorm, optim.MomentType(c.Memory.Moments)
	if c.Stage == 2 && c.Stage2.Banks == LearnedBanks {
		o.Groups = withTables(o.Groups, c.Stage2.LearnedRate)
	}
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

// withTables adds the group of learned anchor tables: a rate of their own and no decay.
func withTables(groups []optim.Group, rate float64) []optim.Group {
	table := func(p *model.Variable) bool { return strings.HasPrefix(p.Path(), anchorScope+"/") }
	for i := range groups {
		match := groups[i].Match
		groups[i].Match = func(p *model.Variable) bool { return !table(p) && match(p) }
	}
	return append(groups, optim.Group{Name: "anchors", RateMultiplier: rate, Match: table})
}
