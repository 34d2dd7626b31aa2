package evaluate

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"hives/data/theories"
)

// ByTheory holds a figure for each of the four theories, and for each of one's own that the rows are of.
type ByTheory map[string]Number

// Of returns the figure of a theory; it is undefined for a theory that is not there. The map's own zero would be
// read as a result.
func (t ByTheory) Of(theory string) Number {
	if n, ok := t[theory]; ok {
		return n
	}
	return Number(math.NaN())
}

// MarshalJSON writes the theories in the order of TheoryOrder: {"svt": .8, "mft": null, "duty": …, "craft": …}.
// A map alone would be written by name, and documents have had the four in this order from the first.
func (t ByTheory) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for k, theory := range TheoryOrder(t) {
		if k > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(theory)
		if err != nil {
			return nil, err
		}
		figure, err := t[theory].MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(figure)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// TheoryOrder lists the theories that figures are of: the four in the order of their listing, then one's own by name.
func TheoryOrder[T any](by map[string]T) []string {
	known := slices.DeleteFunc(theories.Builtin().Names(), func(theory string) bool { _, ok := by[theory]; return !ok })
	return append(known, OwnTheories(by)...)
}

// OwnTheories lists those that are not of the four, by name.
func OwnTheories[T any](by map[string]T) []string {
	builtIn := theories.Builtin().Names()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(by)), func(theory string) bool {
		return slices.Contains(builtIn, theory)
	})
}

// finestLevel is the depth of a theory's tree. The tree is asked and not the rows: the level of a figure must not
// change with the rows that were held out. Rows of an unknown theory cannot be read; level 1 is what any row has.
func (b *Bench) finestLevel(theory string) int {
	if tree, known := b.options.Theories.Get(theory); known {
		return len(tree.LevelNames)
	}
	return 1
}

// headlineLevel is the level whose values a theory's orthogonality is reported for: the one above the finest, or the
// only one. It is the familiar list of each of the four: of svt (3 levels) the basic values at level 2, of mft (2) the
// foundations at level 1, of duty (1) the duties at level 1, of right (3) the domains at level 2.
func (b *Bench) headlineLevel(theory string) int { return max(1, b.finestLevel(theory)-1) }
