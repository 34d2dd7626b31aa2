package tokenizer

// Speller is a Tokenizer that knows what its tokens stand for. OpenDaulet's does not.
type Speller interface {
	// Spell returns the bytes of a token, a blank where the file writes Ġ; false for an id of no token. Of a
	// character that is split between tokens each has some bytes only.
	Spell(id int32) (string, bool)
}

// Spell implements Speller. The table is made at the first call: most programs never ask.
func (t *byteLevel) Spell(id int32) (string, bool) {
	t.spell.Do(t.spellAll)
	if id < 0 || int(id) >= len(t.spellings) || t.spellings[id] == "" {
		return "", false
	}
	return t.spellings[id], true
}

func (t *byteLevel) spellAll() {
	byteOf := make(map[rune]byte, 256)
	for i, r := range byteRunes() {
		byteOf[r] = byte(i)
	}
	t.spellings = make([]string, t.size)
	for entry, id := range t.ids {
		if piece, ok := entryBytes(entry, byteOf); ok {
			entry = piece
		}
		t.spellings[id] = entry
	}
	for _, added := range []*addedTokens{t.raw, t.normalized} { // they are written as they are
		for _, list := range added.byFirst {
			for _, token := range list {
				t.spellings[token.id] = token.content
			}
		}
	}
}
