package export

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/model/folder"
	"hives/model/transformer"
)

// Names in a sentence-transformers folder. Its modules lie in folders of their own but for the first. The first one's
// files lie in the folder itself.
const (
	modulesFile   = "modules.json"
	poolingFolder = "1_Pooling"
	unitFolder    = "2_Normalize"
	modelFile     = "config_sentence_transformers.json"
	bertFile      = "sentence_bert_config.json"
	cardFile      = "README.md"
)

// module is an entry of modules.json. The type names are those of version 2 to 5; version 6 maps them to its own.
//
//	[{"idx": 0, "name": "0", "path": "", "type": "….Transformer"}, {"idx": 1, "name": "1", "path": "1_Pooling", …}, …]
type module struct {
	Index int    `json:"idx"`
	Name  string `json:"name"`
	Path  string `json:"path"`
	Type  string `json:"type"`
}

// modules are run in this order: states, one vector a text, its length made 1.
var modules = []module{
	{0, "0", "", "sentence_transformers.models.Transformer"},
	{1, "1", poolingFolder, "sentence_transformers.models.Pooling"},
	{2, "2", unitFolder, "sentence_transformers.models.Normalize"},
}

// sentenceTransformers writes the folder. Weights are saved first, then the tokenizer is rewritten, then hives.json
// is written again over what is there: its hashes must be those of the finished files. The card is written last, as
// it names the hashes of all the others.
func sentenceTransformers(o Options, m transformer.Model, info folder.Info, r *record) (Result, error) {
	res := Result{Out: o.Out, Format: o.Format}
	err := fsutil.WriteFolder(o.Out, func(tmp string) error {
		// Save writes a model folder of ours; everything below makes it one of theirs too.
		if err := folder.Save(tmp, m, o.Model, info); err != nil {
			return err
		}
		if err := frameTokenizer(tmp, info.EndToken); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(tmp, unitFolder), 0o755); err != nil {
			return err
		}
		pad, err := padToken(tmp, info.EndToken)
		if err != nil {
			return err
		}
		if err := writeConfigs(tmp, m.Architecture(), info, pad); err != nil {
			return err
		}
		if err := folder.Seal(tmp, info); err != nil { // again: the tokenizer's hash is another
			return err
		}
		sealed, err := folder.Read(tmp)
		if err != nil {
			return err
		}
		res.DType, res.Weights = storedType(tmp), sealed.WeightsSHA256
		return r.write(tmp, o, m.Architecture(), sealed)
	})
	if err == nil {
		res.Bytes, err = size(o.Out)
	}
	return res, err
}

// writeConfigs writes every JSON file around the weights. Their order on the disk does not matter, so a map will do;
// the bytes of each are fixed, since JSON's keys are sorted.
func writeConfigs(dir string, arch transformer.Architecture, info folder.Info, pad string) error {
	config, err := transformersConfig(dir, arch, info.MaxLength)
	if err != nil {
		return err
	}
	tokenizer := tokenizerConfig(arch, info, pad)
	if template := chatTemplate(dir); template != nil {
		tokenizer["chat_template"] = template
	}
	for name, content := range map[string]any{
		transformer.ConfigFile:     config,
		folder.TokenizerConfigFile: tokenizer,
		modulesFile:                modules,
		bertFile:                   map[string]any{"max_seq_length": info.MaxLength, "do_lower_case": false},
		modelFile: map[string]any{
			"model_type": "SentenceTransformer", "prompts": prompts(info), "default_prompt_name": nil,
			"similarity_fn_name": "cosine",
		},
		filepath.Join(poolingFolder, "config.json"): poolingConfig(arch, info),
	} {
		if err := fsutil.WriteBytes(filepath.Join(dir, name), append(marshal(content), '\n')); err != nil {
			return err
		}
	}
	return nil
}

// transformersConfig is the saved config.json less what belongs to another class or another machine. Everything else
// of the config stays: a later version of transformers may read a key that this program does not know to matter.
func transformersConfig(dir string, arch transformer.Architecture, maxLength int) (map[string]any, error) {
	path := filepath.Join(dir, transformer.ConfigFile)
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	// They name a folder of the machine that saved it, or a version that did not write this file.
	for _, key := range []string{"_name_or_path", "_model_name_or_path", "transformers_version"} {
		delete(out, key)
	}
	// Where heads do not go along, the tensors are a bare encoder's, whatever the file was of.
	if _, headed := arch.(transformer.Headed); !headed {
		out["architectures"] = []string{arch.Class()}
	}
	// sentence-transformers cuts to the smaller of this and its own maximum; rotary positions know no end.
	if n, ok := out["max_position_embeddings"].(float64); ok && 0 < n && int(n) < maxLength &&
		arch.Sizes().Positions == 0 {
		out["max_position_embeddings"] = maxLength
	}
	return out, nil
}

// tokenizerConfig names the class that takes tokenizer.json as it is: those of the model families build parts of their
// own. The end token pads, so that Python needs no further token; the mask tells the two apart. Where positions have an
// end they are counted from the left edge, so padding goes to the right.
//
//	Qwen3     padding_side left
//	BERT      padding_side right: its positions have an end
func tokenizerConfig(arch transformer.Architecture, info folder.Info, pad string) map[string]any {
	side := "left"
	if arch.Sizes().Positions > 0 {
		side = "right"
	}
	return map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": info.MaxLength,
		"pad_token": pad, "eos_token": pad, "padding_side": side, "truncation_side": "right",
		"clean_up_tokenization_spaces": false,
	}
}

// poolingConfig has the flags that every version reads, one true. A prompt is part of the pooled text, as here. Older
// versions read these flags, newer ones too; exactly one may be true. The rest are false by name, so that no
// version's default fills one in.
func poolingConfig(arch transformer.Architecture, info folder.Info) map[string]any {
	return map[string]any{
		"word_embedding_dimension":          arch.Sizes().Hidden,
		"pooling_mode_cls_token":            info.Pooling == transformer.FirstToken,
		"pooling_mode_mean_tokens":          info.Pooling == transformer.MeanTokens,
		"pooling_mode_max_tokens":           false,
		"pooling_mode_mean_sqrt_len_tokens": false,
		"pooling_mode_weightedmean_tokens":  false,
		"pooling_mode_lasttoken":            info.Pooling == transformer.LastToken,
		"include_prompt":                    true,
	}
}

// prompts are those of hives.json, and none for documents unless it says otherwise. Both names are always there,
// since encode_query and encode_document of sentence-transformers look for them.
func prompts(info folder.Info) map[string]string {
	out := map[string]string{"query": "", "document": ""}
	maps.Copy(out, info.Prompts)
	return out
}

// storedType is the type that the written config names, "" where it cannot be read.
func storedType(dir string) string {
	arch, err := folder.Config(dir)
	if err != nil {
		return ""
	}
	return arch.Sizes().DType
}

// size adds up the files of a folder. By their lengths, which is what an upload takes.
func size(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
