package tokenizer

import (
	"encoding/json"
	"fmt"

	"hives/internal/fault"
)

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

// partTypes are looked into; others are named in the error.
var partTypes = map[string]bool{"Sequence": true, "NFC": true, "Split": true, "ByteLevel": true, "Digits": true}

// readPart first looks at the type alone: of a component that is not implemented the error should name the
// type, not its first unknown option.
func readPart(field string, raw json.RawMessage) (*part, error) {
	var p part
	if err := json.Unmarshal(raw, &struct{ Type *string }{&p.Type}); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", field, err)
	}
	if !partTypes[p.Type] {
		return nil, unsupported(field+".type", fmt.Sprintf("%q", p.Type))
	}
	if err := strictly(raw, &p); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", field, err)
	}
	return &p, nil
}

// isNull: a component may be null or left out.
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
			nfc = nfc || one // twice is the same as once
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
	return nil, unsupported(field+".type", fmt.Sprintf("%q", p.Type))
}

// pattern looks the expression up among those that have a scanner. "Isolated" means that matches and what
// lies between them are pieces; the known expressions match everything.
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
