// Package shell writes commands so that a shell reads them again as they were meant, and takes such a line apart.
package shell

import (
	"strings"
)

// Word quotes a word that a shell would not leave alone. Within single quotes a shell leaves everything alone but
// the quote itself, which is written '\” : end, a quote, begin.
func Word(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./=:,+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Line is a command of these words.
func Line(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Word(word)
	}
	return strings.Join(quoted, " ")
}

// Split takes a line apart at its spaces. The words keep their quotes, so that a space inside them parts nothing.
// Split("a 'b c'") is a and 'b c', with its quotes: the words can be put on several lines and are still that
// command. A backslash keeps the sign after it, but not between single quotes.
func Split(line string) (words []string) {
	quote, escaped, word := rune(0), false, ""
	for _, r := range strings.TrimSpace(line) + " " {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote == 0 && r == ' ':
			if word != "" {
				words = append(words, word)
			}
			word = ""
			continue
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote:
			quote = 0
		}
		word += string(r)
	}
	if word = strings.TrimSpace(word); word != "" { // of a quote that nobody closes
		words = append(words, word)
	}
	return words
}
