package gguf

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
)

// Token types of tokenizer.ggml.token_type that a byte-level BPE has.
const (
	tokenNormal  = 1 // an entry of the vocabulary
	tokenControl = 3 // <|im_end|>
	tokenUser    = 4 // <think>: matched in texts, not special
	tokenUnused  = 5 // fills the embedding table up; no text has it
)

// splitQwen is the expression of Qwen2's and Qwen3's tokenizer.json.
//
// In words, the first that matches from the left: an English ending ('s, 're …); letters, with one sign or blank
// before them; a single digit; signs, with a blank before and line breaks behind; line breaks; blanks but for the
// last before a word; blanks.
const splitQwen = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}` +
	`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// splits says, for each known value of tokenizer.ggml.pre, what the model's own tokenizer.json has in these places.
var splits = map[string]struct{ normalizer, preTokenizer any }{
	"qwen2": {part{"type": "NFC"}, sequence(
		part{"type": "Split", "pattern": part{"Regex": splitQwen}, "behavior": "Isolated", "invert": false},
		byteLevel(false, false))},
	"smollm": {nil, sequence(part{"type": "Digits", "individual_digits": true}, byteLevel(true, true))},
	"gpt-2":  {nil, byteLevel(true, true)},
}

// part is a component of a tokenizer.json; encoding/json writes keys in alphabetical order.
type part = map[string]any

