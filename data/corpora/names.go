package corpora

import (
	"cmp"
	"slices"
	"strings"

	"hives/data/theories"
)

// maxListed bounds the unknown names that a summary lists; ValuePrism has tens of thousands.
const maxListed = 50

// maxName bounds a listed name in runes.
const maxName = 60

// miss counts a label that names no node. It is left out, never guessed.
func (c *collector) miss(name string) {
	c.drop("label that names no node")
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName]) + "…"
	}
	c.unknown[name]++
}

// ranked lists counted names, the most frequent first, equal ones by name; the rest is one sum. It is what a
// person would map by hand first.
func ranked(names map[string]int) []Count {
	var out []Count
	for name, n := range names {
		out = append(out, Count{name, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason)) })
	if len(out) <= maxListed {
		return out
	}
	rest := Count{Reason: "(all other names)"}
	for _, c := range out[maxListed:] {
		rest.N += c.N
	}
	return append(out[:maxListed], rest)
}

// label is one node that a name stands for.
type label struct {
	theory string
	path   theories.Path
}

// lookUp finds the node of the first of the theory's names that fits; false if none does. A value with two
// parents gets its canonical path. Case, punctuation and spaces do not count ("Self-Direction",
// "self_direction").
func lookUp(theory string, names ...string) (label, bool) {
	for _, name := range names {
		if theories.Slug(name) == "" { // would resolve to whatever has no name
			continue
		}
		if nodes := theories.Builtin().Resolve(theory, name); len(nodes) > 0 {
			return label{theory, nodes[0]}, true
		}
	}
	return label{}, false
}

// foundationNames are the names that publishers give the six foundations, beyond the hierarchy's own ("care-harm")
// and the halves of those ("care"). Purity is the older name of sanctity.
var foundationNames = map[string]string{"purity": "sanctity/degradation", "purity-degradation": "sanctity/degradation"}

// foundation finds the level-1 node of mft that a publisher's name stands for: "Care", "care-harm", "Harm" are
// care/harm. A virtue's name is none: a corpus that annotates foundations means no more by it.
func foundation(name string) (theories.Path, bool) {
	slug := theories.Slug(name)
	tree, _ := theories.Builtin().Get("mft")
	for _, node := range tree.Nodes() {
		first, second, _ := strings.Cut(node[0], "/")
		if node.Len() == 1 && slug != "" && slices.Contains([]string{theories.Slug(node[0]), first, second}, slug) {
			return node, true
		}
	}
	long, ok := foundationNames[slug]
	if !ok {
		return theories.Path{}, false
	}
	return theories.Path{long}, true
}
