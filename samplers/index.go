package samplers

import (
	"fmt"
	"slices"

	"hives/data"
)

// none marks a row without a class or a pool: it has no level 1.
const none int32 = -1

// index holds the labels in the forms that drawing asks for.
//
// A key is one (theory, path, direction). A row has one key, or several if its node has several parents. A class
// is a set of keys that some row has; two rows match when they share a key.
//
// Matching is therefore no equivalence: rows with the keys {P} and {Q} do not match each other, but both match a
// row with {P, Q}. That is why positives are taken from members (rows that match the class) and not from rows of
// the same class; without second parents the two are the same.
type index struct {
	labels *data.Labels

	class     []int32   // [N] none for rows without level 1
	classKeys [][]int32 // by class, ascending
	members   [][]int32 // by class: the rows that match it, ascending
	sizes     []int     // by class: the rows of exactly this class

	textRows [][]int32 // by text: its rows that have a class
	textKeys [][]int32 // by text: the keys of its rows

	pool      []int32    // [N] where negatives for and from the row come from
	pools     [][]pooled // by pool: its rows, ascending
	poolTexts []int      // by pool: distinct texts
}

// pooled is a row of a pool with what a draw asks about it, side by side: of 100,000 rows nothing lies in a processor's
// nearest memories, and a draw that looked up the row's text, the text's list of keys and the keys, each in its own
// place, waited four times.
type pooled struct {
	row, text int32
	keys      keySet // that keep the row from being a negative
}

// keySet has bit k mod 32 for each key k. Two sets without a common bit have no common key; of others the keys must be
// compared.
type keySet uint32

func keySetOf(keys []int32) (set keySet) {
	for _, k := range keys {
		set |= 1 << (k % 32)
	}
	return set
}

// newIndex reads the labels once; everything after it is look-ups. Four rows of one theory, all supporting:
//
//	row  text  path              key  class  textKeys
//	0    A     care              0    0      A: 0 1      rows 0 and 3 match each other
//	1    A     loyalty           1    1                  A carries care and loyalty
//	2    B     fairness          2    2      B: 2        B may be a negative of row 0, A may not
//	3    C     care              0    0      C: 0
func newIndex(labels *data.Labels, cfg *IntraTheoryConfig) *index {
	x := &index{labels: labels}
	rowKeys, keys := keysOf(labels, cfg.Alt)
	x.classify(rowKeys, keys)
	x.groupTexts(rowKeys)
	x.groupPools(cfg)
	return x
}

// keysOf numbers the keys in order of appearance; rows without level 1 have none. Theory and direction belong to
// the key: the same path supported and opposed are two keys, and so negatives of each other.
func keysOf(labels *data.Labels, alt [][][3]int32) (rowKeys [][]int32, count int) {
	type key struct {
		theory, direction int32
		path              [3]int32
	}
	ids := map[key]int32{}
	rowKeys = make([][]int32, labels.Len())
	for i := range rowKeys {
		if labels.Levels[i][0] == data.Missing {
			continue
		}
		paths := [][3]int32{labels.Levels[i]}
		if alt != nil {
			paths = append(paths, alt[i]...)
		}
		for _, path := range paths {
			k := key{labels.Theory[i], labels.Direction[i], path}
			if _, known := ids[k]; !known {
				ids[k] = int32(len(ids))
			}
			rowKeys[i] = append(rowKeys[i], ids[k])
		}
		rowKeys[i] = distinct(rowKeys[i])
	}
	return rowKeys, len(ids)
}

