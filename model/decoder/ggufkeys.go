package decoder

import "hives/internal/keys"

// Remedies that several keys have.
const (
	scaledRope = "scaled rotary embedding is not computed here: take the model without it"
	wholeModel = "want a whole model: add an adapter to its base first"
)

// ggufKeys is what becomes of every key of a GGUF file's metadata, for an architecture of the table.
func ggufKeys(arch string) *keys.Table {
	of := func(names ...string) (out []string) {
		for _, name := range names {
			out = append(out, arch+"."+name)
		}
		return out
	}
	no := func(name, remedy string, unless ...any) keys.Rule {
		return keys.Rule{Key: arch + "." + name, Unless: unless, Remedy: remedy}
	}
	return &keys.Table{
		Understood: append(of("block_count", "embedding_length", "feed_forward_length", "context_length",
			"attention.head_count",
			"attention.head_count_kv", "attention.key_length", "attention.value_length",
			"attention.layer_norm_rms_epsilon",
			"rope.freq_base", "rope.dimension_count", "pooling_type"), // by package folder
			// Of the tokenizer, read by internal/gguf; what it puts around a text, by package folder.
			"tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
			"tokenizer.ggml.merges", "tokenizer.ggml.add_space_prefix", "tokenizer.ggml.add_bos_token",
			"tokenizer.ggml.add_eos_token",
			"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.padding_token_id",
			"tokenizer.ggml.unknown_token_id"),
		Harmless: append(of("vocab_size"), // the table of embeddings says it
			"general.*", "quantize.*", "split.no", "split.tensors.count", "tokenizer.ggml.scores",
			"tokenizer.ggml.token_type_count", "tokenizer.ggml.*_token_id", "tokenizer.ggml.*_token_ids",
			"tokenizer.chat_template", "tokenizer.chat_template.*", "tokenizer.chat_templates",
			"tokenizer.huggingface.json"),
		Refused: []keys.Rule{
			{Key: "general.architecture", Unless: asAny(Families()), Remedy: "want " + anyFamily()},
			{Key: "general.type", Unless: []any{"model"}, Remedy: wholeModel},
			{Key: "split.count", Unless: []any{0.0, 1.0},
				Remedy: "one part of several: merge them first, with llama.cpp's gguf-split --merge"},
			{Key: "adapter.*", Remedy: wholeModel},
			no("rope.scaling.*", scaledRope, "none", 1.0, false),
			no("rope.scale_linear", scaledRope, 1.0),
			no("expert_*", "a mixture of experts is not computed here: take a dense model", 0.0),
			no("attention.sliding_window", "", 0.0),
			no("attention.causal", "attention that is not causal is not computed here: take a decoder", true),
			no("attention.scale", "", 0.0),
			no("attention.clamp_kqv", "", 0.0),
			no("attention.max_alibi_bias", "", 0.0),
			no("logit_scale", "", 0.0, 1.0),
			no("embedding_scale", "", 0.0, 1.0),
			no("residual_scale", "", 0.0, 1.0),
			no("use_parallel_residual", "", false),
			{Key: "tokenizer.ggml.add_sep_token", Unless: []any{false}},
			{Key: "tokenizer.ggml.remove_extra_whitespaces", Unless: []any{false}},
			{Key: "tokenizer.ggml.precompiled_charsmap"},
		},
	}
}
