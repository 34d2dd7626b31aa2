package schema

import (
	"slices"
	"strings"
)

// op is a kind of expression.
//
//	{"enum": ["yes", "no"]}     alt of text "yes" and text "no", both with their quotes
//	{"type": "boolean"}         alt of text true and text false
//	two or three digits         repeat of class 0–9, min 2, max 3
type op byte

const (
	never  op = iota // no text at all
	empty            // the empty text
	text             // one text
	class            // one byte out of a set
	seq              // left, then right
	alt              // one of many
	repeat           // left, min to max times
)

// endless is the max of a repetition without one, and the length of what cannot be written. Lengths are held at it,
// so that sums of lengths cannot run over.
const endless = 1 << 30

// node is an expression. Equal ones are one node, so that a node is a state and what was found out about it holds.
// Two nodes may still be one language written in two ways; that costs states, and makes nothing wrong.
type node struct {
	op          op
	text        string
	set         bytes256
	left, right *node
	min, max    int
	many        []*node

	id    int32
	ends  bool // the empty text is in it: the answer may end here
	least int  // bytes of its shortest text

	next  *[256]*node // derivatives that were asked for
	mask  *mask
	need  int  // tokens of the shortest text; 0 before it was looked for
	first byte // of the shortest text
	found bool // first is known
}

// bytes256 is a set of bytes. One bit a byte, so that equal sets are equal keys of a map.
type bytes256 [4]uint64

func (s *bytes256) add(from, to byte) {
	for b := int(from); b <= int(to); b++ {
		s[b>>6] |= 1 << (b & 63)
	}
}

func (s *bytes256) has(b byte) bool { return s[b>>6]>>(b&63)&1 == 1 }

// algebra makes nodes, each once. A node is found by its parts' ids: the parts were made before, each once, so ids
// are equal exactly where the parts are.
type algebra struct {
	made  map[key]*node
	count int32
}

// key is what makes a node that node and no other. Of an alternative text holds the ids of its parts.
type key struct {
	op          op
	text        string
	set         bytes256
	left, right int32
	min, max    int
}

func newAlgebra() *algebra { return &algebra{made: make(map[key]*node)} }

// node returns the node that there is, or keeps this one under a new id.
func (a *algebra) node(n node) *node {
	k := key{op: n.op, text: n.text, set: n.set, min: n.min, max: n.max}
	if n.left != nil {
		k.left = n.left.id
	}
	if n.right != nil {
		k.right = n.right.id
	}
	if n.op == alt {
		k.text = ids(n.many)
	}
	if old, ok := a.made[k]; ok {
		return old
	}
	a.count++
	n.id = a.count
	a.made[k] = &n
	return &n
}

// ids names a set of nodes. Four bytes an id, so no two lists run together. alt has sorted them.
func ids(nodes []*node) string {
	var out strings.Builder
	for _, n := range nodes {
		out.Write([]byte{byte(n.id >> 24), byte(n.id >> 16), byte(n.id >> 8), byte(n.id)})
	}
	return out.String()
}

// never is where an answer ends up that took a wrong byte; empty is where nothing is left to be written.
func (a *algebra) never() *node { return a.node(node{op: never, least: endless}) }
func (a *algebra) empty() *node { return a.node(node{op: empty, ends: true}) }

// text is one text. No byte of it can be left out, so what is left behind its first byte is its rest.
func (a *algebra) text(s string) *node {
	if s == "" {
		return a.empty()
	}
	return a.node(node{op: text, text: s, least: len(s)})
}

// class takes pairs: the first and the last byte of each range.
func (a *algebra) class(ranges ...byte) *node {
	n := node{op: class, least: 1}
	for at := 0; at < len(ranges); at += 2 {
		n.set.add(ranges[at], ranges[at+1])
	}
	return a.node(n)
}

// seq is all of parts in their order, built so that (a b) c and a (b c) are one node.
//
//	(a b) c             a (b c)
//	a, empty, b         a b
//	a, never, b         never: what cannot be finished is not begun
func (a *algebra) seq(parts ...*node) *node {
	out := a.empty()
	for _, left := range slices.Backward(parts) {
		switch {
		case left.op == never || out.op == never:
			return a.never()
		case left.op == empty:
		case out.op == empty:
			out = left
		case left.op == seq:
			out = a.seq(left.left, a.seq(left.right, out))
		default:
			out = a.node(node{op: seq, left: left, right: out, ends: left.ends && out.ends,
				least: min(endless, left.least+out.least)})
		}
	}
	return out
}

// alt is one of many: a set, so order and repetition do not count.
//
//	a | (b | a) | never      a | b
func (a *algebra) alt(many ...*node) *node {
	var flat []*node
	for _, n := range many {
		switch n.op {
		case never:
		case alt:
			flat = append(flat, n.many...)
		default:
			flat = append(flat, n)
		}
	}
	slices.SortFunc(flat, func(x, y *node) int { return int(x.id - y.id) })
	flat = slices.Compact(flat)
	switch len(flat) {
	case 0:
		return a.never()
	case 1:
		return flat[0]
	}
	out := node{op: alt, many: flat, least: endless}
	for _, n := range flat {
		out.ends = out.ends || n.ends
		out.least = min(out.least, n.least)
	}
	return a.node(out)
}

// repeat is e from least to most times. e is never empty: that would make "how often" a matter of taste.
func (a *algebra) repeat(e *node, least, most int) *node {
	if most == 0 {
		return a.empty()
	}
	return a.node(node{op: repeat, left: e, min: least, max: most, ends: least == 0, least: min(endless, least*e.least)})
}

// maybe is e or nothing.
func (a *algebra) maybe(e *node) *node { return a.repeat(e, 0, 1) }

// after is what may follow once b was written: the derivative of n by b (Brzozowski 1964). It is kept with n: of a
// text of 100 letters the same few states are met again and again.
func (a *algebra) after(n *node, b byte) *node {
	if n.next == nil {
		n.next = new([256]*node)
	}
	if n.next[b] == nil {
		n.next[b] = a.derive(n, b)
	}
	return n.next[b]
}

// derive works out one derivative; what is not in n at all leaves never.
//
//	n               after a
//	"ab"            "b"
//	[a-c]           empty
//	"a"? "ab"       "ab" | "b"      the first a may be the optional one or the other's
//	a{2,3}          a{1,2}
//	"x"             never
func (a *algebra) derive(n *node, b byte) *node {
	switch {
	case n.op == text && n.text[0] == b:
		return a.text(n.text[1:])
	case n.op == class && n.set.has(b):
		return a.empty()
	case n.op == seq:
		out := a.seq(a.after(n.left, b), n.right)
		if n.left.ends {
			out = a.alt(out, a.after(n.right, b))
		}
		return out
	case n.op == alt:
		left := make([]*node, len(n.many))
		for at, one := range n.many {
			left[at] = a.after(one, b)
		}
		return a.alt(left...)
	case n.op == repeat:
		most := n.max
		if most != endless {
			most--
		}
		return a.seq(a.after(n.left, b), a.repeat(n.left, max(0, n.min-1), most))
	}
	return a.never()
}

// forget drops what was found out, so that a schema with very many states takes bounded memory. Nodes in use stay
// right: what they lead to is made again.
func (a *algebra) forget() {
	for _, n := range a.made {
		n.next, n.mask = nil, nil
	}
	a.made = make(map[key]*node)
}