// classify numbers the sets of keys and finds the rows that match each. Most classes have one key, and share the
// list of its rows; only classes of several keys need a list of their own.
func (x *index) classify(rowKeys [][]int32, keys int) {
	rowsOfKey := make([][]int32, keys)
	ids := map[string]int32{}
	x.class = make([]int32, len(rowKeys))
	for i, ks := range rowKeys {
		x.class[i] = none
		if len(ks) == 0 {
			continue
		}
		set := fmt.Sprint(ks)
		if _, known := ids[set]; !known {
			ids[set] = int32(len(ids))
			x.classKeys = append(x.classKeys, ks)
			x.sizes = append(x.sizes, 0)
		}
		x.class[i] = ids[set]
		x.sizes[ids[set]]++
		for _, k := range ks {
			rowsOfKey[k] = append(rowsOfKey[k], int32(i))
		}
	}
	x.members = make([][]int32, len(x.classKeys))
	for c, ks := range x.classKeys {
		if x.members[c] = rowsOfKey[ks[0]]; len(ks) > 1 {
			x.members[c] = unionOf(rowsOfKey, ks)
		}
	}
}

// groupTexts collects for each text its rows and all keys of these: what it carries. Text numbers are dense, so
// slices serve as maps.
func (x *index) groupTexts(rowKeys [][]int32) {
	texts := int(slices.Max(x.labels.Text)) + 1
	x.textRows, x.textKeys = make([][]int32, texts), make([][]int32, texts)
	for i, ks := range rowKeys {
		if len(ks) > 0 {
			t := x.labels.Text[i]
			x.textRows[t] = append(x.textRows[t], int32(i))
			x.textKeys[t] = append(x.textKeys[t], ks...)
		}
	}
	for t := range x.textKeys {
		x.textKeys[t] = distinct(x.textKeys[t])
	}
}

// groupPools gathers the rows that negatives are drawn from: a theory, or a theory within a corpus. Rows of other
// theories are never negatives: their labels say nothing about the anchor's value, for or against.
func (x *index) groupPools(cfg *IntraTheoryConfig) {
	x.pool = make([]int32, x.labels.Len())
	ids := map[[2]int32]int32{}
	for i := range x.pool {
		x.pool[i] = none
		if x.class[i] == none {
			continue
		}
		k := [2]int32{x.labels.Theory[i], none}
		if cfg.Negatives == SameCorpus {
			k[1] = x.labels.Corpus[i]
		}
		if _, known := ids[k]; !known {
			ids[k] = int32(len(ids))
			x.pools = append(x.pools, nil)
		}
		x.pool[i] = ids[k]
		text := x.labels.Text[i]
		keys := x.textKeys[text]
		if cfg.FalseNegatives == Keep {
			keys = x.classKeys[x.class[i]]
		}
		x.pools[ids[k]] = append(x.pools[ids[k]], pooled{int32(i), text, keySetOf(keys)})
	}
	for _, rows := range x.pools {
		x.poolTexts = append(x.poolTexts, x.distinctTexts(rows))
	}
}

// distinctTexts counts the texts of rows.
func (x *index) distinctTexts(rows []pooled) int {
	seen := make(map[int32]struct{}, len(rows))
	for _, r := range rows {
		seen[r.text] = struct{}{}
	}
	return len(seen)
}

// matches tells whether a row has a key of the class.
func (x *index) matches(row, class int32) bool {
	return shares(x.classKeys[x.class[row]], x.classKeys[class])
}

// carries tells whether any row of the text has a key of the class: the text is about that value, whichever row
// of it is drawn.
func (x *index) carries(text, class int32) bool {
	return shares(x.textKeys[text], x.classKeys[class])
}

// shares tells whether two short lists have a number in common. Lists are mostly of one number, for which nested
// loops beat any set.
func shares(a, b []int32) bool {
	return slices.ContainsFunc(a, func(v int32) bool { return slices.Contains(b, v) })
}

// unionOf is the rows of several keys, ascending, each once: a row may have two of the keys.
func unionOf(lists [][]int32, which []int32) []int32 {
	var all []int32
	for _, k := range which {
		all = append(all, lists[k]...)
	}
	return distinct(all)
}

// distinct sorts a list and drops repetitions.
func distinct(list []int32) []int32 {
	slices.Sort(list)
	return slices.Compact(list)
}
