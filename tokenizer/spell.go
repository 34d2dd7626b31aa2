package tokenizer

import "strings"

// Speller is a Tokenizer that knows what its tokens stand for. OpenDaulet's does not.
type Speller interface {
	// Spell returns the bytes of a token, a blank where the file writes Ġ, without the ## of what goes on a word; false
	// for an id of no token. Of a character that is split between tokens each has some bytes only.
	Spell(id int32) (string, bool)
}

// Spell implements Speller. The table is made at the first call: most programs never ask.
func (t *plain) Spell(id int32) (string, bool) {
	t.spell.Do(t.spellAll)
	if id < 0 || int(id) >= len(t.spellings) || t.spellings[id] == "" {
		return "", false
	}
	return t.spellings[id], true
}

// spellAll makes the table. Added tokens come last: one that is an entry too is written as the file adds it.
func (t *plain) spellAll() {
	t.spellings = make([]string, t.size)
	for entry, id := range t.ids {
		t.spellings[id] = t.model.spell(entry)
	}
	for _, added := range []*addedTokens{t.raw, t.normalized} { // they are written as they are
		for _, list := range added.byFirst {
			for _, token := range list {
				t.spellings[token.id] = token.content
			}
		}
	}
}

// spell returns the bytes that an entry stands for.
func (b *bpe) spell(entry string) string {
	if piece, ok := entryBytes(entry, b.byteOf); ok {
		return piece
	}
	return entry
}

// spell returns an entry without the prefix that tells where in a word it stands.
func (w *wordPiece) spell(entry string) string { return strings.TrimPrefix(entry, w.prefix) }
