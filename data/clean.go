package data

import (
	"html"
	"strings"
	"unicode"

	"hives/internal/unicodex"
)

// CleanText is the hygiene of every imported text: HTML entities unescaped until nothing changes (comments hold
// "&amp;#039;"), control characters and runs of white space made one space, outer spaces, byte-order marks and
// zero-width spaces removed, NFC.
//
//	"He said:\n &amp;quot;no&amp;quot;\u200b "   →   He said: "no"
//
// Invariant: CleanText(CleanText(s)) = CleanText(s). Text ids are made of cleaned text, so a file that was
// cleaned once and one that was cleaned twice must hold the same texts.
func CleanText(s string) string {
	s = unicodex.NFC(unescape(plain(s))) // again: decoded marks compose with what stands before them
	var b strings.Builder
	b.Grow(len(s))
	gap := false // white space is pending: written only before a letter, so never at either end
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			gap = b.Len() > 0
		default:
			if gap {
				b.WriteByte(' ')
				gap = false
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain composes s and takes out the byte-order mark and the zero-width space. Both can make an entity appear
// (U+037E composes to a semicolon), so it comes before decoding and goes over what was decoded.
func plain(s string) string { return invisible.Replace(unicodex.NFC(s)) }

var invisible = strings.NewReplacer("\uFEFF", "", "\u200B", "")

// maxEntity bounds an entity's length in bytes; the longest name of HTML has 33.
const maxEntity = 40

// unescape decodes HTML entities, those that appear by decoding included. It works on the end of what it has
// written, so that a text of nested entities costs no more than its length: "&amp;amp;lt;" is written up to its
// first semicolon, "&amp;" becomes "&", the "amp;" that follows makes another "&amp;", and so on down to "<".
// Decoding the whole text until it stops changing would go over it once a nesting.
func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		out = append(out, s[i])
		for len(out) > 0 && out[len(out)-1] == ';' {
			start := entityStart(out)
			if start < 0 {
				break
			}
			decoded, ok := decodeEntity(string(out[start:]))
			if !ok {
				break
			}
			out = append(out[:start], plain(decoded)...)
		}
	}
	return string(out)
}

// entityStart finds the '&' of the entity that ends out, −1 if there is none.
func entityStart(out []byte) int {
	for i := len(out) - 2; i >= 0 && len(out)-i <= maxEntity; i-- {
		switch c := out[i]; {
		case c == '&':
			return i
		case c != '#' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'):
			return -1
		}
	}
	return -1
}

// decodeEntity decodes "&name;" if all of it is one entity: HTML would also take the "&not" of "&notit;".
func decodeEntity(entity string) (string, bool) {
	decoded := html.UnescapeString(entity)
	if decoded == entity || decoded == "" || (strings.HasSuffix(decoded, ";") && decoded != ";") {
		return "", false
	}
	return decoded, true
}
