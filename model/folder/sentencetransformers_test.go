package folder_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
	"hives/model/folder"
)

// published has the shape of Qwen3-Embedding-0.6B on the hub: no sentence_bert_config.json, a context for a maximum.
var published = map[string]string{
	"modules.json": `[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
		{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]`,
	"1_Pooling/config.json": `{"word_embedding_dimension": 1024, "pooling_mode_cls_token": ` +
		`false, "pooling_mode_mean_tokens": false,
		"pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false, "pooling_mode_weightedmean_tokens": ` +
		`false,
		"pooling_mode_lasttoken": true, "include_prompt": true}`,
	"config_sentence_transformers.json": `{"prompts": {"query": "Instruct: find\nQuery:", "document": ""},
		"default_prompt_name": null, "similarity_fn_name": "cosine"}`,
	"tokenizer_config.json": `{"model_max_length": 131072, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}`,
	"tokenizer.json": `{"post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel", "trim_offsets": false},
		{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}},
		{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}], "pair": [],
		"special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [151643], "tokens": ["<|endoftext|>"]}}}]}}`,
}

// lay writes the published folder with some files in other words; "" leaves a file out.
func lay(t *testing.T, changed map[string]string) string {
	t.Helper()
	files := maps.Clone(published)
	maps.Copy(files, changed)
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if content == "" {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPublishedFolder(t *testing.T) {
	got, err := folder.Read(lay(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := folder.Defaults()
	want.Prompts = map[string]string{"query": "Instruct: find\nQuery:", "document": ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What one file says changes one field and no other.
func TestWhatSentenceTransformersFoldersSay(t *testing.T) {
	template := func(single string) string {
		return `{"post_processor": {"type": "TemplateProcessing", "single": [` + single + `],
			"special_tokens": {"E": {"id": "E", "ids": [2], "tokens": ["</s>"]}}}}`
	}
	for _, c := range []struct {
		name, file, content string
		change              func(*folder.Info)
	}{
		{"mean by flag", "1_Pooling/config.json", `{"pooling_mode_mean_tokens": true, "pooling_mode_lasttoken": false}`,
			func(i *folder.Info) { i.Pooling = "mean" }},
		{"mean by name", "1_Pooling/config.json", `{"pooling_mode": "mean"}`, func(i *folder.Info) { i.Pooling = "mean" }},
		{"last by name", "1_Pooling/config.json", `{"pooling_mode": "lasttoken", "include_prompt": true}`,
			func(*folder.Info) {}},
		{"a length", "sentence_bert_config.json", `{"max_seq_length": 512, "do_lower_case": false}`, func(i *folder.Info) {
			i.MaxLength = 512
		}},
		{"a length that is null", "sentence_bert_config.json", `{"max_seq_length": null}`, func(*folder.Info) {}},
		{"the tokenizer's length", "tokenizer_config.json", `{"model_max_length": 48}`, func(i *folder.Info) {
			i.MaxLength = 48
		}},
		{"no length", "tokenizer_config.json", `{"model_max_length": 1000000000000000019884624838656}`,
			func(*folder.Info) {}},
		{"no prompts", "config_sentence_transformers.json", "", func(i *folder.Info) { i.Prompts = nil }},
		{"a prompt of null", "config_sentence_transformers.json", `{"prompts": {"query": null}}`, func(i *folder.Info) {
			i.Prompts = nil
		}},
		{"another end", "tokenizer.json", template(`{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "E"}}`),
			func(i *folder.Info) { i.EndToken = "</s>" }},
		{"no end", "tokenizer.json", template(`{"Sequence": {"id": "A"}}`), func(i *folder.Info) { i.EndToken = "" }},
		{"no post-processor", "tokenizer.json", `{"post_processor": null}`, func(i *folder.Info) { i.EndToken = "" }},
		{"a processor that only moves offsets", "tokenizer.json", `{"post_processor": {"type": "ByteLevel"}}`,
			func(i *folder.Info) { i.EndToken = "" }},
		{"one mode in a list", "1_Pooling/config.json", `{"pooling_mode": ["mean"]}`, func(i *folder.Info) {
			i.Pooling = "mean"
		}},
		{"a text as usual", "sentence_bert_config.json", `{"transformer_task": "feature-extraction", "module_output_name": ` +
			`"token_embeddings",
			"modality_config": {"text": {"method": "forward", "method_output_name": ` +
			`"last_hidden_state"}}}`, func(*folder.Info) {}},
		{"an end token by setting", "tokenizer_config.json", `{"add_eos_token": true, "eos_token": {"content": "</s>"}}`,
			func(*folder.Info) {}},
		{"a WordPiece's frame", "tokenizer.json", wordPiece(cls+", "+text+", "+sep, "true"), func(i *folder.Info) {
			i.EndToken = "[SEP]"
		}},
		{"a WordPiece's older frame", "tokenizer.json", `{"model": {"type": "WordPiece"}, "post_processor":
			{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}}`, func(i *folder.Info) {
			i.EndToken = "[SEP]"
		}},
		{"a later version's modules", "modules.json", `[{"path": "", "type": ` +
			`"sentence_transformers.base.modules.transformer.Transformer"},
			{"path": "1_Pooling", "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"}]`,
			func(*folder.Info) {}},
	} {
		want, err := folder.Read(lay(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		c.change(&want)
		got, err := folder.Read(lay(t, map[string]string{c.file: c.content}))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// Places of a post-processor.
const (
	cls  = `{"SpecialToken": {"id": "[CLS]", "type_id": 0}}`
	text = `{"Sequence": {"id": "A", "type_id": 0}}`
	sep  = `{"SpecialToken": {"id": "[SEP]", "type_id": 0}}`
)

// wordPiece is what of a tokenizer.json is read here.
func wordPiece(single, lower string) string {
	return `{"model": {"type": "WordPiece"}, "normalizer": {"type": "BertNormalizer", "clean_text": true,
		"handle_chinese_chars": true, "strip_accents": null, "lowercase": ` + lower + `},
		"post_processor": {"type": "TemplateProcessing", "single": [` + single + `], "special_tokens": {
		"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ` +
		`["[SEP]"]}}}}`
}

// transformers' class for BERT's tokenizer puts its own options over those of tokenizer.json: they must agree.
func TestTokenizerOptionsAgree(t *testing.T) {
	for options, says := range map[string]string{
		`{"do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true, "model_max_length": 512}`: "",
		`{"do_lower_case": false}`:          "do_lower_case",
		`{"strip_accents": false}`:          "strip_accents",
		`{"tokenize_chinese_chars": false}`: "tokenize_chinese_chars",
	} {
		_, err := folder.Read(lay(t, map[string]string{
			"tokenizer.json": wordPiece(cls+", "+text+", "+sep, "true"), "tokenizer_config.json": options}))
		if refused := says != ""; refused != (err != nil) || refused && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v", options, err)
		}
	}
}

func TestSentenceTransformersFoldersRefused(t *testing.T) {
	modules := func(rest string) string {
		return `[{"path": "", "type": "x.Transformer"}, ` + rest + `]`
	}
	template := func(single string) string {
		return `{"post_processor": {"type": "TemplateProcessing", "single": [` + single + `],
			"special_tokens": {"B": {"id": "B", "ids": [1], "tokens": ["<s>"]}}}}`
	}
	for _, c := range []struct {
		name, file, content, says string
		kind                      fault.Kind
	}{
		{"a dense layer", "modules.json", modules(`{"path": "1_Pooling", "type": "x.Pooling"}, {"path": "2_Dense", "type": ` +
			`"x.Dense"}`), "Dense", fault.Invalid},
		{"no pooling", "modules.json", `[{"path": "", "type": "x.Transformer"}]`, "no Pooling", fault.Invalid},
		{"a module elsewhere", "modules.json", modules(`{"path": "../other", "type": "x.Pooling"}`), "../other",
			fault.Invalid},
		{"a torn list", "modules.json", `[{"path": `, "modules.json", fault.Corrupt},
		{"first token", "1_Pooling/config.json", `{"pooling_mode_cls_token": true}`, "cls_token", fault.Invalid},
		{"two modes", "1_Pooling/config.json", `{"pooling_mode": ["mean", "max"]}`, "one alone", fault.Invalid},
		{"two flags", "1_Pooling/config.json", `{"pooling_mode_mean_tokens": true, "pooling_mode_lasttoken": true}`,
			"pooling", fault.Invalid},
		{"no mode", "1_Pooling/config.json", `{}`, "pooling", fault.Invalid},
		{"no pooling config", "1_Pooling/config.json", "", "missing", fault.NotFound},
		{"prompts left out of the mean", "1_Pooling/config.json", `{"pooling_mode": "mean", "include_prompt": false}`,
			"include_prompt", fault.Invalid},
		{"lower case", "sentence_bert_config.json", `{"do_lower_case": true}`, "do_lower_case", fault.Invalid},
		{"no room", "sentence_bert_config.json", `{"max_seq_length": 1}`, "max_length 1", fault.Invalid},
		{"a token before the text", "tokenizer.json", template(`{"SpecialToken": {"id": "B"}}, {"Sequence": {"id": "A"}}`),
			"post_processor", fault.Invalid},
		{"two tokens behind it", "tokenizer.json", template(`{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": ` +
			`"B"}}, {"SpecialToken": {"id": "B"}}`), "at most one", fault.Invalid},
		{"chats", "sentence_bert_config.json", `{"modality_config": {"text": {}, "message": {"method": "forward"}}}`,
			"message", fault.Invalid},
		{"another output", "sentence_bert_config.json", `{"modality_config": {"text": {"method": ` +
			`"forward", "method_output_name": "pooler_output"}}}`, "pooler_output", fault.Invalid},
		{"images", "sentence_bert_config.json", `{"modality_config": {"image": {"method": "forward"}}}`, "image",
			fault.Invalid},
		{"modalities by name", "sentence_bert_config.json", `{"modality_config": "text"}`, "modality_config", fault.Invalid},
		{"another task", "sentence_bert_config.json", `{"transformer_task": "text-generation"}`, "transformer_task",
			fault.Invalid},
		{"another tokenizer", "sentence_bert_config.json", `{"tokenizer_name_or_path": "x"}`, "tokenizer_name_or_path",
			fault.Invalid},
		{"arguments", "sentence_bert_config.json", `{"processing_kwargs": {"chat_template": {"a": 1}}}`, "processing_kwargs",
			fault.Invalid},
		{"expansion", "sentence_bert_config.json", `{"query_expansion": {"strategy": "mask"}}`, "query_expansion",
			fault.Invalid},
		{"an unknown key", "sentence_bert_config.json", `{"unheard_of": 1}`, "unheard_of", fault.Invalid},
		{"fewer numbers", "config_sentence_transformers.json", `{"truncate_dim": 256}`, "truncate_dim", fault.Invalid},
		{"a sparse model", "config_sentence_transformers.json", `{"model_type": "SparseEncoder"}`, "SparseEncoder",
			fault.Invalid},
		{"an unknown key of prompts", "config_sentence_transformers.json", `{"unheard_of": "x"}`, "unheard_of",
			fault.Invalid},
		{"another output of Normalize", "2_Normalize/config.json", `{"module_input_name": "token_embeddings"}`,
			"module_input_name", fault.Invalid},
		{"an unknown key of pooling", "1_Pooling/config.json", `{"pooling_mode": "mean", "layer_weights": [1]}`,
			"layer_weights", fault.Invalid},
		{"another flag than the name", "1_Pooling/config.json", `{"pooling_mode": "mean", "pooling_mode_lasttoken": true}`,
			"one alone", fault.Invalid},
		{"a module's arguments", "modules.json", `[{"path": "", "type": "x.Transformer", "kwargs": ["task"]}]`, "kwargs",
			fault.Invalid},
		{"an unknown key of a module", "modules.json", `[{"path": "", "type": "x.Transformer", "unheard_of": 1}]`,
			"unheard_of", fault.Invalid},
		{"a token before the text by setting", "tokenizer_config.json", `{"add_bos_token": true}`, "add_bos_token",
			fault.Invalid},
		{"a class that puts one there", "tokenizer_config.json", `{"tokenizer_class": "LlamaTokenizerFast"}`,
			"LlamaTokenizerFast", fault.Invalid},
		{"a blank before the text", "tokenizer_config.json", `{"add_prefix_space": true}`, "add_prefix_space", fault.Invalid},
		{"cut at the start", "tokenizer_config.json", `{"truncation_side": "left"}`, "truncation_side", fault.Invalid},
		{"cut at the start by tokenizer.json", "tokenizer.json", `{"truncation": {"direction": "Left", "max_length": 8}}`,
			"truncation", fault.Invalid},
		{"lower case by the tokenizer", "tokenizer_config.json", `{"do_lower_case": true}`, "do_lower_case", fault.Invalid},
		{"own code", "tokenizer_config.json", `{"auto_map": {"AutoTokenizer": ["own.T", null]}}`, "auto_map", fault.Invalid},
		{"an unknown key of the tokenizer", "tokenizer_config.json", `{"unheard_of": true}`, "unheard_of", fault.Invalid},
		{"an unknown key of tokenizer.json", "tokenizer.json", `{"unheard_of": {}}`, "unheard_of", fault.Invalid},
		{"an end token without a name", "tokenizer_config.json", `{"add_eos_token": true}`, "add_eos_token", fault.Invalid},
		{"two tokens before a WordPiece", "tokenizer.json", wordPiece(cls+", "+cls+", "+text+", "+sep, "true"),
			"post_processor", fault.Invalid},
		{"another processor", "tokenizer.json", `{"post_processor": {"type": "BertProcessing"}}`, "BertProcessing",
			fault.Invalid},
	} {
		_, err := folder.Read(lay(t, map[string]string{c.file: c.content}))
		if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v (%s), want one that says %q (%s)", c.name, err, fault.Of(err), c.says, c.kind)
		}
	}
}

// hives.json decides where there is one, whatever else lies in the folder.
func TestInfoComesFirst(t *testing.T) {
	dir := lay(t, map[string]string{"hives.json": `{"format": 1, "max_length": 64, "pooling": "mean", "prompts": null}`,
		"modules.json": "torn"})
	got, err := folder.Read(dir)
	if err != nil || got.MaxLength != 64 || got.Pooling != "mean" || got.Prompts != nil {
		t.Errorf("%+v, %v", got, err)
	}
}
