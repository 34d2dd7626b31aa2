package lora

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
	"hives/model/transformer"
)

// Names of PEFT's files.
const (
	ConfigFile  = "adapter_config.json"
	WeightsFile = "adapter_model.safetensors"
)

// config lists the fields of adapter_config.json that are read; configKeys says what becomes of the others.
type config struct {
	PEFTType       string  `json:"peft_type"`
	R              int     `json:"r"`
	Alpha          float64 `json:"lora_alpha"`
	RankStabilised bool    `json:"use_rslora"`
}

// readConfig reads and checks a folder's adapter_config.json. A key that configKeys does not know is refused by name:
// it may change what the adapter means.
func readConfig(dir string) (*config, error) {
	path := filepath.Join(dir, ConfigFile)
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "adapter: %w; an adapter's folder holds %s and %s", err, ConfigFile,
			WeightsFile)
	}
	c := &config{}
	if _, err = configKeys.Decode(raw, c); err == nil {
		err = c.refuse()
	}
	if err != nil {
		return nil, whatis.JSON(path, fmt.Errorf("%s: %w", path, err))
	}
	return c, nil
}

// refuse checks the values that are read. NaN is refused with the rest: it is not above 0.
func (c *config) refuse() error {
	switch {
	case c.PEFTType == "":
		return fault.New(fault.Invalid, "peft_type is not said: want LORA")
	case c.R < 1 || !(c.Alpha > 0) || math.IsInf(c.Alpha, 0):
		return fault.New(fault.Invalid, "r %d and lora_alpha %g: want 1 or more, and more than 0", c.R, c.Alpha)
	}
	return nil
}

// scale is the factor of a product of a rank. PEFT divides by the rank of the module, where rank_pattern gives it one
// of its own. With alpha 32 that is 2 at rank 16; rank-stabilised it is 8. The root keeps the product's size when a
// higher rank is tried.
func (c *config) scale(rank int) float64 {
	if c.RankStabilised {
		return c.Alpha / math.Sqrt(float64(rank))
	}
	return c.Alpha / float64(rank)
}

// encodeConfig is the adapter_config.json of adapters that Adapt made, for PEFT to load. base names the model. A run
// that freezes the lower layers says so by layers_to_transform: PEFT would otherwise look for adapters there.
//
//	{"peft_type": "LORA", "r": 16, "lora_alpha": 32, "target_modules": ["q_proj", "v_proj"], …}
func encodeConfig(l transformer.LoRA, arch transformer.Architecture, base string) ([]byte, error) {
	targets, err := l.Layers(arch.Linear())
	if err != nil {
		return nil, err
	}
	// Fields are said also where they are the default, so that the file means the same to every version of PEFT.
	out := map[string]any{
		"peft_type": "LORA", "task_type": "FEATURE_EXTRACTION", "inference_mode": true,
		"base_model_name_or_path": base, "revision": nil,
		"r": l.Rank, "lora_alpha": l.Alpha, "lora_dropout": 0.0, "bias": "none", "target_modules": targets,
		"fan_in_fan_out": false, "init_lora_weights": true, "use_rslora": false, "use_dora": false,
		"modules_to_save": nil, "rank_pattern": map[string]any{}, "alpha_pattern": map[string]any{},
	}
	if l.FirstLayer > 0 {
		var layers []int
		for i := l.FirstLayer; i < arch.Sizes().Layers; i++ {
			layers = append(layers, i)
		}
		out["layers_to_transform"], out["layers_pattern"] = layers, layersName(arch)
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	return append(raw, '\n'), err
}

// layersName is the part of a tensor's name before the number of its layer. For "layers.3.self_attn.q_proj.weight" it
// is "layers", for a BERT's "encoder.layer.0.…" it is "layer". "" of a model without layers, of which there is none.
func layersName(arch transformer.Architecture) string {
	for _, spec := range arch.Layout() {
		if spec.Layer == 0 {
			before, _, _ := strings.Cut(spec.Name, ".0.")
			return before[strings.LastIndexByte(before, '.')+1:]
		}
	}
	return ""
}
