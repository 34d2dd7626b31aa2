package start

import (
	"cmp"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
	"hives/internal/statecache"
	"hives/model/transformer"
)

// Settings are the sections of a run's configuration that say what it begins with. A task passes them on; start reads
// no section of a task's.
type Settings struct {
	Seed  uint64      `toml:"seed"`
	Model ModelConfig `toml:"model"`
	LoRA  LoRAConfig  `toml:"lora"`
	// Head asks for a language model: weights with their head. The task says it, not a file.
	Head bool `toml:"-"`
}

// Default names no model and trains all weights.
func Default() Settings {
	return Settings{Model: ModelConfig{Precision: "f32"}, LoRA: LoRAConfig{Targets: []string{transformer.AllLinear}}}
}

// stored reads these sections of a run's config.toml. Other sections are passed over: a start needs to know nothing
// of the task.
func stored(raw []byte) (Settings, error) {
	s := Default()
	if err := toml.Unmarshal(raw, &s); err != nil {
		return s, fault.New(fault.Corrupt, "stored configuration: %w", err)
	}
	return s, nil
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

// statesType is f16 where none is named: half the room, and states beyond 65,504 are refused by name (lower.finite).
func (c *ModelConfig) statesType() string { return cmp.Or(c.StatesType, statecache.F16) }

// LoRAConfig chooses low-rank adapters that are trained in place of the weights.
type LoRAConfig struct {
	Rank    int      `toml:"rank" comment:"of adapters that are trained in place of the model's weights; 0 trains the weights"`
	Alpha   float64  `toml:"alpha" comment:"an adapter's product counts alpha/rank; 0: alpha is twice the rank"`
	Targets []string `toml:"targets" comment:"of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, in BERT query, key, value, dense; or all-linear"`
}

// Precisions are the precision policies by name: what the operands of matrix products are rounded to. Everything else,
// weights, moments, norms, softmax and loss, is f32 in all of them (docs/TRAINING.md has the figures).
var Precisions = map[string]transformer.Arithmetic{
	"f32": transformer.F32, "mixed": transformer.Mixed, "mixed16": transformer.Mixed16,
	"bf16": transformer.Mixed, "f16": transformer.Mixed16, // older names; elsewhere bf16 is all of it in bf16
}

// Halves tells whether products are of f16, whose gradients need scaling: their smallest number is 6e-8.
func (c *ModelConfig) Halves() bool { return Precisions[c.Precision] == transformer.Mixed16 }
