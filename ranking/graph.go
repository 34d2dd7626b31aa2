package ranking

import "slices"

// Graph says what the rankings can tell apart.
//
//	items 0 … 4, rankings 0 > 1 and 1 > 0, 2 > 1, 3 > 4
//
//	weak components    {0, 1, 2} and {3, 4}: nothing compares one with the other, so their distance is unknown
//	strong components  {0, 1}, {2}, {3}, {4}: only within {0, 1} does each stand above the other by some chain
//	undefeated         2 and 3: the more their utility grows, the likelier the data; without a prior it is infinite
//	winless            4
//
// So a maximum of the likelihood exists only if there is a single strong component.
//
// Why: let A be items of which none ever lost to one outside A, and at least one won. Adding a number to all of A
// makes no observed choice less likely and some more, for ever. If no such A exists, every way to infinity makes some
// choice impossible, and the maximum lies in between (Ford 1957).
type Graph struct {
	Weak   int   // components of "stood in one ranking"
	Label  []int // [N] the weak component of each item, numbered by their smallest item
	Strong int   // components of "stands above, by a chain of rankings"

	Appearances, Wins, Losses []int // [N] rankings an item stands in; items ranked below and above it
	Undefeated, Winless       []int // items with wins and no loss, and with losses and no win
	Unseen                    []int // items in no ranking
}

// Inspect draws the graph of the rankings that weigh more than nothing. A ranking of k items draws k − 1 arrows, from
// each to the next: what stands further below follows by the chain.
func Inspect(r *Rankings) Graph {
	g := Graph{Appearances: make([]int, r.items), Wins: make([]int, r.items), Losses: make([]int, r.items)}
	parent := make([]int32, r.items)
	for item := range parent {
		parent[item] = int32(item)
	}
	var edges [][2]int32 // stands directly above
	for at, weight := range r.weights {
		if weight == 0 {
			continue
		}
		order := r.Order(at)
		for place, item := range order {
			g.Appearances[item]++
			g.Wins[item] += len(order) - 1 - place
			g.Losses[item] += place
			if place > 0 {
				join(parent, order[place-1], item)
				edges = append(edges, [2]int32{order[place-1], item})
			}
		}
	}
	g.Label, g.Weak = labels(parent)
	g.Strong = strongComponents(r.items, edges)
	for item := range r.items {
		switch {
		case g.Appearances[item] == 0:
			g.Unseen = append(g.Unseen, item)
		case g.Losses[item] == 0:
			g.Undefeated = append(g.Undefeated, item)
		case g.Wins[item] == 0:
			g.Winless = append(g.Winless, item)
		}
	}
	return g
}

// Sizes are the numbers of items of the weak components, the largest first. [3 2] of the example above.
func (g Graph) Sizes() []int {
	sizes := make([]int, g.Weak)
	for _, label := range g.Label {
		sizes[label]++
	}
	slices.SortFunc(sizes, func(a, b int) int { return b - a })
	return sizes
}

// root follows parent to the component's representative and shortens the way for the next who asks.
func root(parent []int32, item int32) int32 {
	for parent[item] != item {
		parent[item] = parent[parent[item]]
		item = parent[item]
	}
	return item
}

// join merges two components; the smaller root stays, so that labels come out by the smallest item. Without ranks a
// chain may grow long, but root halves it at every visit: 3·10⁵ pairs take milliseconds.
func join(parent []int32, a, b int32) {
	a, b = root(parent, a), root(parent, b)
	parent[max(a, b)] = min(a, b)
}

// labels numbers the components by their smallest item, which is each one's root: label 0 holds item 0.
//
//	parent 0 0 0 3 3     labels 0 0 0 1 1, count 2
func labels(parent []int32) (label []int, count int) {
	label = make([]int, len(parent))
	for item := range parent {
		if top := root(parent, int32(item)); int(top) == item {
			label[item] = count
			count++
		} else {
			label[item] = label[top] // top < item: already numbered
		}
	}
	return label, count
}

// strongComponents counts them by Kosaraju's way: a depth-first search notes the items in the order in which it
// leaves them; a second one over the arrows turned round, from the item left last, finds one component a start.
//
//	arrows 0 → 1 → 0 and 1 → 2
//	first search, from 0:      leaves 2, then 1, then 0
//	second, turned round:      from 0 it reaches 1, one component; from 2 nothing new, the second
//
// The item left last lies in a component that no other leads into. Against the arrows nothing leads out of it either,
// so the second search from there finds just that component.
func strongComponents(items int, edges [][2]int32) int {
	down, up := adjacency(items, edges, 0), adjacency(items, edges, 1)
	seen := make([]bool, items)
	var left []int32
	for item := range int32(items) {
		left = depthFirst(down, item, seen, left)
	}
	clear(seen)
	count := 0
	for _, item := range slices.Backward(left) {
		if !seen[item] {
			count++
			depthFirst(up, item, seen, nil)
		}
	}
	return count
}

// neighbours are the ends of arrows by their start, all in one array: those of item i lie in ends[from[i]:from[i+1]].
type neighbours struct {
	from, ends []int32
}

// adjacency sorts arrows by their side's end: side 0 follows them, side 1 goes against them.
func adjacency(items int, edges [][2]int32, side int) neighbours {
	n := neighbours{from: make([]int32, items+1), ends: make([]int32, len(edges))}
	for _, e := range edges {
		n.from[e[side]+1]++
	}
	for item := range items {
		n.from[item+1] += n.from[item]
	}
	next := slices.Clone(n.from)
	for _, e := range edges {
		n.ends[next[e[side]]] = e[1-side]
		next[e[side]]++
	}
	return n
}

// depthFirst visits what start reaches and was not seen, and appends the items in the order it leaves them. It keeps
// its own stack: a chain of 10⁴ texts would be as many calls deep.
func depthFirst(n neighbours, start int32, seen []bool, left []int32) []int32 {
	if seen[start] {
		return left
	}
	type frame struct{ item, next int32 }
	seen[start] = true
	stack := []frame{{start, n.from[start]}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == n.from[top.item+1] {
			left = append(left, top.item)
			stack = stack[:len(stack)-1]
			continue
		}
		end := n.ends[top.next]
		top.next++
		if !seen[end] {
			seen[end] = true
			stack = append(stack, frame{end, n.from[end]})
		}
	}
	return left
}
