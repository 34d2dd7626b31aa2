package profiles

import (
	"regexp"
	"strings"
)

// None is the option of an answer that names none.
const None = -1

var (
	alone = strings.NewReplacer("(", "", ")", "", "[", "", "]", "", "{", "", "}", "", "*", "", ".", "")
	named = regexp.MustCompile(`(?i:answer\s*:|\banswer\s+is)[\s:(\[{*]*([A-Za-z])\b(.?)(\s*(?:or|and|/|&)\s*[A-Za-z]\b)?`)
	first = regexp.MustCompile(`^\s*([A-Za-z])[.):]`)
)

// Letter reads which of so many options a language model's answer names, the first being A, or None. The first rule
// that fits decides:
//
//	the whole answer is a letter, brackets, asterisks, full stop and blanks aside      (B), **b**, B.
//	it holds "Answer: X" or "answer is X"                                              The answer is B, not A
//	it begins with a letter and . ) or :                                               b) somewhat
//
// Anything else is None: two letters ("A or B"), sentences ("I think a lot of people"), a letter beyond the options.
// Texts of options are not looked for, since "None" is not "No".
func Letter(answer string, options int) int {
	if bare := strings.TrimSpace(alone.Replace(answer)); len(bare) == 1 {
		return option(bare, options)
	}
	if found := named.FindAllStringSubmatch(answer, -1); found != nil {
		at := None
		for i, m := range found {
			one := option(m[1], options)
			// "answer is a matter of taste" and "Answer: A or B" name no option, and two that differ name none either.
			if m[3] != "" || m[1] == "a" && m[2] == " " || i > 0 && one != at {
				return None
			}
			at = one
		}
		return at
	}
	if m := first.FindStringSubmatch(answer); m != nil {
		return option(m[1], options)
	}
	return None
}

// option is a letter's, None beyond the options and of what is no letter.
func option(letter string, options int) int {
	at := int(strings.ToUpper(letter)[0]) - 'A'
	if at < 0 || at >= options || len(letter) != 1 {
		return None
	}
	return at
}
