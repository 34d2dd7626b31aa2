package lora

import "hives/internal/keys"

// plain is the remedy of most: what they name is trained together with more than two narrow matrices.
const plain = "save the adapter as plain LoRA, W + s·B·A on linear layers"

// configKeys is what becomes of every key of PEFT's adapter_config.json. A key is understood, harmless or refused;
// one that is none of these is of a PEFT that is newer than this table.
var configKeys = keys.Table{
	Understood: []string{"r", "lora_alpha", "use_rslora"},
	Harmless: []string{
		// Where the tensors are, which they say themselves; rank_pattern too, for each has its shape.
		"target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "rank_pattern",
		// In training alone: dropout, and where A and B began. The base is another only by init_lora_weights.
		"lora_dropout", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "runtime_config",
		"ensure_weight_tying",
		"qalora_group_size", // of use_qalora
		// Notes.
		"task_type", "base_model_name_or_path", "revision", "inference_mode", "auto_mapping", "peft_version",
		"megatron_config", "megatron_core",
	},
	Refused: []keys.Rule{
		{Key: "peft_type", Unless: []any{"LORA"}, Remedy: "want LORA"},
		{Key: "use_dora", Unless: []any{false}, Remedy: plain},
		{Key: "use_qalora", Unless: []any{false}, Remedy: plain},
		{Key: "use_bdlora", Unless: []any{false}, Remedy: plain},
		{Key: "fan_in_fan_out", Unless: []any{false}, Remedy: plain},
		{Key: "lora_bias", Unless: []any{false}, Remedy: plain},
		{Key: "bias", Unless: []any{"none"}, Remedy: "want none"},
		{Key: "alpha_pattern", Remedy: "want one lora_alpha"},
		{Key: "modules_to_save", Remedy: plain},
		{Key: "layer_replication", Remedy: plain},
		{Key: "trainable_token_indices", Remedy: plain},
		{Key: "target_parameters", Remedy: plain},
		{Key: "alora_invocation_tokens", Remedy: "an activated LoRA acts only behind these tokens, so it has no " +
			"merged model: train a plain one"},
		{Key: "arrow_config", Remedy: plain},
		{Key: "kasa_config", Remedy: plain},
		{Key: "velora_config", Remedy: plain},
		{Key: "monteclora_config", Remedy: plain},
		// PiSSA, OLoRA, LoftQ, CorDA and others begin by taking something out of the base.
		{Key: "init_lora_weights", Unless: []any{true, false, "gaussian", "orthogonal", "eva"},
			Remedy: "it changes the base: save the adapter converted to plain LoRA"},
	},
}
