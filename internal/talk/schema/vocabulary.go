package schema

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// Vocabulary is what a model can write: its tokens as bytes, in alphabetical order, so that tokens with a common
// beginning stand together and the beginning is walked once. One is made for a model, and serves all of its schemas.
type Vocabulary struct {
	size    int
	tokens  []token
	longest int // bytes of a token
}

// token is one entry of a Vocabulary. Of {"a and {"b the second shares two bytes with the first.
type token struct {
	bytes  string
	id     int32
	shared int // bytes in common with the token before
}

// NewVocabulary takes what spells an id; false leaves the id out, as control tokens must be. size is the number of
// logits. Two ids may spell the same: both may come then, and the model says which.
func NewVocabulary(size int, spell func(id int32) (string, bool)) *Vocabulary {
	v := &Vocabulary{size: size}
	for id := range int32(size) {
		if s, ok := spell(id); ok && s != "" {
			v.tokens = append(v.tokens, token{bytes: s, id: id})
			v.longest = max(v.longest, len(s))
		}
	}
	slices.SortFunc(v.tokens, func(a, b token) int {
		return cmp.Or(strings.Compare(a.bytes, b.bytes), cmp.Compare(a.id, b.id))
	})
	for at := 1; at < len(v.tokens); at++ {
		a, b := v.tokens[at-1].bytes, v.tokens[at].bytes
		n := 0
		for n < len(a) && n < len(b) && a[n] == b[n] {
			n++
		}
		v.tokens[at].shared = n
	}
	return v
}

// beginnings are the lengths of the tokens that text begins with.
//
//	tokens y, ye, es, s; text yes     1, 2
func (v *Vocabulary) beginnings(text string) (lengths []int) {
	low := 0 // no token before it begins like text
	for n := 1; n <= len(text); n++ {
		low += sort.Search(len(v.tokens)-low, func(i int) bool { return v.tokens[low+i].bytes >= text[:n] })
		if low == len(v.tokens) || !strings.HasPrefix(v.tokens[low].bytes, text[:n]) {
			break
		}
		if len(v.tokens[low].bytes) == n {
			lengths = append(lengths, n)
		}
	}
	return lengths
}

// mask are the tokens that may come in a state.
type mask struct {
	bits []uint64
	most int // tokens that are needed with the costliest of them
}

// each calls take for every token that leaves something behind in state n, with what it leaves.
//
//	tokens  {  {"  {"a  {"b  }     state: {"b"…
//	{ leaves "b"…   {" leaves b"…   {"a dies at its third byte   {"b shares two bytes with it and goes on from there
func (v *Vocabulary) each(a *algebra, n *node, take func(id int32, behind *node)) {
	walked := []*node{n} // walked[k] is the state behind k bytes of the present token
	dead := endless      // bytes after which the present one died
	for _, t := range v.tokens {
		if t.shared >= dead {
			continue // its beginning died already
		}
		walked, dead = walked[:t.shared+1], endless
		for at := t.shared; at < len(t.bytes); at++ {
			next := a.after(walked[at], t.bytes[at])
			if next.op == never {
				dead = at + 1
				break
			}
			walked = append(walked, next)
		}
		if dead == endless {
			take(t.id, walked[len(t.bytes)])
		}
	}
}
