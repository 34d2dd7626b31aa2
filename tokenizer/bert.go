package tokenizer

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"hives/internal/fault"
)

// bertNormalizer brings texts into the form that BERT's vocabulary is written in, step by step in this order.
// With all steps on, "Héllo" + tab + "世界" becomes "hello  世  界 ": the tab a blank, each ideograph between blanks,
// é without its mark, H lower. Blanks are cut away later, so doubled ones do no harm.
//
// ASCII, most of most texts, is looked up in a table that is made of run itself, so the two cannot disagree.
type bertNormalizer struct {
	chars      *characters
	clean      bool // control characters go, blanks become spaces
	ideographs bool // each stands between spaces, and so becomes a word of its own
	strip      bool // canonical decomposition, without nonspacing marks
	lower      bool
	ascii      [utf8.RuneSelf]byte // what each ASCII character becomes
}

// dropped stands in bertNormalizer.ascii for a character that goes.
const dropped = utf8.RuneSelf

// readBert reads the options of a BertNormalizer; only strip_accents may be left out.
func readBert(field string, raw json.RawMessage, chars *characters) (*bertNormalizer, error) {
	var p struct {
		Type       string `json:"type"`
		Clean      *bool  `json:"clean_text"`
		Ideographs *bool  `json:"handle_chinese_chars"`
		Strip      *bool  `json:"strip_accents"` // null: as lowercase
		Lower      *bool  `json:"lowercase"`
	}
	if err := strictly(raw, &p); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", field, err)
	}
	if p.Clean == nil || p.Ideographs == nil || p.Lower == nil {
		return nil, fault.New(fault.Invalid, "%s lacks clean_text, handle_chinese_chars or lowercase", field)
	}
	if p.Strip == nil {
		p.Strip = p.Lower
	}
	n := &bertNormalizer{chars: chars, clean: *p.Clean, ideographs: *p.Ideographs, strip: *p.Strip, lower: *p.Lower}
	for c := range n.ascii {
		n.ascii[c] = dropped
		if to := n.run(nil, string(rune(c))); len(to) > 0 {
			n.ascii[c] = to[0]
		}
	}
	return n, nil
}

// normalize takes runs of other characters apart from ASCII: an ASCII character joins nothing and changes places
// with nothing, so "Cafe\u0301" is c, a, f, e and a run of one mark. Most texts are ASCII throughout, and cost a
// look-up a byte.
func (n *bertNormalizer) normalize(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < utf8.RuneSelf {
			if to := n.ascii[c]; to != dropped {
				out = append(out, to)
			}
			continue
		}
		end := i
		for end < len(s) && s[end] >= utf8.RuneSelf {
			end++
		}
		out = n.run(out, s[i:end])
		i = end - 1
	}
	return string(out)
}

