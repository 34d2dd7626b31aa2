package theories

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Depth is the largest number of levels of any theory.
const Depth = 3

// Path names a node, coarse to fine; empty where it ends. {"care/harm", "", ""} is a node of level 1, and a complete
// answer: annotators stop where they are sure. An array and not a slice, so that a path can be compared and be the
// key of a map.
type Path [Depth]string

// Len is the number of levels that the path names.
func (p Path) Len() int {
	for k, name := range p {
		if name == "" {
			return k
		}
	}
	return Depth
}

// Name is the finest name of the path.
func (p Path) Name() string {
	if n := p.Len(); n > 0 {
		return p[n-1]
	}
	return ""
}

// Parent is the path one level up; empty above level 1.
func (p Path) Parent() Path { return p.prefix(max(0, p.Len()-1)) }

// prefix cuts the path after n levels. prefix(0) is the empty path, the root's.
func (p Path) prefix(n int) Path {
	var out Path
	copy(out[:n], p[:n])
	return out
}

// Tree is one theory.
//
//	openness to change                 nodes of level 1
//	  hedonism  ────────────┐          one value, two nodes: twins of each other;
//	self-enhancement        │          home of both is the path below openness to change
//	  power                 │
//	  hedonism  ────────────┘
//
// Invariant: nodes lists parents before children, and each node once.
// Invariant: a name that several nodes bear is one value with several parents, and only leaves are.
type Tree struct {
	Theory     string   // svt, mft, duty, right, or what a file calls its own
	Name       string   // in words
	LevelNames []string // coarse to fine; its length is the theory's depth
	Leaves     []Path   // every root-to-leaf path, in the file's order

	nodes   []Path              // every node once, parents before children
	bySlug  map[string][]Path   // slug of a name → its nodes, the canonical one first
	node    map[string]Path     // joined slugs of a path → the path as the file spells it
	twins   map[Path][]Path     // node → the other paths of the same value
	home    map[Path]Path       // node → its canonical path, where the value has several
	kids    map[string][]string // joined slugs of a path → names one level below, in order
	defined map[Path]Definition // canonical node → its definition
	works   map[string]Work     // key → work
	source  string              // the file of an own theory, whole
}

// Nodes returns every node of the tree, parents before children. It is the tree's own list: the caller owes it not to
// change it.
func (t *Tree) Nodes() []Path { return t.nodes }

// Children returns the nodes one level below p, in the file's order; those of level 1 for the empty path. A leaf and
// a path that is no node have none.
func (t *Tree) Children(p Path) []Path {
	names := t.kids[key(p)]
	out := make([]Path, len(names))
	for i, name := range names {
		out[i] = p
		out[i][p.Len()] = name
	}
	return out
}

// order fixes in which sequence theories are listed everywhere.
var order = []string{"svt", "mft", "duty", "right"}

// canonicalParent decides the level-1 parent of svt's values with two; doc.go says why.
var canonicalParent = map[string]string{
	"hedonism": "openness to change",
	"humility": "conservation",
	"face":     "self-enhancement",
}

//go:embed hierarchies/*.json definitions/*.toml
var files embed.FS

// trees reads the embedded files once. They are part of the program: a fault in them is found by any test, and
// panics.
var trees = sync.OnceValue(func() map[string]*Tree {
	out := map[string]*Tree{}
	for _, theory := range order {
		t, err := embedded(theory)
		if err != nil {
			panic(err)
		}
		out[theory] = t
	}
	return out
})

// embedded reads one of the four theories: its tree and its definitions.
func embedded(theory string) (*Tree, error) {
	raw, err := files.ReadFile("hierarchies/" + theory + ".json")
	if err != nil {
		return nil, err
	}
	t, err := parse(theory, raw)
	if err != nil {
		return nil, err
	}
	place := "definitions/" + theory + ".toml"
	if raw, err = files.ReadFile(place); err != nil {
		return nil, err
	}
	var d definitionsFile
	if err := decode(place, raw, &d); err != nil {
		return nil, err
	}
	if d.Theory != theory {
		return nil, fmt.Errorf("theories: %s: defines theory %q", place, d.Theory)
	}
	return t, t.define(d.vocabulary)
}

// parse reads one hierarchy file and refuses what the rest of the program could not index. The file of svt says
// nothing of canonical parents: they come from the table above.
func parse(theory string, raw []byte) (*Tree, error) {
	var h hierarchy
	if err := json.Unmarshal(raw, &h); err != nil {
		return nil, fmt.Errorf("theories: %s: %w", theory, err)
	}
	if h.Theory != theory {
		return nil, fmt.Errorf("theories: %s: names theory %q", theory, h.Theory)
	}
	if theory == "svt" {
		h.CanonicalParent = canonicalParent
	}
	t, err := h.build()
	if err != nil {
		return nil, fmt.Errorf("theories: %s: %w", theory, err)
	}
	return t, nil
}

