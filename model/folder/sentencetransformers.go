package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/keys"
	"hives/internal/whatis"
	"hives/model/transformer"
)

// Files of a sentence-transformers folder, beside those of the model.
const (
	modulesFile = "modules.json"
	bertFile    = "sentence_bert_config.json"
	promptsFile = "config_sentence_transformers.json"
)

// module is an entry of modules.json. Versions differ in the packages before the type's name. A whole file:
//
//	[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
//	 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
//	 {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
//
// A vector goes through them in this order. Others, as a Dense layer behind the pooling, would make other vectors.
type module struct{ Path, Type string }

// asSentenceTransformers lays what a sentence-transformers folder says over info. A folder that would not get the
// vectors it gets there is refused, but for its default prompt, which nothing here adds unasked, and for a missing
// Normalize: every vector here has length one.
func asSentenceTransformers(dir string, modules []module, info Info) (Info, error) {
	pooled := false
	for i, m := range modules {
		var err error
		switch kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]; {
		case !filepath.IsLocal(filepath.Join(".", m.Path)) || i == 0 && m.Path != "":
			err = fault.New(fault.Invalid, "%s: module %d lies at %q, want a folder beside it",
				filepath.Join(dir, modulesFile), i, m.Path)
		case kind == "Transformer" && i == 0:
		case kind == "Normalize" && i == 2:
			_, err = normalizeKeys.Read(dir, filepath.Join(m.Path, "config.json"), nil)
		case kind == "Pooling" && i == 1:
			info.Pooling, err = readPooling(dir, m.Path)
			pooled = true
		default:
			err = fault.New(fault.Invalid, "%s: module %d is %s; computed here are Transformer, Pooling, Normalize, "+
				"in this order", filepath.Join(dir, modulesFile), i, kind)
		}
		if err != nil {
			return Info{}, err
		}
	}
	if !pooled {
		return Info{}, fault.New(fault.Invalid, "%s names no Pooling", filepath.Join(dir, modulesFile))
	}
	return readTexts(dir, info)
}

// readModules returns the entries of modules.json, none where there is no such file: the folder is then a model of
// transformers alone, and nobody has said how a text becomes one vector.
func readModules(dir string) (out []module, err error) {
	path := filepath.Join(dir, modulesFile)
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var list []keys.Object
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err == nil && len(list) == 0 {
		err = errors.New("no modules")
	}
	if err != nil {
		return nil, whatis.JSON(path, fault.New(fault.Corrupt, "%s: %w", path, err))
	}
	for i, entry := range list {
		if err := moduleKeys.Check(entry); err != nil {
			return nil, fmt.Errorf("%s: module %d: %w", path, i, err)
		}
		m := module{}
		m.Path, _ = entry["path"].(string)
		m.Type, _ = entry["type"].(string)
		out = append(out, m)
	}
	return out, nil
}

// readPooling reads the one mode that is on, in either form: a name (version 6), or a flag for each.
//
//	{"pooling_mode": "mean"}
//	{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true, "pooling_mode_lasttoken": false, …}
//
// Two modes at once make one longer vector there, and are refused here.
func readPooling(dir, module string) (transformer.Pooling, error) {
	name := filepath.Join(module, "config.json")
	file, err := poolingKeys.Read(dir, name, nil)
	if err != nil || file == nil {
		return "", orAbsent(err, dir, name)
	}
	on := map[string]bool{}
	switch mode := file["pooling_mode"].(type) {
	case nil:
	case string:
		on[mode] = true
	case []any:
		for _, one := range mode {
			on[fmt.Sprint(one)] = true
		}
	default:
		return "", fault.New(fault.Invalid, "%s: pooling_mode %v is not a name", filepath.Join(dir, name), mode)
	}
	for key, value := range file {
		if mode, ok := strings.CutPrefix(key, "pooling_mode_"); ok && value == true {
			mode, _, _ = strings.Cut(mode, "_token") // mean_tokens, cls_token, lasttoken
			on[mode] = true
		}
	}
	switch {
	case len(on) == 1 && on["lasttoken"]:
		return transformer.LastToken, nil
	case len(on) == 1 && on["mean"]:
		return transformer.MeanTokens, nil
	case len(on) == 1 && on["cls"]:
		return transformer.FirstToken, nil
	}
	return "", fault.New(fault.Invalid, "%s: pooling %q is not computed here: want lasttoken, mean or cls, one alone",
		filepath.Join(dir, name), slices.Sorted(maps.Keys(on)))
}

// readTexts reads prompts and the longest text. Prompts of the folder take the place of all defaults, also where it has
// none: a model that was trained without them would be asked for what it never saw. A prompt that is null is none.
func readTexts(dir string, info Info) (Info, error) {
	var p struct{ Prompts map[string]*string }
	var bert struct {
		MaxLength *int `json:"max_seq_length"`
	}
	_, err := promptKeys.Read(dir, promptsFile, &p)
	if err != nil {
		return Info{}, err
	}
	file, err := bertKeys.Read(dir, bertFile, &bert)
	if err == nil {
		err = checkModalities(file["modality_config"])
	}
	if err != nil {
		return Info{}, inFile(err, dir, bertFile)
	}
	info.Prompts = nil
	for name, text := range p.Prompts {
		if text != nil {
			if info.Prompts == nil {
				info.Prompts = map[string]string{}
			}
			info.Prompts[name] = *text
		}
	}
	if bert.MaxLength != nil {
		info.MaxLength = *bert.MaxLength
	}
	return info, nil
}

// checkModalities refuses ways of a text into the model other than its tokens. Newer releases write the one way that
// is gone here, {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}; models of images have
// more.
func checkModalities(value any) error {
	if value == nil {
		return nil
	}
	modalities, ok := value.(keys.Object)
	text, both := modalities["text"].(keys.Object)
	if !ok || !both && modalities["text"] != nil {
		return fault.New(fault.Invalid, "modality_config is not an object of objects")
	}
	err := modalityKeys.Check(modalities)
	if err == nil {
		err = textKeys.Check(text)
	}
	if err != nil {
		return fmt.Errorf("modality_config: %w", err)
	}
	return nil
}

// inFile names the file in an error that does not: readers of keys name it, checks of what lies below a key do not
// know it.
func inFile(err error, dir, name string) error {
	if path := filepath.Join(dir, name); !strings.Contains(err.Error(), path) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// orAbsent names the file that modules.json tells of and that is not there.
func orAbsent(err error, dir, name string) error {
	if err == nil {
		err = fault.New(fault.NotFound, "%s names %s, which is missing", filepath.Join(dir, modulesFile), name)
	}
	return err
}