// run appends what s, of any characters, becomes: first what is dropped or set apart, then marks off, then lower
// case. The order is the library's.
func (n *bertNormalizer) run(dst []byte, s string) []byte {
	runes := make([]rune, 0, len(s))
	for _, r := range s {
		switch class := n.chars.class(r); {
		case n.clean && class&control != 0:
		case n.clean && class&blank != 0:
			runes = append(runes, ' ')
		case n.ideographs && class&ideograph != 0:
			runes = append(runes, ' ', r, ' ')
		default:
			runes = append(runes, r)
		}
	}
	if n.strip {
		runes = n.chars.stripped(runes)
	}
	for _, r := range runes {
		if n.lower && n.chars.class(r)&upper != 0 {
			for _, to := range n.chars.lower[r] {
				dst = utf8.AppendRune(dst, to)
			}
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// stripped returns the canonical decomposition of runes without nonspacing marks: é comes apart into e and
// U+0301, which goes. Marks are put in order first, as the library does it; what is not a mark keeps its place.
func (t *characters) stripped(runes []rune) []rune {
	apart := make([]rune, 0, len(runes))
	for _, r := range runes {
		apart = t.decompose(apart, r)
	}
	t.order(apart)
	kept := apart[:0]
	for _, r := range apart {
		if t.class(r)&accent == 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

// frame is what a file puts around a text: at most one token before it and one behind.
type frame struct {
	start []int32
	end   int32
}

// special is a token of a frame: its text and its id.
type special struct {
	token string
	id    int32
}

// readFrame reads the post-processor. One that puts anything else around a single text is refused, as is one that
// the vocabulary contradicts: its ids would name other tokens, and the model would read a row that it never saw
// in training.
func readFrame(raw json.RawMessage, ids map[string]int32) (*frame, error) {
	const field = "post_processor"
	kind, err := partType(field, raw)
	if err != nil {
		return nil, err
	}
	// Both forms of the file give the same: the tokens around a text, in their order.
	var around []special
	switch kind {
	case "BertProcessing":
		around, err = readBertProcessing(raw)
	case "TemplateProcessing":
		around, err = readTemplate(raw)
	default:
		return nil, unsupported(field+".type", quoted(kind))
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", field, err)
	}
	for _, s := range around {
		if id, ok := ids[s.token]; !ok || id != s.id {
			return nil, fault.New(fault.Corrupt, "%s: token %q has id %d, which the vocabulary does not give it", field,
				s.token, s.id)
		}
	}
	// The last token ends the text; a token before it, if there is one, begins it.
	f := &frame{end: around[len(around)-1].id}
	if len(around) == 2 {
		f.start = []int32{around[0].id}
	}
	return f, nil
}

// readBertProcessing reads the older form, {"sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}.
func readBertProcessing(raw json.RawMessage) ([]special, error) {
	var p struct {
		Type     string `json:"type"`
		Sep, Cls special
	}
	err := strictly(raw, &p)
	return []special{p.Cls, p.Sep}, err
}

// UnmarshalJSON reads ["[SEP]", 102].
func (s *special) UnmarshalJSON(raw []byte) error {
	pair := []any{&s.token, &s.id}
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return fault.New(fault.Corrupt, "%s is no pair of token and id", bytes.TrimSpace(raw))
	}
	return nil
}

// templatePiece is a place of a template. A type of 1 would choose another row of the model's type embeddings.
type templatePiece struct {
	Sequence, SpecialToken *struct {
		ID   string `json:"id"`
		Type int    `json:"type_id"`
	}
}

// readTemplate reads what a TemplateProcessing puts around a single text; of pairs there are none here. For BERT:
//
//	"single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
//	           {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
func readTemplate(raw json.RawMessage) (around []special, err error) {
	var p struct {
		Type          string          `json:"type"`
		Single        []templatePiece `json:"single"`
		Pair          json.RawMessage `json:"pair"`
		SpecialTokens map[string]struct {
			ID     string   `json:"id"`
			IDs    []int32  `json:"ids"`
			Tokens []string `json:"tokens"`
		} `json:"special_tokens"`
	}
	if err := strictly(raw, &p); err != nil {
		return nil, err
	}
	pieces := p.Single
	text := len(pieces) - 2 // the place of the text: the end token stands behind it, at most one token before it
	if text != 0 && text != 1 || pieces[text].Sequence == nil || pieces[text].Sequence.ID != "A" ||
		pieces[text].Sequence.Type != 0 {
		return nil, unsupported("single", "other than a text with a token behind it and at most one before it, "+
			"all of type 0,")
	}
	for i, piece := range pieces {
		if i == text {
			continue
		}
		if piece.SpecialToken == nil || piece.SpecialToken.Type != 0 {
			return nil, unsupported("single", "with something else than one token of type 0 before or behind the text")
		}
		token := p.SpecialTokens[piece.SpecialToken.ID]
		if len(token.IDs) != 1 || len(token.Tokens) != 1 {
			return nil, unsupported("special_tokens."+piece.SpecialToken.ID, "of other than one id")
		}
		around = append(around, special{token.Tokens[0], token.IDs[0]})
	}
	return around, nil
}
