package tokenizer

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
)

// wordPiece takes from each word the longest entry it begins with, then of the rest the longest that goes on a
// word, until nothing is left. A word where that fails is unknown as a whole. It is immutable once built.
//
//	unaffable   un, not una: "una" is no entry
//	affable     ##aff
//	able        ##able      →   un ##aff ##able
//
// Greed may miss: with the entries ab, a and ##bc, "abc" begins with ab, and no ##c goes on: unknown, though a
// ##bc would do. BERT's vocabulary was used so in training, so this is right.
type wordPiece struct {
	chars    *characters
	begins   map[string]int32 // all entries as the file writes them
	goesOn   map[string]int32 // entries that go on a word, without their prefix
	longest  int              // bytes of the longest entry
	prefix   string           // ## in the file's spelling of what goes on a word
	unknown  int32
	maxChars int // longer words are unknown
}

// readWordPiece reads the "model" object; the library, too, wants all of it.
func readWordPiece(raw json.RawMessage, chars *characters) (*wordPiece, error) {
	var f struct {
		Type     string           `json:"type"`
		Unknown  *string          `json:"unk_token"`
		Prefix   *string          `json:"continuing_subword_prefix"`
		MaxChars *int             `json:"max_input_chars_per_word"`
		Vocab    map[string]int32 `json:"vocab"`
	}
	if err := strictly(raw, &f); err != nil {
		return nil, fault.New(fault.Corrupt, "model: %w", err)
	}
	if f.Unknown == nil || f.Prefix == nil || f.MaxChars == nil {
		return nil, fault.New(fault.Corrupt, "model lacks unk_token, continuing_subword_prefix or max_input_chars_per_word")
	}
	// An entry with the prefix stands in both maps: a word that begins with "##" may match it as it is written.
	w := &wordPiece{chars: chars, begins: f.Vocab, goesOn: map[string]int32{}, prefix: *f.Prefix, maxChars: *f.MaxChars}
	var ok bool
	if w.unknown, ok = f.Vocab[*f.Unknown]; !ok {
		return nil, fault.New(fault.Corrupt, "model.unk_token %q is not in model.vocab", *f.Unknown)
	}
	for entry, id := range f.Vocab {
		w.longest = max(w.longest, len(entry))
		if rest, ok := strings.CutPrefix(entry, *f.Prefix); ok {
			w.goesOn[rest] = id
		}
	}
	return w, nil
}

// encode appends the ids of a word. Blanks between words give none.
func (w *wordPiece) encode(dst []int32, word string) []int32 {
	if c, _ := w.chars.at(word, 0); c&blank != 0 {
		return dst
	}
	if len(word) > w.maxChars && utf8.RuneCountInString(word) > w.maxChars {
		return append(dst, w.unknown)
	}
	start, entries := len(dst), w.begins
	for len(word) > 0 {
		id, n := w.match(entries, word)
		if n == 0 {
			return append(dst[:start], w.unknown)
		}
		dst, word, entries = append(dst, id), word[n:], w.goesOn
	}
	return dst
}

// encodeFirst implements model. Of a word whose end is not seen nothing is settled but that a long one is unknown.
func (w *wordPiece) encodeFirst(dst []int32, word string, _ int, open bool) []int32 {
	if open && len(word) <= utf8.UTFMax*w.maxChars && utf8.RuneCountInString(word) <= w.maxChars {
		return dst
	}
	return w.encode(dst, word)
}

// lengths returns how many bytes of word each of its ids stands for. One id is the whole word: an entry, or
// unknown.
func (w *wordPiece) lengths(word string) (all []int) {
	ids := w.encode(nil, word)
	if len(ids) == 1 {
		return []int{len(word)}
	}
	entries := w.begins
	for range ids {
		_, n := w.match(entries, word)
		all = append(all, n)
		word, entries = word[n:], w.goesOn
	}
	return all
}

// match finds the longest of entries that word begins with; n is its length, 0 for none. Cuts inside a character
// are passed over. It tries at most longest lengths, whatever the word's.
func (w *wordPiece) match(entries map[string]int32, word string) (id int32, n int) {
	n = min(len(word), w.longest)
	for ; n > 0; n-- {
		if n < len(word) && !utf8.RuneStart(word[n]) {
			continue
		}
		if id, ok := entries[word[:n]]; ok {
			return id, n
		}
	}
	return 0, 0
}
