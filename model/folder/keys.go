package folder

import "hives/internal/keys"

// What becomes of every key of the files beside the weights, of sentence-transformers' versions 2 to 6 and of
// transformers 4 and 5. They are held against these where there is no hives.json, which says all of it by itself.
// special_tokens_map.json repeats tokenizer_config.json and generation_config.json is of making answers: neither is
// read.

// moduleKeys are those of an entry of modules.json.
var moduleKeys = keys.Table{
	Understood: []string{"path", "type"},
	Harmless:   []string{"idx", "name"},
	Refused:    []keys.Rule{{Key: "kwargs"}}, // what encode() passes on to a module
}

// poolingKeys are those of 1_Pooling/config.json. A prompt is a part of the text here, and of the mean: a model whose
// config leaves the prompt's states out of it has other vectors.
var poolingKeys = keys.Table{
	Understood: []string{"pooling_mode", "pooling_mode_*"},
	Harmless:   []string{"word_embedding_dimension", "embedding_dimension"},
	Refused:    []keys.Rule{{Key: "include_prompt", Unless: []any{true}, Remedy: "prompts are always pooled here"}},
}

// normalizeKeys are those of 2_Normalize/config.json, which older releases do not write: its one way is to divide the
// sentence's vector by its length.
var normalizeKeys = keys.Table{Refused: []keys.Rule{
	{Key: "module_input_name", Unless: []any{"sentence_embedding"}},
	{Key: "module_output_name", Unless: []any{"sentence_embedding"}},
}}

// promptKeys are those of config_sentence_transformers.json. similarity_fn_name is of no effect on a vector, and of
// unit vectors cosine and dot product are one.
var promptKeys = keys.Table{
	Understood: []string{"prompts", "default_prompt_name"}, // a default prompt is added where it is asked for
	Harmless:   []string{"__version__", "similarity_fn_name", "requirements"},
	Refused: []keys.Rule{
		{Key: "model_type", Unless: []any{"SentenceTransformer"},
			Remedy: "want a SentenceTransformer: one vector a text"},
		{Key: "truncate_dim", Remedy: "remove it, and ask for that many dimensions"},
	},
}

// ownWay is the remedy for keys that hand a text to the model in a way that only the folder's own code knows.
const ownWay = "texts go to the model as they are here: save the folder without it if it changes nothing"

// bertKeys are those of sentence_bert_config.json, which is there for every family: the name is of the first.
// Lower case by this key is done to the text before the tokenizer, whatever the tokenizer does.
var bertKeys = keys.Table{
	Understood: []string{"max_seq_length", "modality_config"},
	Harmless:   []string{"unpad_inputs"},
	Refused: []keys.Rule{
		{Key: "do_lower_case", Unless: []any{false}, Remedy: "it is not done here: lower the texts"},
		{Key: "transformer_task", Unless: []any{"feature-extraction"}, Remedy: "want feature-extraction"},
		{Key: "module_output_name", Unless: []any{"token_embeddings"}, Remedy: "want token_embeddings"},
		{Key: "tokenizer_name_or_path",
			Remedy: "put that tokenizer's tokenizer.json into the folder and remove the key"},
		{Key: "processing_kwargs", Remedy: ownWay},
		{Key: "query_length", Remedy: ownWay},
		{Key: "document_length", Remedy: ownWay},
		{Key: "query_expansion", Remedy: ownWay},
		{Key: "model_args", Remedy: ownWay}, {Key: "model_kwargs", Remedy: ownWay},
		{Key: "tokenizer_args", Remedy: ownWay}, {Key: "processor_kwargs", Remedy: ownWay},
		{Key: "config_args", Remedy: ownWay}, {Key: "config_kwargs", Remedy: ownWay},
	},
}

// modalityKeys are those of modality_config.
var modalityKeys = keys.Table{
	Understood: []string{"text"},
	Refused: []keys.Rule{{Key: "message", Remedy: "each text would be laid out by the chat template first, which " +
		"is not done here: lay the texts out yourself and remove the key, or embed with sentence-transformers"}},
}

