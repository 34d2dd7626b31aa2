package data

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NormaliseText is what two texts have in common that count as one: CleanText, lower case, and only letters,
// marks, digits, pictorial symbols and the signs that can turn a meaning round: "I left :)" and "I left :(" are
// two texts, and so are "a > b" and "a < b", "+1" and "-1" (see signAt). Apostrophes and format characters vanish
// (don't = dont); every other run of punctuation and spaces is one space. A text of punctuation alone stays as it
// is.
//
//	"I don't -- really! -- CARE."   →   i dont really care
//	"5% of -3 :-)"                  →   5 % of -3 :)
//
// The form is only ever hashed and compared, never shown: what a model sees is the text itself. Changing it
// changes the id of texts, and with it where splits put them.
func NormaliseText(s string) string {
	return normalise(strings.ToLower(CleanText(s)), signAt) // cleaned, so that a raw text and its clean form have one id
}

// TextID identifies a text: the first 16 bytes of SHA-256 of its normalised form, in hex.
func TextID(text string) string { return hashed(NormaliseText(text)) }

// EarlierTextID is the id that programs before the signs gave a text: files and banks of that time hold it. Nearly
// all texts have no such sign, and for them it is TextID.
func EarlierTextID(text string) string {
	none := func(string, int) (string, int) { return "", 0 }
	return hashed(normalise(strings.ToLower(CleanText(text)), none))
}

// hashed is the first half of SHA-256, 32 hex digits: the chance that any two of a billion texts share one is
// some 10⁻²¹.
func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// normalise folds a cleaned text in lower case. sign tells what stands at a byte of the text: the sign as it is
// written out and the bytes it takes, 0 for none. gap is a space that is owed: it is written before the next
// piece, so none stands at the end.
func normalise(s string, sign func(s string, at int) (written string, taken int)) string {
	var b strings.Builder
	b.Grow(len(s))
	gap, words := false, false
	put := func(piece string) {
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteString(piece)
	}
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		written, taken := "", 0
		// Letters, digits, marks and blanks begin no sign; asking only for the rest keeps long texts quick.
		if !unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Zs) {
			written, taken = sign(s, at)
		}
		switch {
		case taken > 0:
			gap = b.Len() > 0 // a sign is a word of its own: "5%" is "5 %"
			put(written)
			gap = written != minus
			size = taken
		case unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So):
			put(s[at : at+size])
			words = true
		case r == '\'' || r == '\u2019' || r == '\u02BC' || r == '`' || unicode.Is(unicode.Cf, r):
		default:
			gap = b.Len() > 0
		}
		at += size
	}
	if !words {
		return s
	}
	return b.String()
}
