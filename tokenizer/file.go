package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
)

// file is the layout of tokenizer.json. Truncation, padding, post_processor and decoder are read over:
// framing belongs to Framed, whatever the file says.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []fileToken     `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         fileModel       `json:"model"`
}

type fileToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type fileModel struct {
	Type                    string           `json:"type"`
	Dropout                 float64          `json:"dropout"`
	UnkToken                *string          `json:"unk_token"` // never needed: every byte has an entry
	ContinuingSubwordPrefix string           `json:"continuing_subword_prefix"`
	EndOfWordSuffix         string           `json:"end_of_word_suffix"`
	FuseUnk                 bool             `json:"fuse_unk"`
	ByteFallback            bool             `json:"byte_fallback"`
	IgnoreMerges            bool             `json:"ignore_merges"`
	Vocab                   map[string]int32 `json:"vocab"`
	Merges                  []fileMerge      `json:"merges"`
}

// fileMerge is ["a","b"], or "a b" in older files.
type fileMerge [2]string

func (m *fileMerge) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		var both []string
		if err := json.Unmarshal(raw, &both); err != nil {
			return err
		}
		if len(both) != 2 {
			return fmt.Errorf("a merge of %d parts", len(both))
		}
		*m = fileMerge(both)
		return nil
	}
	var joined string
	if err := json.Unmarshal(raw, &joined); err != nil {
		return err
	}
	a, b, ok := strings.Cut(joined, " ")
	if !ok {
		return errors.New("a merge without a blank")
	}
	*m = fileMerge{a, b}
	return nil
}

// unsupported refuses a part of the file that would change ids and is not implemented.
func unsupported(field string, value any) error {
	return fault.New(fault.Invalid, "%s %v is not implemented by the plain tokenizer; "+
		"build with -tags daulet, or use a byte-level BPE of Qwen's or GPT-2's kind", field, value)
}

func readFile(raw []byte) (*file, error) {
	var f file
	if err := strictly(raw, &f); err != nil {
		return nil, fault.New(fault.Corrupt, "%w", err)
	}
	if f.Version != "1.0" {
		return nil, unsupported("version", fmt.Sprintf("%q", f.Version))
	}
	for _, t := range f.AddedTokens {
		switch name := fmt.Sprintf("of added token %q", t.Content); {
		case t.Content == "" || t.ID < 0:
			return nil, fault.New(fault.Corrupt, "added token %q with id %d", t.Content, t.ID)
		case t.SingleWord:
			return nil, unsupported("single_word", name)
		case t.LStrip:
			return nil, unsupported("lstrip", name)
		case t.RStrip:
			return nil, unsupported("rstrip", name)
		}
	}
	return &f, f.Model.check()
}

func (m *fileModel) check() error {
	switch {
	case m.Type != "BPE" && m.Type != "":
		return unsupported("model.type", fmt.Sprintf("%q", m.Type))
	case m.Dropout != 0:
		return unsupported("model.dropout", m.Dropout)
	case m.ContinuingSubwordPrefix != "":
		return unsupported("model.continuing_subword_prefix", fmt.Sprintf("%q", m.ContinuingSubwordPrefix))
	case m.EndOfWordSuffix != "":
		return unsupported("model.end_of_word_suffix", fmt.Sprintf("%q", m.EndOfWordSuffix))
	case m.ByteFallback:
		return unsupported("model.byte_fallback", true)
	case len(m.Vocab) == 0:
		return fault.New(fault.Corrupt, "model.vocab is empty")
	}
	return nil
}

// part is any component of a pre-tokeniser or normaliser; strictly refuses options it does not know.
type part struct {
	Type             string `json:"type"`
	Pattern          struct{ Regex, String *string }
	Behavior         string            `json:"behavior"`
	Invert           bool              `json:"invert"`
	AddPrefixSpace   *bool             `json:"add_prefix_space"` // absent: true
	TrimOffsets      bool              `json:"trim_offsets"`     // of no effect on ids
	UseRegex         *bool             `json:"use_regex"`        // absent: true
	IndividualDigits bool              `json:"individual_digits"`
	Normalizers      []json.RawMessage `json:"normalizers"`
	Pretokenizers    []json.RawMessage `json:"pretokenizers"`
}

// known are the types of part that are looked into; others are named in the error.
var known = map[string]bool{"Sequence": true, "NFC": true, "Split": true, "ByteLevel": true, "Digits": true}

