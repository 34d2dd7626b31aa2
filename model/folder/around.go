package folder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/keys"
	"hives/internal/whatis"
	"hives/model/transformer"
)

// longest is the most tokens a text that is believed of a tokenizer's own maximum. Beyond that it is the context of a
// language model (131,072 for Qwen3-Embedding) and says nothing of the lengths that the encoder was trained for.
const longest = 2048

// ofFolder says how a text becomes a vector by the files of transformers and sentence-transformers.
//
// The end token is the question that most files answer, and not alike. In this order:
//
//	the template of tokenizer.json puts one behind a text     that one (Qwen3-Embedding's own files)
//	add_eos_token in tokenizer_config.json                    eos_token
//	a WordPiece, or modules.json beside a tokenizer.json      none: what the tokenizer does not put there nobody does
//	else                                                      the family's: a Qwen3 has <|endoftext|>, a Llama its eos
//
// The last is a guess about a language model that nobody made an embedder of, which has no way of its own to be wrong.
func ofFolder(dir string) (Info, error) {
	modules, err := readModules(dir)
	if err != nil {
		return Info{}, err
	}
	t, err := readTokenizer(dir)
	if err != nil {
		return Info{}, err
	}
	family, eos := readFamily(dir)
	if t.eos == "" {
		t.eos = t.added[eos]
	}
	info := within(familyOf(family).defaults(t.eos, t.has), dir)
	switch {
	case t.end != "":
		info.EndToken = t.end
	case t.addsEOS:
		info.EndToken = t.eos
	case t.wordPiece, modules != nil && t.found: // what the tokenizer does not put there nobody does
		info.EndToken = ""
	}
	if modules == nil {
		return info, nil
	}
	if t.maxLength > 0 {
		info.MaxLength = t.maxLength
	}
	info, err = asSentenceTransformers(dir, modules, info)
	if err == nil {
		info = within(info, dir)
		if err = cmp.Or(familyOf(family).kind.Refuses(info.Pooling), info.validate()); err != nil {
			err = fault.New(fault.Invalid, "sentence-transformers folder %s: %w", dir, err)
		}
	}
	if err != nil {
		return Info{}, err
	}
	return info, nil
}

// readFamily looks into config.json for the kind of model and the number of its end token, −1 without one. What is
// wrong there is said by who reads the config. Of several end tokens the first is taken.
func readFamily(dir string) (family string, eos int) {
	var f struct {
		ModelType string `json:"model_type"`
		EOS       any    `json:"eos_token_id"` // a number, or several
	}
	raw, err := fsutil.ReadRegular(filepath.Join(dir, transformer.ConfigFile))
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	if many, ok := f.EOS.([]any); ok && len(many) > 0 {
		f.EOS = many[0]
	}
	if id, ok := f.EOS.(float64); ok && err == nil {
		return f.ModelType, int(id)
	}
	return f.ModelType, -1
}

// surroundings are what the tokenizer's two files say beside how a text is cut up.
type surroundings struct {
	found     bool           // tokenizer.json is there
	end       string         // what its template puts behind a text
	eos       string         // what ends an answer
	addsEOS   bool           // and every text, by tokenizer_config.json
	maxLength int            // tokens a text, 0 where nothing is said that can be believed
	added     map[int]string // added tokens by number
	vocab     json.RawMessage
	wordPiece bool // which frames texts by its own file: package tokenizer does it
	prepares  *bertNormalizer
}

// has tells whether the tokenizer knows a token, of its vocabulary or added. A Qwen3 that is no Qwen3-Embedding may
// lack <|endoftext|>, and an end token that is cut into letters would end nothing.
func (s *surroundings) has(token string) bool {
	var vocab map[string]int
	json.Unmarshal(s.vocab, &vocab) // of another kind it holds no end token that is looked for here
	_, ok := vocab[token]
	for _, t := range s.added {
		ok = ok || t == token
	}
	return ok
}

