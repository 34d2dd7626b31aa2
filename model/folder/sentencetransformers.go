package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/model/qwen3embed"
)

// Files of a sentence-transformers folder, beside those of the model.
const (
	modulesFile = "modules.json"
	bertFile    = "sentence_bert_config.json"
	promptsFile = "config_sentence_transformers.json"
)

// longest is the most tokens a text that is believed of a tokenizer's own maximum. Beyond that it is the context of a
// language model (131,072 for Qwen3-Embedding) and says nothing of the lengths that the encoder was trained for.
const longest = 2048

// module is an entry of modules.json. Versions differ in the packages before the type's name.
type module struct {
	Path string `json:"path"`
	Type string `json:"type"`
}

// asSentenceTransformers lays what a sentence-transformers folder says over the defaults; without modules.json they
// stay. A folder that would not get the vectors it gets there is refused, but for its default prompt, which nothing
// here adds unasked, and for a missing Normalize: every vector here has length one.
func asSentenceTransformers(dir string, info Info) (Info, error) {
	var modules []module
	if found, err := readJSON(dir, modulesFile, &modules); err != nil || !found {
		return info, err
	}
	pooled := false
	for i, m := range modules {
		switch kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]; {
		case !filepath.IsLocal(filepath.Join(".", m.Path)) || i == 0 && m.Path != "":
			return Info{}, fault.New(fault.Invalid, "%s: module %d lies at %q, want a folder beside it", filepath.Join(dir, modulesFile), i, m.Path)
		case kind == "Transformer" && i == 0, kind == "Normalize" && i == 2:
		case kind == "Pooling" && i == 1:
			var err error
			if info.Pooling, err = readPooling(dir, m.Path); err != nil {
				return Info{}, err
			}
			pooled = true
		default:
			return Info{}, fault.New(fault.Invalid, "%s: module %d is %s; computed here are Transformer, Pooling, Normalize, in this order",
				filepath.Join(dir, modulesFile), i, kind)
		}
	}
	if !pooled {
		return Info{}, fault.New(fault.Invalid, "%s names no Pooling", filepath.Join(dir, modulesFile))
	}
	return readFraming(dir, info)
}

// readPooling reads the one mode that is on, in either form: a name (version 6), or a flag for each.
func readPooling(dir, module string) (qwen3embed.Pooling, error) {
	path := filepath.Join(module, "config.json")
	var f struct {
		Mode   any   `json:"pooling_mode"`
		Prompt *bool `json:"include_prompt"`
	}
	var flags map[string]any
	found, err := readJSON(dir, path, &f)
	if err == nil && found {
		_, err = readJSON(dir, path, &flags)
	}
	if err != nil || !found {
		return "", orAbsent(err, dir, path)
	}
	var on []string
	if name, ok := f.Mode.(string); ok {
		on = []string{name}
	} else if f.Mode != nil {
		return "", fault.New(fault.Invalid, "%s: pooling_mode is not one name: several modes are not computed here", filepath.Join(dir, path))
	}
	for name, value := range flags {
		if mode, ok := strings.CutPrefix(name, "pooling_mode_"); ok && value == true && f.Mode == nil {
			on = append(on, strings.TrimSuffix(mode, "_tokens"))
		}
	}
	switch {
	case f.Prompt != nil && !*f.Prompt:
		return "", fault.New(fault.Invalid, "%s: include_prompt is false: prompts are always pooled here", filepath.Join(dir, path))
	case len(on) == 1 && on[0] == "lasttoken":
		return qwen3embed.LastToken, nil
	case len(on) == 1 && on[0] == "mean":
		return qwen3embed.MeanTokens, nil
	}
	return "", fault.New(fault.Invalid, "%s: pooling %q is not computed here: want lasttoken or mean", filepath.Join(dir, path), on)
}