// textKeys are those of modality_config's "text": which method of the model is called, and which of its outputs taken.
var textKeys = keys.Table{Refused: []keys.Rule{
	{Key: "method", Unless: []any{"forward"}, Remedy: "want forward"},
	{Key: "method_output_name", Unless: []any{"last_hidden_state"}, Remedy: "want last_hidden_state"},
}}

// tokenizerConfigKeys are those of tokenizer_config.json. Most of them name tokens that tokenizer.json has as well,
// or are of chats; what is refused would put something before a text, or cut it at its other end.
var tokenizerConfigKeys = keys.Table{
	Understood: []string{
		"model_max_length", "eos_token", "add_eos_token", "do_lower_case", "strip_accents", "tokenize_chinese_chars",
	},
	Harmless: []string{
		// Tokens by name, which tokenizer.json has by number.
		"bos_token", "pad_token", "unk_token", "cls_token", "sep_token", "mask_token", "added_tokens_decoder",
		"additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens", "*_token_id",
		"image_token", "video_token", "audio_token", "boi_token", "eoi_token", "vision_bos_token", "vision_eos_token",
		// Chats, and ids back to texts.
		"chat_template", "response_schema", "use_default_system_prompt", "clean_up_tokenization_spaces",
		"spaces_between_special_tokens", "errors", "legacy",
		// How rows are laid out beside each other, and cut: here by max_seq_length, from the right.
		"padding_side", "padding", "pad_to_multiple_of", "pad_token_type_id", "max_length", "max_len", "stride",
		"truncation_strategy", "model_input_names", "return_token_type_ids",
		// Where the file comes from.
		"name_or_path", "tokenizer_file", "special_tokens_map_file", "processor_class", "backend", "is_local",
		"local_files_only", "use_fast", "vocab_size", "sp_model_kwargs", "trim_offsets", "unsloth_*",
		"do_basic_tokenize", "from_slow",
	},
	Refused: []keys.Rule{
		{Key: "tokenizer_class", When: buildsItsOwn,
			Remedy: "this class puts a token before each text: set add_bos_token to false if the model wants none"},
		{Key: "add_bos_token", Unless: []any{false}, Remedy: "no token is put before a text here"},
		{Key: "add_prefix_space", Unless: []any{false}, Remedy: "no blank is put before a text here"},
		{Key: "split_special_tokens", Unless: []any{false}},
		{Key: "truncation_side", Unless: []any{"right"}, Remedy: "long texts are cut at their end here"},
		{Key: "auto_map", Remedy: "the folder's own Python code is not run"},
		{Key: "never_split"},
		{Key: "fix_mistral_regex", Unless: []any{false}},
	},
}

// buildsItsOwn tells classes that put a token before a text unless they are told otherwise, whatever tokenizer.json
// says.
func buildsItsOwn(value any, file keys.Object) bool {
	return file["add_bos_token"] == nil && keys.Is(value, "LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer",
		"CodeLlamaTokenizerFast", "GemmaTokenizer", "GemmaTokenizerFast", "CohereTokenizer", "CohereTokenizerFast")
}

// tokenizerKeys are those of tokenizer.json, whose parts package tokenizer looks into. Its padding is of rows that a
// Python tokenizer lays out; its decoder makes texts of ids. Truncation cuts at the length that was last set there,
// which is the program's: only the side from which it cuts would be of the model.
var tokenizerKeys = keys.Table{
	Understood: []string{"version", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model"},
	Harmless:   []string{"padding", "decoder"},
	Refused:    []keys.Rule{{Key: "truncation", When: cutsTheStart, Remedy: "long texts are cut at their end here"}},
}

// cutsTheStart tells truncation from the left: Direction is absent, or Right, where a long text loses its end.
func cutsTheStart(value any, _ keys.Object) bool {
	truncation, ok := value.(keys.Object)
	return !ok || truncation["direction"] != nil && truncation["direction"] != "Right"
}
