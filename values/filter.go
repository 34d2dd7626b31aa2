package values

import (
	"slices"
	"strings"

	"hives/internal/fault"
)

// Filter says which values are meant: those that pass every field that is set. Within a field one match is
// enough: {Theories: [mft, svt], Levels: [1]} are the values of level 1 of either theory.
type Filter struct {
	Theories []string
	Levels   []int
	IDs      []string
	Subtrees []string // value_ids: these nodes and all below them
	Kinds    []Kind
}

// Select returns the values that pass, in the set's order. A theory or value that the file does not know is
// refused: a misspelt name would otherwise read as "nothing was found".
func (s *Set) Select(f Filter) ([]*Value, error) {
	for _, name := range f.Theories {
		if s.theory(name) == nil {
			return nil, fault.New(fault.NotFound, "theory %q is not among the value vectors", brief(name))
		}
	}
	// Names are checked before anything is selected, so that a mistake never looks like an empty answer.
	for _, id := range append(slices.Clone(f.IDs), f.Subtrees...) {
		if _, ok := s.Find(id); !ok {
			return nil, unknown(id)
		}
	}
	var out []*Value
	for i := range s.Values {
		if v := &s.Values[i]; f.passes(v) {
			out = append(out, v)
		}
	}
	return out, nil
}

// unknown refuses a value, and says where the known ones are listed.
func unknown(id string) error {
	return fault.New(fault.NotFound, "value %q is not among the value vectors; hives vectors show lists them", brief(id))
}

// brief repeats only what can be a name: somebody's text in the place of one stays out of messages.
func brief(name string) string {
	const most = 80
	foreign := func(r rune) bool { return r != '-' && r != '/' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if len(name) > most || strings.ContainsFunc(name, foreign) {
		return "…"
	}
	return name
}

// passes tells whether a value meets every field that is set. An empty filter passes all.
func (f *Filter) passes(v *Value) bool {
	return allows(f.Theories, v.Theory) && allows(f.Levels, v.Level) && allows(f.IDs, v.ID) && allows(f.Kinds, v.Kind) &&
		(len(f.Subtrees) == 0 || slices.ContainsFunc(f.Subtrees, v.below))
}

// allows takes an empty list for "all": a filter narrows, and what it does not speak of it leaves alone.
func allows[T comparable](list []T, x T) bool { return len(list) == 0 || slices.Contains(list, x) }

// below tells whether a value is the node with that id or lies under it. The slash matters: "mft/care-harm" is no
// prefix of "mft/care-harmony". Ids are compared and not paths: a value under two parents lies below each by the id
// that it has there.
func (v *Value) below(id string) bool { return v.ID == id || strings.HasPrefix(v.ID, id+"/") }

// CommonLevels counts the levels that two values' paths share from the root; none across theories. Caring and
// kindness, both below care/harm, share one.
func (v *Value) CommonLevels(w *Value) int {
	if v.Theory != w.Theory {
		return 0
	}
	n := 0
	for n < min(len(v.Path), len(w.Path)) && v.Path[n] == w.Path[n] {
		n++
	}
	return n
}
