package data

// components joins names that must stay together; the smallest name of a component stands for it, so that the
// outcome does not depend on the order of joining.
//
//	join(c, b)   b ← c                 find(c) = b
//	join(d, a)   a ← d                 find(d) = a
//	join(c, d)   a ← b, a ← d, b ← c   find of all four = a
//
// A name that was never joined stands for itself and takes no memory.
type components struct {
	parent map[string]string
}

func newComponents() *components { return &components{parent: map[string]string{}} }

// find returns the smallest name of the component of name.
func (c *components) find(name string) string {
	root := name
	for {
		up, ok := c.parent[root]
		if !ok || up == root {
			break
		}
		root = up
	}
	// Without this, groups that share texts in a row make searches as long as the chain.
	for name != root { // shorten the way for the next search
		up := c.parent[name]
		c.parent[name] = root
		name = up
	}
	return root
}

// join puts a and b into one component.
func (c *components) join(a, b string) {
	a, b = c.find(a), c.find(b)
	if a == b {
		return
	}
	if b < a { // not by rank, as usual: the smallest name must be the root
		a, b = b, a
	}
	c.parent[b] = a
}
