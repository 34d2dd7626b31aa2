package decoder

import (
	"fmt"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/keys"
)

// plainWeights is the remedy for weights that were packed by a library of their own.
const plainWeights = "save the weights as float32, bfloat16 or float16, or take the model as a GGUF file"

// configKeys is what becomes of every key of a config.json of these families.
var configKeys = keys.Table{
	Understood: []string{
		"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
		"num_key_value_heads", "head_dim", "rms_norm_eps", "initializer_range", "max_position_embeddings",
		"pad_token_id", "layer_types", "rope_theta", "rope_parameters", "rope_scaling", "torch_dtype", "dtype",
		"tie_word_embeddings",
	},
	Harmless: []string{
		// Where the file comes from, and which programs wrote it.
		"_name_or_path", "_model_name_or_path", "name_or_path", "_commit_hash", "transformers_version",
		"tokenizer_class", "unsloth_fixed", "unsloth_version", "is_llama_config", "transformers.js_config",
		"model_name", "license",
		// How the arithmetic is carried out, not which: a cache of keys, which kernels, in how many parts.
		"use_cache", "attn_implementation", "_attn_implementation", "_attn_implementation_autoset", "torchscript",
		"use_bfloat16", "pretraining_tp", "chunk_size_feed_forward", "base_model_tp_plan", "base_model_pp_plan",
		"use_kernels",
		// What is given back beside the states.
		"output_attentions", "output_hidden_states", "output_scores", "return_dict", "return_dict_in_generate",
		// In training alone, and heads that make classes of the states.
		"attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "classifier_dropout",
		"gradient_checkpointing", "tie_encoder_decoder", "problem_type", "id2label", "label2id", "num_labels",
		"finetuning_task", "task_specific_params", "tf_legacy_loss", "cross_attention_hidden_size", "is_decoder",
		// Tokens by number: a tokenizer puts them into texts, not the model.
		"bos_token_id", "eos_token_id", "unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
		"decoder_start_token_id", "image_token_id", "pad_token", "prefix",
		// Of sliding windows, which are refused where they are on.
		"max_window_layers",
		// Of making answers.
		"max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
		"diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty",
		"no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
		"forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
		"suppress_tokens", "begin_suppress_tokens",
	},
	Refused: []keys.Rule{
		{Key: "model_type", When: otherFamily, Remedy: "want " + anyFamily()},
		{Key: "architectures", When: otherArchitecture, Remedy: "want the model of a " + anyFamily() +
			", bare or with the head of a language model"},
		{Key: "hidden_act", When: otherActivation, Remedy: "want silu"},
		{Key: "auto_map", Remedy: "the folder's own Python code is not run: if the code is that of the named " +
			"architecture, remove the key, else embed with the program that the model was made for"},
		{Key: "quantization_config", Remedy: plainWeights},
		{Key: "compression_config", Remedy: plainWeights},
		{Key: "attention_bias", Unless: []any{false}}, // behind attention too: no family of the table has that
		{Key: "mlp_bias", Unless: []any{false}},
		{Key: "rope_interleaved", Unless: []any{false}, Remedy: "want the rotate-half pairing"},
		{Key: "partial_rotary_factor", Unless: []any{1.0}},
		{Key: "use_mrope", Unless: []any{false}},
		{Key: "use_sliding_window", Unless: []any{false}},
		{Key: "sliding_window", When: slides},
		{Key: "is_causal", Unless: []any{true}},
		{Key: "use_bidirectional_attention", Unless: []any{false}},
		{Key: "add_cross_attention", Unless: []any{false}},
		{Key: "is_encoder_decoder", Unless: []any{false}},
		{Key: "pruned_heads"},
		// Of kin that scale what goes through the model; 1 asks for nothing.
		{Key: "attention_multiplier"}, // takes the place of 1/√D: no value is neutral
		{Key: "embedding_multiplier", Unless: []any{1.0}},
		{Key: "residual_multiplier", Unless: []any{1.0}},
		{Key: "logits_scaling", Unless: []any{1.0}},
		{Key: "logit_scale", Unless: []any{1.0}},
		{Key: "attn_logit_softcapping"},
		{Key: "final_logit_softcapping"},
		{Key: "query_pre_attn_scalar"},
		{Key: "attention_chunk_size"},
		{Key: "no_rope_layers"},
		{Key: "num_experts", Unless: []any{0.0}},
		{Key: "num_local_experts", Unless: []any{0.0}},
	},
}