// hierarchy is the structure of a theory as files give it.
//
//	{"theory": "mft", "name": "moral foundations theory", "level_names": ["foundation", "virtue"],
//	 "paths": [["care/harm", "caring"], ["care/harm", "kindness"], …]}
//
// Every inner node follows from the paths below it; there is no other list that could disagree.
type hierarchy struct {
	Theory          string            `json:"theory" toml:"theory"`
	Name            string            `json:"name" toml:"name"`
	LevelNames      []string          `json:"level_names" toml:"level_names"`
	Paths           [][]string        `json:"paths" toml:"paths"`
	CanonicalParent map[string]string `json:"canonical_parent" toml:"canonical_parent"` // name → level-1 parent
}

// build indexes the tree. A file lists root-to-leaf paths; nodes, children and names follow from them. Errors name
// the path by its place in the file, from 1.
//
//	paths [care/harm caring] [care/harm kindness]
//	nodes care/harm, care/harm caring, care/harm kindness       kids of care/harm: caring, kindness
func (h *hierarchy) build() (*Tree, error) {
	if len(h.LevelNames) == 0 || len(h.LevelNames) > Depth || len(h.Paths) == 0 {
		return nil, fmt.Errorf("names %d levels and %d paths; it needs 1 to %d levels and at least one path",
			len(h.LevelNames), len(h.Paths), Depth)
	}
	t := &Tree{
		Theory: h.Theory, Name: h.Name, LevelNames: h.LevelNames,
		bySlug: map[string][]Path{}, node: map[string]Path{}, twins: map[Path][]Path{},
		home: map[Path]Path{}, kids: map[string][]string{},
	}
	for i, names := range h.Paths {
		if err := t.addLeaf(names); err != nil {
			return nil, fmt.Errorf("path %d: %w", i+1, err)
		}
	}
	return t, t.linkTwins(h.CanonicalParent)
}

// addLeaf enters a root-to-leaf path and those of its parents that are new. Two spellings of one node ("Care",
// "care") are refused: the second would otherwise be a node that no lookup finds.
func (t *Tree) addLeaf(names []string) error {
	if len(names) == 0 || len(names) > len(t.LevelNames) {
		return fmt.Errorf("has %d levels, the theory %d", len(names), len(t.LevelNames))
	}
	var leaf Path
	copy(leaf[:], names)
	fresh := false
	for n := 1; n <= len(names); n++ {
		// From the root to the leaf: each prefix is a node, new or known from an earlier path.
		node, name := leaf.prefix(n), names[n-1]
		if Slug(name) == "" {
			return fmt.Errorf("level %d has no letter in its name", n)
		}
		known, ok := t.node[key(node)]
		if ok && known != node {
			return fmt.Errorf("spells %q like %q", name, known[n-1])
		}
		if fresh = !ok; fresh {
			parent := key(leaf.prefix(n - 1))
			t.node[key(node)] = node
			t.nodes = append(t.nodes, node)
			// In the file's order, so the order of choices in a prompt is the file's too.
			t.kids[parent] = append(t.kids[parent], name)
			t.bySlug[Slug(name)] = append(t.bySlug[Slug(name)], node)
		}
	}
	if !fresh {
		return fmt.Errorf("repeats an earlier path or ends inside one")
	}
	t.Leaves = append(t.Leaves, leaf)
	return nil
}

// linkTwins joins the leaves that are one value under several parents, the canonical one first. A name that
// stands twice without a canonical parent is refused: which node a label means could not be told. A parent that
// is named for a value with one place is refused too; most likely it is misspelt.
func (t *Tree) linkTwins(parents map[string]string) error {
	want := make(map[string]string, len(parents))
	for name, parent := range parents {
		want[Slug(name)] = parent
	}
	joined := map[string]bool{}
	for _, p := range t.nodes { // in the tree's order, so that the same file has the same error
		slug := Slug(p.Name())
		paths := t.bySlug[slug]
		parent, said := want[slug]
		switch {
		case len(paths) == 1 && said:
			return fmt.Errorf("canonical_parent names %q, which has one parent", p.Name())
		case len(paths) == 1 || joined[slug]:
			continue
		case !said:
			return fmt.Errorf("%q stands %d times; name its level-1 parent under canonical_parent", p.Name(), len(paths))
		}
		joined[slug] = true
		if err := t.joinTwins(paths, parent); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if len(t.bySlug[name]) == 0 {
			return fmt.Errorf("canonical_parent names %q, which is no node", name)
		}
	}
	return nil
}

// joinTwins puts the path below the canonical parent first and links all paths of the value. Twins with children
// are refused, since each child would have two paths too, of which nobody said which is canonical.
func (t *Tree) joinTwins(paths []Path, parent string) error {
	first := slices.IndexFunc(paths, func(p Path) bool { return Slug(p[0]) == Slug(parent) })
	if first < 0 {
		return fmt.Errorf("%q does not stand under %q", paths[0].Name(), parent)
	}
	paths[0], paths[first] = paths[first], paths[0]
	for i, p := range paths {
		switch {
		case len(t.kids[key(p)]) > 0:
			return fmt.Errorf("%q stands under several parents and has children; only a leaf may", p.Name())
		case i > 0 && p[0] == paths[0][0]:
			return fmt.Errorf("%q stands twice under %q", p.Name(), p[0])
		}
		t.home[p] = paths[0]
		for j, q := range paths {
			if i != j {
				t.twins[p] = append(t.twins[p], q)
			}
		}
	}
	return nil
}
