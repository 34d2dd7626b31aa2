package values

import (
	"fmt"
	"math"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/metrics"
)

// builder carries what the steps of Build share. Its rows are the training rows, then the held-out ones: vectors
// and regressions are made of the former, and held to the latter.
//
//	row        0 … train−1            train … N−1
//	features   fit                    calibrate
//	nodes      all, supports …        held
//	theories   rows, corpora          held
type builder struct {
	set     *Set
	rows    []data.Row
	train   int // rows before it are for training
	labels  *data.Labels
	options Options
	vectors *metrics.Vectors // [N, D]
	trees   []*tree
	nodes   []*node // as Set.Values

	pairOf   []int       // row → its place in tree.pairs
	features [][]float64 // [N][D] vectors of like scale, for regressions
	centre   []float64   // [D] mean of the training texts
	scale    float64     // root mean square of what is left, over all numbers
}

// tree is a theory's rows, and what prototypes are centred by. pairs are its texts, each once in every corpus
// that has it: what regressions see in place of rows.
type tree struct {
	rows    []int               // training rows
	corpora map[int32][]int     // the same by corpus
	mean    []float64           // [D] of the rows; within corpora the mean of the corpora's means
	centres map[int32][]float64 // [D] by corpus; nil for pooled sides
	held    []int
	pairs   []pair
}

// node is a value's training rows and its vector before rounding. Lists hold row numbers, ascending; a row is in
// the list of its node and of every node above.
type node struct {
	tree              *tree
	kind              Kind
	supports, opposes []int
	all               []int
	corpora           map[int32][]int // all by corpus
	held              []int
	sides             []side     // where sides are taken within corpora
	means             [2][][]int // rows that support and that oppose, by corpus: see apart
	vector            []float64  // [D]
}

// collect lays out every node of every theory and hands each row to the nodes on its paths. A value with two
// parents counts in full under either: a text about hedonism is about both values above it. Nodes without rows
// are laid out too: a file has an entry for each value, and says of some that nothing is known.
func (b *builder) collect() error {
	place := map[string]int{} // value_id → node
	trees := map[string]*tree{}
	for _, name := range b.options.Theories.Names() {
		t, _ := b.options.Theories.Get(name)
		trees[name] = &tree{corpora: map[int32][]int{}}
		b.trees = append(b.trees, trees[name])
		b.set.Theories = append(b.set.Theories, Theory{Theory: name, Name: t.Name, LevelNames: t.LevelNames})
		for _, p := range t.Nodes() {
			place[theories.ValueID(name, p)] = len(b.nodes)
			b.nodes = append(b.nodes, &node{tree: trees[name], corpora: map[int32][]int{}})
			b.set.Values = append(b.set.Values, describe(t, p))
		}
	}
	return b.deal(place, trees)
}

// deal hands every row to its theory and to the nodes on its paths; place is the number of each value's node. A row on
// a value without a node is refused: it is of a theory that was not given, or of another edition of one, and to pass
// it over would change figures without a word.
func (b *builder) deal(place map[string]int, trees map[string]*tree) error {
	cache := map[theories.Node][]int{} // a corpus has a few dozen paths and many rows
	for i := range b.rows {
		r := &b.rows[i]
		// The nodes on a path are looked up once for each path that occurs.
		key := theories.Node{Theory: r.Theory, Path: r.Levels()}
		above, known := cache[key]
		if !known {
			var err error
			if above, err = b.onPaths(key, place); err != nil {
				return err
			}
			cache[key] = above
		}
		if t := trees[r.Theory]; i < b.train {
			t.rows = append(t.rows, i)
			t.corpora[b.labels.Corpus[i]] = append(t.corpora[b.labels.Corpus[i]], i)
		} else {
			t.held = append(t.held, i)
		}
		for _, at := range above {
			b.add(at, i)
		}
	}
	return nil
}

