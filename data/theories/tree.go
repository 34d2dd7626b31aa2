package theories

import (
	"embed"
	"encoding/json"
	"fmt"
	"sync"
)

// Depth is the largest number of levels of any theory.
const Depth = 3

// Path names a node, coarse to fine; empty where it ends.
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

// prefix cuts the path after n levels.
func (p Path) prefix(n int) Path {
	var out Path
	copy(out[:n], p[:n])
	return out
}

// Tree is one theory.
type Tree struct {
	Theory     string   // svt, mft, duty, right
	Name       string   // in words
	LevelNames []string // coarse to fine; its length is the theory's depth
	Leaves     []Path   // every root-to-leaf path, in the file's order

	nodes  []Path              // every node once, parents before children
	bySlug map[string][]Path   // slug of a name → its nodes, the canonical one first
	node   map[string]Path     // joined slugs of a path → the path as the file spells it
	twins  map[Path][]Path     // node → the other paths of the same value
	home   map[Path]Path       // node → its canonical path, where that is another one
	kids   map[string][]string // joined slugs of a path → names one level below, in order
}

// Nodes returns every node of the tree, parents before children.
func (t *Tree) Nodes() []Path { return t.nodes }

// order fixes in which sequence theories are listed everywhere.
var order = []string{"svt", "mft", "duty", "right"}

// canonicalParent decides the level-1 parent of svt's values with two; doc.go says why.
var canonicalParent = map[string]string{
	"hedonism": "openness to change",
	"humility": "conservation",
	"face":     "self-enhancement",
}

//go:embed hierarchies/*.json
var files embed.FS

// trees reads the embedded files once.
var trees = sync.OnceValue(func() map[string]*Tree {
	out := map[string]*Tree{}
	for _, theory := range order {
		raw, err := files.ReadFile("hierarchies/" + theory + ".json")
		if err != nil {
			panic(err)
		}
		if out[theory], err = parse(theory, raw); err != nil {
			panic(err)
		}
	}
	return out
})

// Names lists the theories in their fixed order.
func Names() []string { return append([]string(nil), order...) }

// Get returns the tree of a theory.
func Get(theory string) (*Tree, bool) {
	t, ok := trees()[theory]
	return t, ok
}

// parse reads one hierarchy file and refuses what the rest of the program could not index.
func parse(theory string, raw []byte) (*Tree, error) {
	var file struct {
		Theory     string     `json:"theory"`
		Name       string     `json:"name"`
		LevelNames []string   `json:"level_names"`
		Paths      [][]string `json:"paths"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("theories: %s: %w", theory, err)
	}
	if file.Theory != theory || len(file.LevelNames) == 0 || len(file.LevelNames) > Depth || len(file.Paths) == 0 {
		return nil, fmt.Errorf("theories: %s: names theory %q with %d levels and %d paths", theory, file.Theory, len(file.LevelNames), len(file.Paths))
	}
	t := &Tree{
		Theory: theory, Name: file.Name, LevelNames: file.LevelNames,
		bySlug: map[string][]Path{}, node: map[string]Path{}, twins: map[Path][]Path{},
		home: map[Path]Path{}, kids: map[string][]string{},
	}
	for i, names := range file.Paths {
		if err := t.addLeaf(names); err != nil {
			return nil, fmt.Errorf("theories: %s: path %d: %w", theory, i+1, err)
		}
	}
	t.linkTwins()
	return t, nil
}

// addLeaf enters a root-to-leaf path and those of its parents that are new.
func (t *Tree) addLeaf(names []string) error {
	if len(names) == 0 || len(names) > len(t.LevelNames) {
		return fmt.Errorf("has %d levels, the theory %d", len(names), len(t.LevelNames))
	}
	var leaf Path
	copy(leaf[:], names)
	fresh := false // whether the leaf itself is new; its parents usually are not
	for n := 1; n <= len(names); n++ {
		node, name := leaf.prefix(n), names[n-1]
		if Slug(name) == "" {
			return fmt.Errorf("level %d has no letter in its name", n)
		}
		known, ok := t.node[key(node)]
		if ok && known != node { // two nodes of one slug would share a value id
			return fmt.Errorf("spells %q like %q", name, known[n-1])
		}
		if fresh = !ok; fresh {
			parent := key(leaf.prefix(n - 1))
			t.node[key(node)] = node
			t.nodes = append(t.nodes, node)
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

// linkTwins joins the nodes that are one value under two parents, the canonical one first.
func (t *Tree) linkTwins() {
	// Only the listed values are twins: mft's "tradition" and svt's are different trees, and a name that stood twice
	// by chance should be noticed (a test lists them).
	for slug, paths := range t.bySlug {
		parent, twice := canonicalParent[slug]
		if t.Theory != "svt" || !twice {
			continue
		}
		for i, p := range paths {
			if p[0] == parent {
				paths[0], paths[i] = paths[i], paths[0]
			}
		}
		for i, p := range paths {
			t.home[p] = paths[0]
			for j, q := range paths {
				if i != j {
					t.twins[p] = append(t.twins[p], q)
				}
			}
		}
	}
}
