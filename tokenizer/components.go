package tokenizer

import (
	"encoding/json"
	"fmt"

	"hives/internal/fault"
)

// part is any component of a pre-tokeniser or normaliser; strictly refuses options it does not know. One struct
// for all types: which options a type may have is not checked, which of them it lacks is.
//
//	{"type": "Sequence", "pretokenizers": [
//	  {"type": "Split", "pattern": {"Regex": "…"}, "behavior": "Isolated", "invert": false},
//	  {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
//
// is Qwen's: the expression cuts words, ByteLevel only spells bytes.
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

// partTypes are looked into; others are named in the error.
var partTypes = map[string]bool{"Sequence": true, "NFC": true, "Split": true, "ByteLevel": true, "Digits": true,
	"BertNormalizer": true, "BertPreTokenizer": true}

// partType reads the type alone: of a component that is not implemented the error should name the type, not its first
// unknown option.
func partType(field string, raw json.RawMessage) (kind string, err error) {
	if isNull(raw) {
		return "", unsupported(field, "null")
	}
	if err := json.Unmarshal(raw, &struct{ Type *string }{&kind}); err != nil {
		return "", fault.New(fault.Corrupt, "%s: %w", field, err)
	}
	return kind, nil
}

// readPart reads a component of a known type, with nothing in it that is not known: an option that was passed
// over could change ids.
func readPart(field string, raw json.RawMessage) (*part, error) {
	kind, err := partType(field, raw)
	if err != nil {
		return nil, err
	}
	if !partTypes[kind] {
		return nil, unsupported(field+".type", quoted(kind))
	}
	var p part
	if err := strictly(raw, &p); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", field, err)
	}
	return &p, nil
}

// isNull: a component may be null or left out.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// A normalizer brings a text into the form that the vocabulary is written in.
type normalizer func(string) string

// readNormalizers returns what is done to a text before it is split, in this order.
func readNormalizers(field string, raw json.RawMessage, chars *characters) (all []normalizer, err error) {
	if isNull(raw) {
		return nil, nil
	}
	kind, err := partType(field, raw)
	if err != nil {
		return nil, err
	}
	if kind == "BertNormalizer" {
		bert, err := readBert(field, raw, chars)
		if err != nil {
			return nil, err
		}
		return []normalizer{bert.normalize}, nil
	}
	p, err := readPart(field, raw)
	if err != nil {
		return nil, err
	}
	switch p.Type {
	case "NFC":
		return []normalizer{chars.nfc}, nil
	case "Sequence":
		for i, inner := range p.Normalizers {
			some, err := readNormalizers(fmt.Sprintf("%s.normalizers[%d]", field, i), inner, chars)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	}
	return nil, unsupported(field+".type", quoted(p.Type))
}

// readWords refuses every pre-tokeniser but BERT's.
func readWords(raw json.RawMessage) ([]splitter, error) {
	const field = "pre_tokenizer"
	p, err := readPart(field, raw)
	if err != nil {
		return nil, err
	}
	if p.Type != "BertPreTokenizer" {
		return nil, unsupported(field+".type", quoted(p.Type)+" of a WordPiece")
	}
	return []splitter{splitBert}, nil
}

// readPreTokenizer returns the splitters of a BPE, applied one inside the pieces of the other. The last component
// must be ByteLevel: it turns bytes into the characters of the vocabulary. Digits before it cut numbers apart
// first, and the pieces between are cut by what follows.
func readPreTokenizer(raw json.RawMessage) ([]splitter, error) {
	const field = "pre_tokenizer"
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

// splitters returns what one component of the pre-tokeniser cuts with; none where it only changes the spelling of
// bytes. last tells whether it is the last of its sequence, which ByteLevel alone may and must be.
func (p *part) splitters(field string, last bool) ([]splitter, error) {
	if last != (p.Type == "ByteLevel") {
		return nil, unsupported(field+".type", fmt.Sprintf("%q (ByteLevel must come last, and once)", p.Type))
	}
	switch p.Type {
	case "ByteLevel":
		// Both options default to true in the library when a file leaves them out.
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
	return nil, unsupported(field+".type", quoted(p.Type))
}

// pattern looks the expression up among those that have a scanner. "Isolated" means that matches and what
// lies between them are pieces; the known expressions match everything.
func (p *part) pattern(field string) ([]splitter, error) {
	switch {
	case p.Behavior != "Isolated":
		return nil, unsupported(field+".behavior", quoted(p.Behavior))
	case p.Invert:
		return nil, unsupported(field+".invert", true)
	case p.Pattern.Regex == nil:
		return nil, unsupported(field+".pattern", "that is not a Regex")
	}
	s, ok := splitters[*p.Pattern.Regex]
	if !ok {
		return nil, unsupported(field+".pattern.Regex", quoted(*p.Pattern.Regex))
	}
	return []splitter{s}, nil
}
