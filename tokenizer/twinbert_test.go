package tokenizer

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// bertTwin is a second WordPiece for tests: each step over the whole text, by its definition, on strings.
type bertTwin struct {
	vocab     map[string]int32
	added     []string
	normalize struct {
		Clean bool  `json:"clean_text"`
		Apart bool  `json:"handle_chinese_chars"`
		Strip *bool `json:"strip_accents"`
		Lower bool  `json:"lowercase"`
	}
	unknown, prefix string
	most            int
}

func newBertTwin(t testing.TB, raw []byte) *bertTwin {
	t.Helper()
	w := &bertTwin{}
	var f struct {
		Normalizer any `json:"normalizer"`
		Model      struct {
			Vocab   map[string]int32 `json:"vocab"`
			Unknown string           `json:"unk_token"`
			Prefix  string           `json:"continuing_subword_prefix"`
			Most    int              `json:"max_input_chars_per_word"`
		}
		AddedTokens []struct{ Content string } `json:"added_tokens"`
	}
	f.Normalizer = &w.normalize
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	w.vocab, w.unknown, w.prefix, w.most = f.Model.Vocab, f.Model.Unknown, f.Model.Prefix, f.Model.Most
	for _, a := range f.AddedTokens {
		w.added = append(w.added, a.Content)
	}
	return w
}

// encode tries at each byte whether a token begins there; what lies between is normalised and cut into words.
func (w *bertTwin) encode(text string) (ids []int32) {
	between := ""
	for text != "" {
		token := ""
		for _, a := range w.added {
			if len(a) > len(token) && len(a) <= len(text) && text[:len(a)] == a {
				token = a
			}
		}
		if token == "" {
			between, text = between+text[:1], text[1:]
			continue
		}
		ids = append(append(ids, w.words(between)...), w.vocab[token])
		between, text = "", text[len(token):]
	}
	return append(ids, w.words(between)...)
}

func (w *bertTwin) words(text string) (ids []int32) {
	t, word := tables(), ""
	end := func() {
		if word != "" {
			ids = append(ids, w.pieces(word)...)
		}
		word = ""
	}
	for _, r := range w.normalised(text) {
		switch class := t.class(r); {
		case class&blank != 0:
			end()
		case class&punctuation != 0:
			end()
			ids = append(ids, w.pieces(string(r))...)
		default:
			word += string(r)
		}
	}
	end()
	return ids
}

func (w *bertTwin) normalised(text string) []rune {
	t := tables()
	step := func(runes []rune, on bool, each func(r rune) []rune) (out []rune) {
		if !on {
			return runes
		}
		for _, r := range runes {
			out = append(out, each(r)...)
		}
		return out
	}
	when := func(bit uint16, then ...rune) func(r rune) []rune {
		return func(r rune) []rune {
			if t.class(r)&bit != 0 {
				return then
			}
			return []rune{r}
		}
	}
	runes := step([]rune(text), w.normalize.Clean, when(control))
	runes = step(runes, w.normalize.Clean, when(blank, ' '))
	runes = step(runes, w.normalize.Apart, func(r rune) []rune { return when(ideograph, ' ', r, ' ')(r) })
	strip := w.normalize.Lower
	if w.normalize.Strip != nil {
		strip = *w.normalize.Strip
	}
	if strip {
		runes = slowOrder(step(runes, true, func(r rune) []rune { return t.decompose(nil, r) }))
	}
	runes = step(runes, strip, when(accent))
	return step(runes, w.normalize.Lower, func(r rune) []rune {
		if to, ok := t.lower[r]; ok {
			return to
		}
		return []rune{r}
	})
}

// pieces takes the longest entry again and again, from strings put together anew each time.
func (w *bertTwin) pieces(word string) (ids []int32) {
	if utf8.RuneCountInString(word) > w.most {
		return []int32{w.vocab[w.unknown]}
	}
	runes := []rune(word)
	for start := 0; start < len(runes); {
		end := len(runes)
		for ; end > start; end-- {
			entry := string(runes[start:end])
			if start > 0 {
				entry = w.prefix + entry
			}
			if id, ok := w.vocab[entry]; ok {
				ids = append(ids, id)
				break
			}
		}
		if end == start {
			return []int32{w.vocab[w.unknown]}
		}
		start = end
	}
	return ids
}