// describe takes what the tree says of a node. The file holds it whole, definition and works too: whoever shows a score
// can quote what the value means, without this program and without a theory's file.
func describe(t *theories.Tree, p theories.Path) Value {
	definition, _ := t.Definition(p)
	return Value{
		ID: theories.ValueID(t.Theory, p), Theory: t.Theory, Level: p.Len(), Path: append([]string{}, p[:p.Len()]...),
		Definition: definition.Text, Works: append([]string{}, definition.Works...), Corpora: map[string]int{},
	}
}

// onPaths returns the nodes at and above a value, on each of its paths, each once: for hedonism openness to change,
// self-enhancement, and hedonism under either. The order is from the value up, its own path first.
func (b *builder) onPaths(n theories.Node, place map[string]int) ([]int, error) {
	var out []int
	seen := map[int]bool{}
	for _, p := range append([]theories.Path{n.Path}, b.options.Theories.AltPaths(n.Theory, n.Path)...) {
		for ; p.Len() > 0; p = p.Parent() {
			id := theories.ValueID(n.Theory, p)
			at, known := place[id]
			if !known {
				return nil, fault.New(fault.Mismatch, "values: rows are on %q, which the vectors do not hold: build them with "+
					"the theory that the rows were read with (--theories FILE)", id)
			}
			if !seen[at] {
				seen[at] = true
				out = append(out, at)
			}
		}
	}
	return out, nil
}

// add counts row i for a node; a held-out row is only remembered. What is counted in the file are training rows:
// held-out ones judge the vector, and must not seem to be what it was made of.
func (b *builder) add(at, i int) {
	n, v := b.nodes[at], &b.set.Values[at]
	if i >= b.train {
		n.held = append(n.held, i)
		return
	}
	n.all = append(n.all, i)
	n.corpora[b.labels.Corpus[i]] = append(n.corpora[b.labels.Corpus[i]], i)
	v.Corpora[b.rows[i].Corpus]++
	switch b.rows[i].Direction {
	case data.Supports:
		n.supports = append(n.supports, i)
		v.Supports++
	case data.Opposes:
		n.opposes = append(n.opposes, i)
		v.Opposes++
	default:
		v.Neither++
	}
}

// fill computes what each theory is centred by, decides each node's kind and computes its vector. hold may take
// back what is decided here.
func (b *builder) fill() {
	// Theories first: a prototype is its rows less the theory's mean.
	for k, t := range b.trees {
		t.centre(b.vectors, b.options.Sides, nil)
		b.set.Theories[k].Rows, b.set.Theories[k].Mean = len(t.rows), round(t.mean)
	}
	for at, n := range b.nodes {
		v := &b.set.Values[at]
		// What tells corpora apart is noted for every node, signed or not: the side's regression is cleared of it
		// too.
		n.means = [2][][]int{b.meansOf(n.supports), b.meansOf(n.opposes)}
		v.Note = b.decide(n)
		v.Kind, v.Vector = n.kind, round(n.vector)
		v.Groups = b.groups(n.used())
	}
}

// decide takes the first kind that the rows allow and says why it is no better one. The note of a directional
// value is empty; that of a prototype says why it has no sign.
//
//	40 supporting, 35 opposing in one corpus     directional, no note
//	40 supporting, 3 opposing                    prototype; no corpus has 20 of each
//	rows whose mean is the theory's mean         absent; its rows stand in no direction of their own
//	no rows                                      absent; no rows
func (b *builder) decide(n *node) (note string) {
	for _, n.kind = range []Kind{Directional, Prototype} {
		if n.kind == Directional {
			if note = b.sideless(n); note != "" {
				continue
			}
		}
		if n.vector = n.at(b.vectors, n.tree, b.options.Sides, nil); n.vector != nil {
			return note
		}
		note = "its rows stand in no direction of their own"
	}
	n.kind = Absent
	if len(n.all) == 0 {
		note = "no rows"
	}
	return note
}

