package tokenizer

import (
	"slices"
	"strings"
)

// addedTokens finds tokens that are matched in the text itself, before it is split into pieces. Special or
// not makes no difference here: the library matches both kinds. Comparing bytes is enough, because valid
// UTF-8 never has a character begin inside another.
type addedTokens struct {
	byFirst [256][]addedToken // by first byte, longest first
	first   byte              // the first byte of them all, when there is only one
	uniform bool
	empty   bool // nothing to look for
	longest int  // bytes
}

// addedToken is a token as it is matched: normalised, where the text will be.
type addedToken struct {
	content string
	id      int32
}

// newAddedTokens takes tokens whose content is not empty. Sorted by length, the first that fits at a place is the
// longest there: of "<|im|>" and "<|im|>x" the latter.
func newAddedTokens(tokens []addedToken) *addedTokens {
	a := &addedTokens{uniform: true, empty: len(tokens) == 0}
	for i, t := range tokens {
		c := t.content[0]
		a.byFirst[c] = append(a.byFirst[c], t)
		if i == 0 {
			a.first = c
		}
		a.uniform, a.longest = a.uniform && c == a.first, max(a.longest, len(t.content))
	}
	for _, list := range a.byFirst {
		slices.SortStableFunc(list, func(x, y addedToken) int { return len(y.content) - len(x.content) })
	}
	return a
}

// find returns where the leftmost token of s lies, the longest of those that begin there; without one, start is
// len(s). In "a<|im_end|>b" it is 1. The work is one look at each byte, and a comparison only where some token
// begins with it.
func (a *addedTokens) find(s string) (start int, found addedToken) {
	if a.empty {
		return len(s), addedToken{}
	}
	for i := 0; i < len(s); i++ {
		if a.uniform { // as in Qwen's, where all begin with <
			skip := strings.IndexByte(s[i:], a.first)
			if skip < 0 {
				break
			}
			i += skip
		}
		for _, t := range a.byFirst[s[i]] {
			if strings.HasPrefix(s[i:], t.content) {
				return i, t
			}
		}
	}
	return len(s), addedToken{}
}

// doubtful tells whether what find said of s, the beginning of a longer text, may be otherwise in the text: a
// token may begin near the end of s and end beyond it. "…<|im_en" has no token yet; two bytes more and it has.
func (a *addedTokens) doubtful(s string, start int) bool { return start > len(s)-max(a.longest, 1) }

// clear is the length of what is surely outside any token if find has found none before the doubtful end of s.
func (a *addedTokens) clear(s string) int { return wholeBefore(s, max(0, len(s)-max(a.longest, 1)+1)) }