// readFraming reads prompts, the longest text and the end token.
func readFraming(dir string, info Info) (Info, error) {
	var p struct{ Prompts map[string]*string }
	var bert struct {
		MaxLength *int `json:"max_seq_length"`
		Lower     bool `json:"do_lower_case"`
	}
	var tok struct {
		MaxLength float64 `json:"model_max_length"` // 1e30 stands for none
		bertOptions
	}
	_, err := readJSON(dir, promptsFile, &p)
	if err == nil {
		_, err = readJSON(dir, bertFile, &bert)
	}
	if err == nil {
		_, err = readJSON(dir, TokenizerConfigFile, &tok)
	}
	if err != nil {
		return Info{}, err
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
	switch {
	case bert.Lower:
		return Info{}, fault.New(fault.Invalid, "%s: do_lower_case is not done here", filepath.Join(dir, bertFile))
	case bert.MaxLength != nil:
		info.MaxLength = *bert.MaxLength
	case tok.MaxLength >= 2 && tok.MaxLength <= longest:
		info.MaxLength = int(tok.MaxLength)
	}
	if info.EndToken, err = readEndToken(dir, info.EndToken, tok.bertOptions); err != nil {
		return Info{}, err
	}
	return info, info.validateIn(dir)
}

// validateIn says which folder's files do not fit.
func (i Info) validateIn(dir string) error {
	if err := i.validate(); err != nil {
		return fault.New(fault.Invalid, "sentence-transformers folder %s: %w", dir, err)
	}
	return nil
}

// processor is the part of a post-processor that puts tokens around a text.
type processor struct {
	Type       string      `json:"type"`
	Processors []processor `json:"processors"` // of a Sequence
	Single     []struct {
		Sequence     *struct{ ID string }
		SpecialToken *struct{ ID string }
	} `json:"single"`
	Special map[string]struct{ Tokens []string } `json:"special_tokens"`
	Sep     []any                                `json:"sep"` // of a BertProcessing: token, id
}

// bertOptions are what transformers' class for BERT's tokenizer, in tokenizer_config.json, sets in the normaliser of
// tokenizer.json. Here the latter alone is read, so the two must agree.
type bertOptions struct {
	Lower      *bool `json:"do_lower_case"`
	Strip      *bool `json:"strip_accents"`
	Ideographs *bool `json:"tokenize_chinese_chars"`
}

// contradicts names an option that says other than the normaliser, or is empty.
func (o bertOptions) contradicts(n *bertNormalizer) string {
	differ := func(a, b *bool) bool { return a != nil && (b == nil || *a != *b) }
	switch {
	case n == nil || n.Type != "BertNormalizer":
		return ""
	case differ(o.Lower, n.Lower):
		return "do_lower_case"
	case differ(o.Strip, n.Strip):
		return "strip_accents"
	case differ(o.Ideographs, n.Ideographs):
		return "tokenize_chinese_chars"
	}
	return ""
}

type bertNormalizer struct {
	Type       string `json:"type"`
	Lower      *bool  `json:"lowercase"`
	Strip      *bool  `json:"strip_accents"`
	Ideographs *bool  `json:"handle_chinese_chars"`
}

// readEndToken finds what tokenizer.json's post-processor puts behind a text. Where it puts nothing, the given token
// holds: published copies of one tokenizer differ in this, and Qwen3-Embedding needs its end token all the same.
func readEndToken(dir, otherwise string, options bertOptions) (string, error) {
	var f struct {
		Normalizer    *bertNormalizer `json:"normalizer"`
		PostProcessor *processor      `json:"post_processor"`
		Model         struct {
			Type string `json:"type"`
		} `json:"model"`
	}
	if _, err := readJSON(dir, TokenizerFile, &f); err != nil || f.PostProcessor == nil {
		return otherwise, err
	}
	if name := options.contradicts(f.Normalizer); name != "" {
		return "", fault.New(fault.Invalid, "%s: %s says other than the normalizer of %s, which is read here; make them agree",
			filepath.Join(dir, TokenizerConfigFile), name, TokenizerFile)
	}
	token, err := f.PostProcessor.endToken(f.Model.Type == "WordPiece")
	if err != nil {
		return "", fault.New(fault.Invalid, "%s: post_processor: %w", filepath.Join(dir, TokenizerFile), err)
	}
	if token == "" {
		token = otherwise
	}
	return token, nil
}

// endToken refuses a token before the text, but for a WordPiece: tokenizer.Framed puts it there.
func (p *processor) endToken(wordPiece bool) (token string, err error) {
	single := p.Single
	switch p.Type {
	case "ByteLevel": // only moves offsets
		return "", nil
	case "Sequence":
		for i := range p.Processors {
			next, err := p.Processors[i].endToken(wordPiece)
			if err != nil || token != "" && next != "" {
				return "", errors.Join(err, errors.New("want one template"))
			}
			token += next
		}
		return token, nil
	case "BertProcessing":
		if len(p.Sep) == 2 && wordPiece {
			token, _ = p.Sep[0].(string)
		}
		if token == "" {
			err = errors.New("BertProcessing without sep, or not of a WordPiece")
		}
		return token, err
	case "TemplateProcessing":
		if wordPiece && len(single) > 0 && single[0].SpecialToken != nil {
			single = single[1:]
		}
	default:
		return "", fmt.Errorf("type %q is not done here", p.Type)
	}
	for i, piece := range single {
		switch {
		case i == 0 && piece.Sequence != nil:
		case i == 1 && piece.SpecialToken != nil && len(p.Special[piece.SpecialToken.ID].Tokens) == 1:
			token = p.Special[piece.SpecialToken.ID].Tokens[0]
		default:
			return "", errors.New("want the text, then at most one end token: nothing else is put around texts here")
		}
	}
	return token, nil
}

// readJSON decodes a file of dir that may be absent.
func readJSON(dir, name string, into any) (found bool, err error) {
	path := filepath.Join(dir, name)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
		if err != nil {
			err = fault.New(fault.Corrupt, "%s: %w", path, err)
		}
	}
	return true, err
}

func orAbsent(err error, dir, name string) error {
	if err == nil {
		err = fault.New(fault.NotFound, "%s names %s, which is missing", filepath.Join(dir, modulesFile), name)
	}
	return err
}