func readPart(field string, raw json.RawMessage) (*part, error) {
	var p part
	if err := json.Unmarshal(raw, &struct{ Type *string }{&p.Type}); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", field, err)
	}
	if !known[p.Type] {
		return nil, unsupported(field+".type", fmt.Sprintf("%q", p.Type))
	}
	if err := strictly(raw, &p); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", field, err)
	}
	return &p, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// readNormalizer tells whether texts are brought into NFC; nothing else is implemented.
func readNormalizer(field string, raw json.RawMessage) (nfc bool, err error) {
	if isNull(raw) {
		return false, nil
	}
	p, err := readPart(field, raw)
	if err != nil {
		return false, err
	}
	switch p.Type {
	case "NFC":
		return true, nil
	case "Sequence":
		for i, inner := range p.Normalizers {
			one, err := readNormalizer(fmt.Sprintf("%s.normalizers[%d]", field, i), inner)
			if err != nil {
				return false, err
			}
			nfc = nfc || one
		}
		return nfc, nil
	}
	return false, unsupported(field+".type", fmt.Sprintf("%q", p.Type))
}

// readPreTokenizer returns the splitters, applied one inside the pieces of the other. The last component
// must be ByteLevel: it turns bytes into the characters of the vocabulary.
func readPreTokenizer(raw json.RawMessage) ([]splitter, error) {
	const field = "pre_tokenizer"
	if isNull(raw) {
		return nil, unsupported(field, "null")
	}
	p, err := readPart(field, raw)
	if err != nil {
		return nil, err
	}
	if p.Type != "Sequence" {
		return p.splitters(field, true)
	}
	var all []splitter
	for i, inner := range p.Pretokenizers {
		field := fmt.Sprintf("%s.pretokenizers[%d]", field, i)
		one, err := readPart(field, inner)
		if err != nil {
			return nil, err
		}
		s, err := one.splitters(field, i == len(p.Pretokenizers)-1)
		if err != nil {
			return nil, err
		}
		all = append(all, s...)
	}
	return all, nil
}

// splitters returns what one component of the pre-tokeniser cuts with.
func (p *part) splitters(field string, last bool) ([]splitter, error) {
	if last != (p.Type == "ByteLevel") {
		return nil, unsupported(field+".type", fmt.Sprintf("%q (ByteLevel must come last, and once)", p.Type))
	}
	switch p.Type {
	case "ByteLevel":
		if p.AddPrefixSpace == nil || *p.AddPrefixSpace {
			return nil, unsupported(field+".add_prefix_space", true)
		}
		if p.UseRegex == nil || *p.UseRegex {
			return []splitter{splitGPT2}, nil
		}
		return nil, nil
	case "Digits":
		if p.IndividualDigits {
			return []splitter{splitDigits}, nil
		}
		return []splitter{splitDigitRuns}, nil
	case "Split":
		return p.pattern(field)
	}
	return nil, unsupported(field+".type", fmt.Sprintf("%q", p.Type))
}

func (p *part) pattern(field string) ([]splitter, error) {
	switch {
	case p.Behavior != "Isolated":
		return nil, unsupported(field+".behavior", fmt.Sprintf("%q", p.Behavior))
	case p.Invert:
		return nil, unsupported(field+".invert", true)
	case p.Pattern.Regex == nil:
		return nil, unsupported(field+".pattern", "that is not a Regex")
	}
	s, ok := splitters[*p.Pattern.Regex]
	if !ok {
		return nil, unsupported(field+".pattern.Regex", fmt.Sprintf("%q", *p.Pattern.Regex))
	}
	return []splitter{s}, nil
}

// strictly decodes one JSON value and refuses unknown fields and trailing bytes.
func strictly(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("bytes after the end of the JSON value")
	}
	return nil
}

// byteRunes maps each byte to the character that stands for it in the vocabulary of a byte-level BPE:
// printable Latin-1 characters stand for themselves, the rest moves up to U+0100 and beyond.
func byteRunes() (chars [256]rune) {
	moved := rune(256)
	for b := range chars {
		c := rune(b)
		if '!' <= c && c <= '~' || '¡' <= c && c <= '¬' || '®' <= c && c <= 'ÿ' {
			chars[b] = c
			continue
		}
		chars[b] = moved
		moved++
	}
	return chars
}

// entryBytes returns the bytes an entry of the vocabulary stands for; false if a character of it stands
// for none.
func entryBytes(entry string, byteOf map[rune]byte) (string, bool) {
	out := make([]byte, 0, utf8.RuneCountInString(entry))
	for _, r := range entry {
		b, ok := byteOf[r]
		if !ok {
			return "", false
		}
		out = append(out, b)
	}
	return string(out), true
}