// sideless says why a node has no signed vector; empty where it has one.
func (b *builder) sideless(n *node) string {
	if b.options.Sides == Within {
		n.sides = b.sidesWithin(n)
		if len(n.sides) == 0 {
			return fmt.Sprintf("%d supporting and %d opposing rows, and no corpus has %d of each", len(n.supports),
				len(n.opposes), b.options.MinSide)
		}
	} else if len(n.supports) < b.options.MinSide || len(n.opposes) < b.options.MinSide {
		return fmt.Sprintf("%d supporting and %d opposing rows; a direction needs %d of each", len(n.supports),
			len(n.opposes), b.options.MinSide)
	}
	return ""
}

// used are the rows that the vector is made of: of a signed vector within corpora those of corpora with both
// sides, of a prototype all. Their groups are the evidence that is printed: rows of a corpus with one side move
// nothing, however many they are.
func (n *node) used() []int {
	switch {
	case n.kind == Directional && n.sides != nil:
		var out []int
		for _, s := range n.sides {
			out = append(append(out, s.supports...), s.opposes...)
		}
		return out
	case n.kind == Directional:
		return append(append([]int{}, n.supports...), n.opposes...)
	case n.kind == Prototype:
		return n.all
	}
	return nil
}

// at is the node's vector with weights[i] on row i (nil: one each), given the theory centred under the same weights;
// nil where it has none. Build calls it without weights, the bootstrap with those of each draw: one formula for both,
// so the spread is that of the vector. [D], of length one.
func (n *node) at(v *metrics.Vectors, t *tree, sides Sides, weights []float64) []float64 {
	switch {
	case n.kind == Directional && sides == Within:
		return n.signed(v, weights)
	case n.kind == Directional:
		return metrics.Direction(v, n.supports, n.opposes, weights)
	case sides == Within:
		return normalise(n.gatheredWithin(v, t, weights))
	}
	// Pooled sides: the plain centroid less the theory's mean.
	x := centroid(v, n.all, weights)
	if x == nil {
		return nil
	}
	for k := range x {
		x[k] -= t.mean[k]
	}
	return normalise(x)
}

// normalise scales x to length one; nil where it is nil or has no length beyond rounding. A direction of rounding
// errors would be a direction all the same, and every cosine with it would look like a figure.
func normalise(x []float64) []float64 {
	var squares float64
	for _, f := range x {
		squares += f * f
	}
	norm := math.Sqrt(squares)
	if norm < minLength {
		return nil
	}
	for k := range x {
		x[k] /= norm
	}
	return x
}

// minLength is the least distance of a centroid from the theory's mean that is no rounding: the vectors that
// come in are float32.
const minLength = 1e-6

// centroid is the weighted mean of rows, [D]; nil without weight.
//
//	rows (1, 0), (0, 1), weights 2 and 0     (1, 0)
//	weights 0 and 0                          nil
func centroid(v *metrics.Vectors, rows []int, weights []float64) []float64 {
	sum := make([]float64, v.Dim())
	total := 0.0
	for _, i := range rows {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		// A bootstrap draw leaves out a good third of the groups; their rows need no product.
		if w == 0 {
			continue
		}
		total += w
		for k, x := range v.Row(i) {
			sum[k] += w * x
		}
	}
	if total == 0 {
		return nil
	}
	for k := range sum {
		sum[k] /= total
	}
	return sum
}

// groups counts the distinct groups of rows: how many independent pieces of evidence a vector rests on.
//
//	60 premises about 4 conclusions     4
func (b *builder) groups(rows []int) int {
	seen := map[int32]bool{}
	for _, i := range rows {
		seen[b.labels.Group[i]] = true
	}
	return len(seen)
}

// round narrows to float32, as files hold it; nil stays nil. So a set that was built and one that was read back are
// the same.
func round(x []float64) []float32 {
	if x == nil {
		return nil
	}
	out := make([]float32, len(x))
	for k := range x {
		out[k] = float32(x[k])
	}
	return out
}
