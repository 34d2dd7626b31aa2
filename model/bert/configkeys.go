package bert

import (
	"slices"
	"strings"

	"hives/internal/keys"
)

// configKeys is what becomes of every key of a BERT's config.json.
var configKeys = keys.Table{
	Understood: []string{
		"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
		"max_position_embeddings", "type_vocab_size", "layer_norm_eps", "initializer_range", "torch_dtype", "dtype",
	},
	Harmless: []string{
		// Where the file comes from, and which programs wrote it.
		"_name_or_path", "_model_name_or_path", "name_or_path", "_commit_hash", "transformers_version",
		"tokenizer_class", "transformers.js_config", "model_name", "license", "language", "sentence_transformers",
		// How the arithmetic is carried out, not which.
		"use_cache", "attn_implementation", "_attn_implementation", "_attn_implementation_autoset", "torchscript",
		"use_bfloat16", "chunk_size_feed_forward",
		// What is given back beside the states.
		"output_attentions", "output_hidden_states", "output_scores", "output_past", "return_dict",
		"return_dict_in_generate",
		// In training alone.
		"attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout", "gradient_checkpointing",
		// Of the pooler and of heads, which make classes or tokens of the states and no vector.
		"directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
		"pooler_size_per_head", "pooler_type", "tie_word_embeddings", "tie_encoder_decoder", "problem_type",
		"id2label", "label2id", "num_labels", "finetuning_task", "task_specific_params", "tf_legacy_loss",
		"cross_attention_hidden_size",
		// Tokens by number: a tokenizer puts them into texts, not the model.
		"pad_token_id", "bos_token_id", "eos_token_id", "unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
		"decoder_start_token_id", "prefix", "model_max_length",
		// Of making answers.
		"max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
		"diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty",
		"no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
		"forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty",
		"suppress_tokens", "begin_suppress_tokens",
	},
	Refused: []keys.Rule{
		{Key: "model_type", Unless: []any{Family}, Remedy: "want bert"},
		{Key: "architectures", When: otherArchitecture, Remedy: "want BertModel, bare or under a head"},
		{Key: "hidden_act", Unless: []any{"gelu"}, Remedy: "want gelu"},
		{Key: "position_embedding_type", Unless: []any{"absolute"}, Remedy: "want absolute"},
		{Key: "is_decoder", Unless: []any{false}, Remedy: "want an encoder, whose tokens see the whole text"},
		{Key: "is_causal", Unless: []any{false}, Remedy: "want an encoder, whose tokens see the whole text"},
		{Key: "add_cross_attention", Unless: []any{false}},
		{Key: "is_encoder_decoder", Unless: []any{false}},
		{Key: "auto_map", Remedy: "the folder's own Python code is not run: if the code is that of BertModel, " +
			"remove the key, else embed with the program that the model was made for"},
		{Key: "quantization_config", Remedy: "save the weights as float32, bfloat16 or float16"},
		{Key: "compression_config", Remedy: "save the weights as float32, bfloat16 or float16"},
		{Key: "pruned_heads"},
		{Key: "embedding_size", When: func(value any, file keys.Object) bool { return value != file["hidden_size"] }},
	},
}

// otherArchitecture tells classes apart that compute other states.
func otherArchitecture(value any, _ keys.Object) bool {
	list, ok := value.([]any)
	return !ok || slices.ContainsFunc(list, func(one any) bool {
		name, _ := one.(string)
		return name != "BertModel" && !strings.HasPrefix(name, "BertFor")
	})
}
