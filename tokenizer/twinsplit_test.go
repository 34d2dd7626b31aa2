package tokenizer

import "strings"

// step matches min to max characters that satisfy is, greedily; an alternative is a row of steps. A step
// with ahead set matches no character, but looks that the next one does not satisfy is.
type step struct {
	is       func(rune) bool
	min, max int
	ahead    bool
}
type alternative []step

const many = 1 << 30

func has(mask uint16) func(rune) bool {
	return func(r rune) bool { return tables().class(r)&mask != 0 }
}
func not(f func(rune) bool) func(rune) bool { return func(r rune) bool { return !f(r) } }
func one(chars string) func(rune) bool {
	return func(r rune) bool { return strings.ContainsRune(chars, r) }
}

// word spells text in lower or, if anyCase, upper case; the long s counts as an s then.
func word(text string, anyCase bool) (a alternative) {
	for _, r := range text {
		set := string(r)
		if anyCase {
			set += strings.ToUpper(set)
			if r == 's' {
				set += "ſ"
			}
		}
		a = append(a, step{is: one(set), min: 1, max: 1})
	}
	return a
}

func contractions(anyCase bool) (all []alternative) {
	for _, w := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		all = append(all, word(w, anyCase))
	}
	return all
}

var (
	space     = one(" ")
	breaks    = one("\r\n")
	lookAhead = step{is: not(has(blank)), ahead: true}
)

// qwenAlternatives is patternQwen, alternative by alternative.
func qwenAlternatives() []alternative {
	lead := func(r rune) bool { return !breaks(r) && !has(letter|number)(r) }
	return append(contractions(true),
		alternative{{is: lead, max: 1}, {is: has(letter), min: 1, max: many}},
		alternative{{is: has(number), min: 1, max: 1}},
		alternative{{is: space, max: 1}, {is: not(has(symbol)), min: 1, max: many}, {is: breaks, max: many}},
		alternative{{is: has(blank), max: many}, {is: breaks, min: 1, max: many}},
		alternative{{is: has(blank), min: 1, max: many}, lookAhead},
		alternative{{is: has(blank), min: 1, max: many}})
}

// gpt2Alternatives is patternGPT2.
func gpt2Alternatives() []alternative {
	return append(contractions(false),
		alternative{{is: space, max: 1}, {is: has(letter), min: 1, max: many}},
		alternative{{is: space, max: 1}, {is: has(number), min: 1, max: many}},
		alternative{{is: space, max: 1}, {is: not(has(symbol)), min: 1, max: many}},
		alternative{{is: has(blank), min: 1, max: many}, lookAhead},
		alternative{{is: has(blank), min: 1, max: many}})
}

func digitAlternatives() []alternative {
	return []alternative{
		{{is: has(numeric), min: 1, max: 1}},
		{{is: not(has(numeric)), min: 1, max: many}},
	}
}

// match returns the length of the match of steps at the start of s, −1 for none.
func match(s []rune, steps alternative) int {
	if len(steps) == 0 {
		return 0
	}
	first := steps[0]
	if first.ahead {
		if len(s) > 0 && first.is(s[0]) {
			return -1
		}
		return match(s, steps[1:])
	}
	n := 0
	for n < len(s) && n < first.max && first.is(s[n]) {
		n++
	}
	for ; n >= first.min; n-- {
		if rest := match(s[n:], steps[1:]); rest >= 0 {
			return n + rest
		}
	}
	return -1
}

func cut(s []rune, by []alternative) (pieces []string) {
	for len(s) > 0 {
		n := -1
		for _, a := range by {
			if n = match(s, a); n > 0 {
				break
			}
		}
		pieces, s = append(pieces, string(s[:n])), s[n:]
	}
	return pieces
}
