package lora

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"hives/internal/fault"
	"hives/model/qwen3embed"
)

// Names of PEFT's files.
const (
	ConfigFile  = "adapter_config.json"
	WeightsFile = "adapter_model.safetensors"
)

// config lists the fields of adapter_config.json that decide the arithmetic.
type config struct {
	PEFTType        string         `json:"peft_type"`
	R               int            `json:"r"`
	Alpha           float64        `json:"lora_alpha"`
	RankStabilised  bool           `json:"use_rslora"`
	DoRA            bool           `json:"use_dora"`
	QALoRA          bool           `json:"use_qalora"`
	FanInFanOut     bool           `json:"fan_in_fan_out"`
	Bias            string         `json:"bias"`
	LoRABias        bool           `json:"lora_bias"`
	AlphaPattern    map[string]any `json:"alpha_pattern"`
	ModulesToSave   []string       `json:"modules_to_save"`
	Replication     []any          `json:"layer_replication"`
	TokenIndices    any            `json:"trainable_token_indices"`
	InitLoRAWeights any            `json:"init_lora_weights"`
}

// readConfig reads and checks a folder's adapter_config.json.
func readConfig(dir string) (*config, error) {
	path := filepath.Join(dir, ConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "adapter: %w; an adapter's folder holds %s and %s", err, ConfigFile, WeightsFile)
	}
	c := &config{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	if err := c.refuse(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// refuse names what is more than a sum of W and a scaled product. Dropout is none: it acts in training only.
func (c *config) refuse() error {
	switch {
	case c.PEFTType != "LORA":
		return fault.New(fault.Invalid, "peft_type %q: want LORA", c.PEFTType)
	case c.R < 1 || !(c.Alpha > 0) || math.IsInf(c.Alpha, 0):
		return fault.New(fault.Invalid, "r %d and lora_alpha %g: want 1 or more, and more than 0", c.R, c.Alpha)
	case c.DoRA, c.QALoRA, c.FanInFanOut, c.LoRABias:
		return fault.New(fault.Invalid, "use_dora, use_qalora, fan_in_fan_out and lora_bias are not supported")
	case c.Bias != "" && c.Bias != "none":
		return fault.New(fault.Invalid, "bias %q is not supported: want none", c.Bias)
	case len(c.AlphaPattern) > 0:
		return fault.New(fault.Invalid, "alpha_pattern is not supported: want one lora_alpha")
	case len(c.ModulesToSave) > 0 || len(c.Replication) > 0 || c.TokenIndices != nil:
		return fault.New(fault.Invalid, "modules_to_save, layer_replication and trainable_token_indices are not supported")
	}
	// The others, PiSSA, OLoRA, LoftQ or CorDA, begin by taking something out of the base.
	harmless := []any{nil, true, false, "gaussian", "orthogonal", "eva"}
	if !slices.Contains(harmless, c.InitLoRAWeights) {
		return fault.New(fault.Invalid, "init_lora_weights %v changes the base: save the adapter converted to plain LoRA", c.InitLoRAWeights)
	}
	return nil
}

// scale is the factor of a product of a rank. PEFT divides by the rank of the module, where rank_pattern gives
// it one of its own.
func (c *config) scale(rank int) float64 {
	if c.RankStabilised {
		return c.Alpha / math.Sqrt(float64(rank))
	}
	return c.Alpha / float64(rank)
}

// encodeConfig is the adapter_config.json of adapters that Adapt made, for PEFT to load. base names the model.
func encodeConfig(l qwen3embed.LoRA, c *qwen3embed.Config, base string) ([]byte, error) {
	targets, err := l.Layers()
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"peft_type": "LORA", "task_type": "FEATURE_EXTRACTION", "inference_mode": true,
		"base_model_name_or_path": base, "revision": nil,
		"r": l.Rank, "lora_alpha": l.Alpha, "lora_dropout": 0.0, "bias": "none", "target_modules": targets,
		"fan_in_fan_out": false, "init_lora_weights": true, "use_rslora": false, "use_dora": false,
		"modules_to_save": nil, "rank_pattern": map[string]any{}, "alpha_pattern": map[string]any{},
	}
	if l.FirstLayer > 0 {
		var layers []int
		for i := l.FirstLayer; i < c.NumLayers; i++ {
			layers = append(layers, i)
		}
		out["layers_to_transform"], out["layers_pattern"] = layers, "layers"
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	return append(raw, '\n'), err
}