// ropeKeys are those of rope_parameters and of its elder, rope_scaling.
var ropeKeys = keys.Table{
	Understood: []string{"rope_theta"},
	Harmless:   []string{"original_max_position_embeddings"}, // only scaling looks at it
	Refused: []keys.Rule{
		{Key: "rope_type", Unless: []any{"default"}, Remedy: "want default"},
		{Key: "type", Unless: []any{"default"}, Remedy: "want default"}, // its name before transformers 4.43
		{Key: "factor", Unless: []any{1.0}},
		{Key: "partial_rotary_factor", Unless: []any{1.0}},
	},
}

// otherArchitecture tells classes apart that compute other states, or of which the head is the point.
func otherArchitecture(value any, _ keys.Object) bool {
	list, ok := value.([]any)
	return !ok || slices.ContainsFunc(list, func(one any) bool {
		name, _ := one.(string)
		bare := slices.ContainsFunc(families, func(f family) bool { return f.class == name })
		return !bare && !strings.HasSuffix(name, "ForCausalLM")
	})
}

func otherFamily(value any, _ keys.Object) bool { return !keys.Is(value, asAny(Families())...) }

// otherActivation compares with the file's own family, whose name has been checked before.
func otherActivation(value any, file keys.Object) bool {
	return !keys.Is(value, asAny(rowOf(file).activation.names)...)
}

// slides tells whether a window is on: some families have a switch for it, off unless the file says otherwise.
func slides(_ any, file keys.Object) bool {
	on, said := file["use_sliding_window"]
	return on == true || !said && !rowOf(file).windowSwitch
}

// rowOf is the family that a file names.
func rowOf(file keys.Object) family {
	name, _ := file["model_type"].(string)
	row, _ := known(name)
	return row
}

func asAny(names []string) (all []any) {
	for _, name := range names {
		all = append(all, name)
	}
	return all
}

// checkNested checks what stands below the top level, and returns what holds of rope_parameters.
func checkNested(file keys.Object) (rope keys.Object, err error) {
	kinds, ok := file["layer_types"].([]any)
	if !ok && file["layer_types"] != nil {
		return nil, fault.New(fault.Invalid, "layer_types is not a list")
	}
	for i, kind := range kinds {
		if kind != "full_attention" {
			return nil, fault.New(fault.Invalid, "layer_types[%d] %v is not supported: want full_attention", i, kind)
		}
	}
	if _, err := checkRope(file, "rope_scaling"); err != nil {
		return nil, err
	}
	return checkRope(file, "rope_parameters")
}

// checkRope checks one of the two objects. It may name the kind of layer first, of which there is one here.
func checkRope(file keys.Object, name string) (keys.Object, error) {
	if file[name] == nil {
		return nil, nil
	}
	rope, ok := file[name].(keys.Object)
	if full, byKind := rope["full_attention"].(keys.Object); byKind && len(rope) == 1 {
		rope = full
	}
	if !ok {
		return nil, fault.New(fault.Invalid, "%s is not an object", name)
	}
	if err := ropeKeys.Check(rope); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if name == "rope_scaling" && rope["rope_theta"] != nil { // releases of transformers differ in whether they read it
		return nil, fault.New(fault.Invalid, "rope_scaling: rope_theta is not supported: "+
			"put it on the top level, or into rope_parameters")
	}
	return rope, nil
}
