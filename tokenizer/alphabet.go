package tokenizer

import "unicode/utf8"

// byteRunes maps each byte to the character that stands for it in the vocabulary of a byte-level BPE: printable
// Latin-1 characters stand for themselves, the rest moves up to U+0100 and beyond. So a blank is Ġ (U+0120) in
// every file, and no entry holds a blank or a control character.
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