// readTokenizer reads tokenizer.json first: tokenizer_config.json is of the Python class around it, which may be set to
// change what it does, and is then held to it.
func readTokenizer(dir string) (s surroundings, err error) {
	if err := s.readFile(dir); err != nil {
		return s, err
	}
	var c struct {
		MaxLength float64 `json:"model_max_length"` // 1e30 stands for none
		EOS       any     `json:"eos_token"`        // its name, or an object with it
		AddEOS    bool    `json:"add_eos_token"`
		bertOptions
	}
	if _, err := tokenizerConfigKeys.Read(dir, TokenizerConfigFile, &c); err != nil {
		return s, err
	}
	if object, ok := c.EOS.(keys.Object); ok {
		c.EOS = object["content"]
	}
	s.eos, _ = c.EOS.(string)
	if s.addsEOS = c.AddEOS; s.addsEOS && s.eos == "" {
		return s, fault.New(fault.Invalid, "%s: add_eos_token is true, and eos_token names none",
			filepath.Join(dir, TokenizerConfigFile))
	}
	if name := c.contradicts(s.prepares); name != "" {
		return s, fault.New(fault.Invalid, "%s: %s says other than the normalizer of %s, which is read here; "+
			"make them agree", filepath.Join(dir, TokenizerConfigFile), name, TokenizerFile)
	}
	if c.Lower != nil && *c.Lower && !s.wordPiece {
		return s, fault.New(fault.Invalid, "%s: do_lower_case is not done here: lower the texts",
			filepath.Join(dir, TokenizerConfigFile))
	}
	if c.MaxLength >= 2 && c.MaxLength <= longest {
		s.maxLength = int(c.MaxLength)
	}
	return s, nil
}

// bertOptions are what transformers' class for BERT's tokenizer, in tokenizer_config.json, sets in the normaliser of
// tokenizer.json. Here the latter alone is read, so the two must agree. They are pointers because false and silence
// differ: an absent do_lower_case leaves the normaliser as it is, a false one would switch it off there.
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

// bertNormalizer is the part of tokenizer.json that prepares a WordPiece's texts: lower case, accents, ideographs.
type bertNormalizer struct {
	Type       string `json:"type"`
	Lower      *bool  `json:"lowercase"`
	Strip      *bool  `json:"strip_accents"`
	Ideographs *bool  `json:"handle_chinese_chars"`
}

// readFile reads tokenizer.json. Only its small parts are decoded: the vocabulary has 150,000 entries, of which the one
// question that may come is answered later, by has. The file is decoded a second time into its keys alone, because one
// that is not known may change how texts are cut, and would be read over by the first.
func (s *surroundings) readFile(dir string) error {
	path := filepath.Join(dir, TokenizerFile)
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var f struct {
		Added []struct {
			ID      int
			Content string
		} `json:"added_tokens"`
		PostProcessor *processor      `json:"post_processor"`
		Truncation    any             `json:"truncation"`
		Normalizer    *bertNormalizer `json:"normalizer"`
		Model         struct {
			Type  string          `json:"type"`
			Vocab json.RawMessage `json:"vocab"`
		} `json:"model"`
	}
	var all map[string]json.RawMessage
	if err == nil {
		err = cmp.Or(json.Unmarshal(raw, &f), json.Unmarshal(raw, &all))
	}
	if err != nil {
		return whatis.JSON(path, fault.New(fault.Corrupt, "%s: %w", path, err))
	}
	present := keys.Object{}
	for key, value := range all {
		present[key] = string(value)
	}
	present["truncation"] = f.Truncation
	err = tokenizerKeys.Check(present)
	s.wordPiece, s.prepares = f.Model.Type == "WordPiece", f.Normalizer
	if err == nil && f.PostProcessor != nil {
		if s.end, err = f.PostProcessor.endToken(s.wordPiece); err != nil {
			err = fault.New(fault.Invalid, "post_processor: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.found, s.vocab, s.added = true, f.Model.Vocab, map[int]string{}
	for _, t := range f.Added {
		s.added[t.ID] = t.Content
	}
	return nil
}

// processor is the part of a post-processor that puts tokens around a text. Qwen3-Embedding's puts one behind it:
//
//	{"type": "TemplateProcessing",
//	 "single": [{"Sequence": {"id": "A", …}}, {"SpecialToken": {"id": "<|endoftext|>", …}}],
//	 "special_tokens": {"<|endoftext|>": {"tokens": ["<|endoftext|>"], …}}}
//
// "pair" is of two texts in one row, which no encoder here is given.
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

// endToken is what is put behind a text, empty where nothing is. A token before the text is refused, but for a
// WordPiece: tokenizer.Framed puts it there.
//
//	ByteLevel                                             nothing
//	Sequence of ByteLevel and one template                the template's
//	TemplateProcessing, single A <end>                    <end>
//	TemplateProcessing, single A                          nothing
//	TemplateProcessing, single <begin> A                  refused
//	BertProcessing, or single [CLS] A [SEP], of a BERT    [SEP]
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
