package data

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minus is the one sign that is written without a space after it: "-5" is a number, "- 5" an item of a list.
const minus = "-"

// signAt finds the sign that begins at a byte of a cleaned text in lower case: an emoticon, a sign of mathematics
// or money, per cent, a minus before a number, what parts the digits of one. It returns the sign as ids have it
// and its length in the text, 0 where there is none. Brackets, slashes, hyphens, full stops, question and
// exclamation marks of ordinary prose are none: texts that differ only in them count as one.
//
// Two mistakes are possible, and they are not alike. A sign too many makes two ids of one text: a duplicate
// stays, and may cross a split. A sign too few makes one id of two texts that say opposite things: a label is
// lost as a contradiction that nobody wrote.
func signAt(s string, at int) (written string, taken int) {
	if written, taken = emoticon(s, at); taken > 0 {
		return written, taken
	}
	r, size := utf8.DecodeRuneInString(s[at:])
	before, after := beside(s, at, at+size)
	switch {
	case r == '-' || r == '\u2212': // U+2212 is the typographer's minus
		if isMinus(s[at+size:], before) || isGrade(s[:at], after) {
			return minus, size
		}
		return "", 0
	case r == '!': // "a != b", "!true"
		kept := after == '=' || after == '<' || after == '>' || (isWord(after) && !isWord(before) && before != '!')
		return "!", length(kept, size)
	case r == '#': // "c#", but not "#tag"
		return "#", length(unicode.IsLetter(before) && !isWord(after), size)
	case r == '&' || r == '|': // "a && b"; one alone joins names and parts columns
		return string(r), length(after == r || before == r, size)
	case r == '>' && isQuoteMark(s, at):
		return "", 0
	case strings.ContainsRune("./:*", r): // "3.5", "3/5", "3:5", "3*5", "a /= b"; commas and hyphens only part digits
		number := unicode.IsDigit(before) && unicode.IsDigit(after)
		return string(r), length(number || (r == '/' && after == '='), size)
	}
	return string(r), length(carriesMeaning(r), size)
}

// isQuoteMark tells the ">" before quoted lines in comments from a comparison, which has something before it.
func isQuoteMark(s string, at int) bool {
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(s[at:], "> "))
	return strings.Trim(s[:at], "> ") == "" && unicode.IsLetter(next)
}

// length is n if the sign counts; it lets a rule be one line.
func length(counts bool, n int) int {
	if counts {
		return n
	}
	return 0
}

// carriesMeaning tells signs that count wherever they stand.
func carriesMeaning(r rune) bool {
	switch {
	case unicode.In(r, unicode.Sm, unicode.Sc): // < > = + ± × ≠ ¬ →, $ € £
		return true
	case r >= 0x1F3FB && r <= 0x1F3FF: // skin tones
		return true
	case r >= 0xE0020 && r <= 0xE007F: // what tells Scotland's flag from Wales's
		return true
	}
	return strings.ContainsRune("%‰‱′″^", r)
}

// isMinus tells a minus before a number, as in "-5", "(-.5" or "-$5", from a hyphen, as in "covid-19" or "2-3".
func isMinus(rest string, before rune) bool {
	rest = strings.TrimLeftFunc(rest, func(r rune) bool { return r == '.' || unicode.Is(unicode.Sc, r) })
	next, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsDigit(next) && !isWord(before) && before != '-' && before != '.'
}

// grades are the words whose minus counts: marks of schools and blood groups.
var grades = []string{"a", "b", "c", "d", "e", "f", "o", "ab", "rh"}

// isGrade tells the minus of "a-" or "rh-" from a hyphen.
func isGrade(s string, after rune) bool {
	if after == '-' || isWord(after) {
		return false
	}
	word := s[strings.LastIndexAny(s, " ([\"'/,;:")+1:]
	return slices.Contains(grades, word)
}

// beside are the runes around s[from:to], a space at either end.
func beside(s string, from, to int) (before, after rune) {
	before, after = ' ', ' '
	if from > 0 {
		before, _ = utf8.DecodeLastRuneInString(s[:from])
	}
	if to < len(s) {
		after, _ = utf8.DecodeRuneInString(s[to:])
	}
	return before, after
}

// isWord tells what can be part of a word: a sign beside it may belong to the word.
func isWord(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.M) }

// Parts of an emoticon. Brackets are mouths wherever no word follows, since ":(a)" begins a list; other mouths have
// uses of their own ("http://", "**note:**") and must stand free.
const (
	eyes      = ":;="
	noses     = "-^'’*,"
	brackets  = "()[]{}"
	freeMouth = "/\\|@$#*dpobcsx3l"
)

// faces are emoticons that have no eyes and mouth of the usual kind.
var faces = []string{"-_-", "-.-", ";_;", ";-;", "._.", "</3", "\\o/", "/o\\"}

// emoticon finds a face at a byte: ":-(" and ":(((" are ":(", "):" is a face too. Noses and repetitions say
// nothing, so they go; a tear does say something, and ":'(" stays apart from ":(".
func emoticon(s string, at int) (written string, taken int) {
	switch c := s[at]; {
	case strings.IndexByte(eyes, c) >= 0:
		if written, taken = upright(s, at); taken > 0 {
			return written, taken
		}
	case strings.IndexByte(brackets, c) >= 0:
		return reversed(s, at)
	}
	for _, face := range faces {
		if strings.HasPrefix(s[at:], face) {
			before, after := beside(s, at, at+len(face))
			return face, length(!isWord(before) && !isWord(after), len(face))
		}
	}
	return "", 0
}

// upright reads eyes, perhaps a nose or a tear, and a mouth.
func upright(s string, at int) (written string, taken int) {
	// to runs ahead of the face's end: past the eyes, then a nose, then a mouth.
	to, tear := at+1, ""
	for _, nose := range noses {
		if n := string(nose); strings.HasPrefix(s[to:], n) && to+len(n) < len(s) && isMouth(s[to+len(n)]) {
			if to += len(n); nose == '\'' || nose == '’' || nose == ',' {
				tear = "'"
			}
			break
		}
	}
	if to >= len(s) || !isMouth(s[to]) {
		return "", 0
	}
	mouth := s[to]
	bracket := strings.IndexByte(brackets, mouth) >= 0
	for to++; bracket && to < len(s) && s[to] == mouth; to++ { // ":)))"
	}
	before, after := beside(s, at, to)
	free := !isWord(after)
	if !bracket {
		free = !isWord(after) && after != '/' && after != '*' && unicode.IsSpace(before)
		if mouth == '/' || mouth == '\\' { // also "fine:/", but not "http://"
			free = !isWord(after) && after != rune(mouth) && !unicode.IsDigit(before)
		}
	}
	return s[at:at+1] + tear + string(mouth), length(free, to-at)
}

// reversed reads a mouth before eyes, "(:" or ")-:". It must stand between spaces: "(see note): text" holds none.
func reversed(s string, at int) (written string, taken int) {
	to := at + 1
	for to < len(s) && s[to] == s[at] {
		to++
	}
	if to < len(s) && strings.IndexByte("-'", s[to]) >= 0 {
		to++
	}
	if to >= len(s) || strings.IndexByte(eyes, s[to]) < 0 {
		return "", 0
	}
	before, after := beside(s, at, to+1)
	return s[at:at+1] + s[to:to+1], length(unicode.IsSpace(before) && unicode.IsSpace(after), to+1-at)
}

// isMouth tells whether a byte can be a mouth, of either kind.
func isMouth(c byte) bool { return strings.IndexByte(brackets+freeMouth, c) >= 0 }