// byteLevel is the component that writes each byte as one printable character.
//
//	byteLevel(true, true)     {"add_prefix_space": false, "trim_offsets": true, "type": "ByteLevel", "use_regex": true}
func byteLevel(trim, regex bool) part {
	return part{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": trim, "use_regex": regex}
}

// sequence runs components one after another, each on what the one before left.
func sequence(parts ...part) part { return part{"type": "Sequence", "pretokenizers": parts} }

// Vocabulary is the tokenizer in a file, as far as other parts of a model need it.
//
// Invariant: Tokens and Types are of one length, the number of rows of the embedding table.
type Vocabulary struct {
	Tokens []string // by id
	Types  []int
	merges []string
	pre    string
}

// Vocabulary reads the tokenizer's tokens. Other kinds than byte-level BPE are refused by name. The splitter must be
// known by name, since the file does not hold the expression: split otherwise, a text would get other ids and other
// vectors, without any error.
func (f *File) Vocabulary() (*Vocabulary, error) {
	var v Vocabulary
	model, err := f.String("tokenizer.ggml.model")
	if err == nil && model != "gpt2" {
		err = fault.New(fault.Invalid, "%s: a tokenizer of the kind %s is not supported: want gpt2, byte-level BPE",
			f.path, clip(model))
	}
	if err == nil {
		v.pre, err = f.String("tokenizer.ggml.pre")
	}
	if _, known := splits[v.pre]; err == nil && !known {
		err = fault.New(fault.Invalid, "%s: tokenizer.ggml.pre %s is not supported: want qwen2, smollm or gpt-2; "+
			"put the model's tokenizer.json beside the file", f.path, clip(v.pre))
	}
	if err == nil {
		v.Tokens, err = f.Strings("tokenizer.ggml.tokens")
	}
	if err == nil {
		v.Types, err = f.Ints("tokenizer.ggml.token_type")
	}
	if err == nil {
		v.merges, err = f.Strings("tokenizer.ggml.merges")
	}
	if err != nil {
		return nil, err
	}
	return &v, v.check(f)
}

// check refuses what tokenizer.json could not say, or would say otherwise. A merge has exactly one blank, since both
// its parts are written without blanks in this alphabet.
func (v *Vocabulary) check(f *File) error {
	if space, err := f.Bool("tokenizer.ggml.add_space_prefix"); err == nil && space {
		return fault.New(fault.Invalid, "%s: tokenizer.ggml.add_space_prefix is not supported", f.path)
	}
	if len(v.Types) != len(v.Tokens) {
		return fault.New(fault.Corrupt, "%s: %d tokens have %d types", f.path, len(v.Tokens), len(v.Types))
	}
	for id, token := range v.Tokens {
		switch v.Types[id] {
		case tokenNormal, tokenControl, tokenUser, tokenUnused:
		default:
			return fault.New(fault.Invalid, "%s: token %d is of type %d, which a byte-level BPE has not", f.path, id,
				v.Types[id])
		}
		if !utf8.ValidString(token) {
			return fault.New(fault.Corrupt, "%s: token %d is not UTF-8", f.path, id)
		}
	}
	for i, merge := range v.merges {
		if !utf8.ValidString(merge) || strings.Count(merge, " ") != 1 {
			return fault.New(fault.Corrupt, "%s: merge %d is not two parts with a blank between", f.path, i)
		}
	}
	return nil
}

// Token returns the token whose id stands under a key such as tokenizer.ggml.eos_token_id, "" where none does. An id
// beyond the vocabulary counts as none.
func (v *Vocabulary) Token(f *File, key string) string {
	id, err := f.Int(key)
	if err != nil || id < 0 || id >= len(v.Tokens) {
		return ""
	}
	return v.Tokens[id]
}

// TokenizerJSON returns the tokenizer.json of the GGUF file at path; see File.TokenizerJSON.
func TokenizerJSON(path string) (raw []byte, err error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = f.Guard(func() error {
		raw, err = f.TokenizerJSON()
		return err
	})
	return raw, err
}

// TokenizerJSON returns the tokenizer.json of the tokenizer in the file: the same bytes for the same file, in the
// form that the model's own has. It ends no row: framing is the reader's. Its hash is the tokenizer's identity
// (docs/WEIGHTS.md), which is why the bytes must not depend on the order of a map.
func (f *File) TokenizerJSON() ([]byte, error) {
	v, err := f.Vocabulary()
	if err != nil {
		return nil, err
	}
	var added []part
	for id, token := range v.Tokens {
		if t := v.Types[id]; t == tokenControl || t == tokenUser {
			added = append(added, part{"id": id, "content": token, "special": t == tokenControl,
				"single_word": false, "lstrip": false, "rstrip": false, "normalized": false})
		}
	}
	var b bytes.Buffer
	err = encoder(&b).Encode(part{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added,
		"normalizer": splits[v.pre].normalizer, "pre_tokenizer": splits[v.pre].preTokenizer,
		"post_processor": nil, "decoder": byteLevel(true, true),
		"model": part{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
			"end_of_word_suffix": nil,
			"fuse_unk":           false, "byte_fallback": false, "ignore_merges": false, "vocab": v, "merges": v.merges,
		},
	})
	return b.Bytes(), err
}

// MarshalJSON writes the vocabulary as an object in the order of the ids. Added tokens stand in it too: a reader
// that numbers them by itself would else give them other ids. Unused entries are left out: they fill the table up,
// and no text has them.
//
//	{"!":0,"\"":1,"#":2, … "<|endoftext|>":151643}
func (v *Vocabulary) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := encoder(&b)
	b.WriteByte('{')
	for id, token := range v.Tokens {
		if v.Types[id] == tokenUnused {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if err := enc.Encode(token); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the encoder ends with a line break
		b.WriteByte(':')
		b.Write(strconv.AppendInt(nil, int64(id), 10))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encoder writes JSON without the escapes for web pages, which would double the size of such a file.
func encoder(b *bytes.Buffer) *json.Encoder {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return enc
}

// TokenizerConfigJSON returns the little that Python's tokenizers need beside tokenizer.json, and how the model talks.
func (f *File) TokenizerConfigJSON() ([]byte, error) {
	v, err := f.Vocabulary()
	if err != nil {
		return nil, err
	}
	out := part{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
	for name, key := range map[string]string{"bos_token": "bos", "eos_token": "eos", "pad_token": "padding",
		"unk_token": "unknown"} {
		if token := v.Token(f, "tokenizer.ggml."+key+"_token_id"); token != "" {
			out[name] = token
		}
	}
	if template, err := f.String("tokenizer.chat_template"); err == nil {
		out["chat_template"] = template
	}
	var b bytes.Buffer
	enc := encoder(&b)
	enc.SetIndent("", "  ")
	err = enc.Encode(out)
	return b.Bytes(), err
}
