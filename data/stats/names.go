package stats

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
)

// names numbers texts and groups, which are one namespace: a text may be another text's group. A name is kept as
// 16 bytes of hash, so that a million of them take tens of megabytes.
//
// It counts the components that data.Split would keep together, without the rows: data.ComponentSizes does so
// with them, and a test holds the two together.
//
//	row 1: text a, group g     row 2: text b, group g     row 3: text g, group h
//	one component of three rows: g, a text's name in row 3, is the group of the others
type names struct {
	at            map[[16]byte]int32
	parent        []int32 // [names] union-find; a root is its own parent
	labels        []int32 // [names] rows of the text, 0 where the name is no text
	rows          []int32 // [names] rows of the group, 0 where the name is no group
	texts, groups int
}

// newNames knows no name yet.
func newNames() *names { return &names{at: map[[16]byte]int32{}} }

// add counts a row; it tells whether its text is new.
func (n *names) add(text, group string) (fresh bool) {
	t, g := n.id(text), n.id(group)
	if fresh = n.labels[t] == 0; fresh {
		n.texts++
	}
	if n.rows[g] == 0 {
		n.groups++
	}
	n.labels[t]++
	n.rows[g]++
	n.parent[n.root(t)] = n.root(g)
	return fresh
}

// id numbers a name in order of first appearance; a new one is its own component. Two names of one hash would be one
// text: at a million names the chance is about 10⁻²⁷.
func (n *names) id(name string) int32 {
	sum := sha256.Sum256([]byte(name))
	key := [16]byte(sum[:16])
	id, known := n.at[key]
	if !known {
		id = int32(len(n.parent))
		n.at[key] = id
		n.parent, n.labels, n.rows = append(n.parent, id), append(n.labels, 0), append(n.rows, 0)
	}
	return id
}

// root finds a component's root and halves the way to it: every second name on the way then points to its
// grandparent, which keeps ways short without a second pass.
func (n *names) root(id int32) int32 {
	for n.parent[id] != id {
		n.parent[id] = n.parent[n.parent[id]]
		id = n.parent[id]
	}
	return id
}

// components counts what a split cannot divide, and the rows of the largest. Rows are counted by group, so a name
// that is only a text adds none.
func (n *names) components() (number, largest int) {
	sizes := make([]int, len(n.parent))
	for id, rows := range n.rows {
		sizes[n.root(int32(id))] += int(rows)
	}
	for _, size := range sizes {
		if size > 0 {
			number++
		}
		largest = max(largest, size)
	}
	return number, largest
}

// labelsPerText counts the texts by their number of rows.
//
//	1: 9000, 2: 1200     9,000 texts stand in one row, 1,200 in two
func (n *names) labelsPerText() (out []Count) {
	number := map[int32]int{}
	for _, labels := range n.labels {
		if labels > 0 {
			number[labels]++
		}
	}
	for _, labels := range slices.Sorted(maps.Keys(number)) {
		out = append(out, Count{Name: fmt.Sprint(labels), N: number[labels]})
	}
	return out
}
