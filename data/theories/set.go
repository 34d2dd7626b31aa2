package theories

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// EnvFiles names the environment variable that lists files of own theories for every program, separated like
// PATH.
const EnvFiles = "HIVES_THEORIES"

// Set is the theories that a program knows: the built-in four, and those of its user. It is a value: With makes
// another set and changes none, so that two sets in one process know nothing of each other, and whoever holds one may
// share it between goroutines. The zero Set is Builtin.
//
// A program makes its set once (Load) and hands it to all that reads rows, names values or draws tables:
//
//	known, err := theories.Load("craft.toml")
//	rows, _, err := data.ReadWith("rows.parquet", data.ReadOptions{Theories: known})
//	labels := data.NewLabels(rows, known)
//
// What gets the four where the rows have more refuses those rows by name when it reads them. It does not when it gets
// rows that are read: to Canonical and AltPaths a theory that the set lacks has one path a value. So rows and set
// belong together, and whoever takes the one asks for the other.
//
// Invariant: the names of a set are distinct; the four stand first, in their fixed order.
type Set struct {
	own []*Tree // beyond the four, in the order in which they were given; never changed
}

// Builtin is the set of the four.
func Builtin() Set { return Set{} }

// With returns the set with further theories behind those it has. A name that is taken is refused: rows would mean
// unlike things by one name.
func (s Set) With(own ...*Tree) (Set, error) {
	out := Set{own: slices.Clone(s.own)} // a clone, since append could write into what another set sees
	for _, t := range own {
		if _, taken := out.Get(t.Theory); taken {
			return s, fault.New(fault.Exists, "theory %q is known already; call the new one otherwise", t.Theory)
		}
		out.own = append(out.own, t)
	}
	return out, nil
}

// Load returns the four with the theories in files, and before these those that the environment variable EnvFiles
// lists. A file that is named twice counts once: the variable and a flag may well name the same.
func Load(files ...string) (Set, error) {
	var s Set
	var seen []string
	for _, path := range append(filepath.SplitList(os.Getenv(EnvFiles)), files...) {
		if path == "" || slices.ContainsFunc(seen, func(other string) bool { return fsutil.Same(other, path) }) {
			continue
		}
		seen = append(seen, path)
		t, err := LoadFile(path)
		if err == nil {
			s, err = s.With(t)
		}
		if err != nil {
			return Set{}, fmt.Errorf("add a theory: %w", err)
		}
	}
	return s, nil
}

// Names lists the theories in their fixed order, the four first.
func (s Set) Names() []string {
	names := slices.Clone(order)
	for _, t := range s.own {
		names = append(names, t.Theory)
	}
	return names
}

// Get returns the tree of a theory.
func (s Set) Get(theory string) (*Tree, bool) {
	if t, ok := trees()[theory]; ok {
		return t, true
	}
	for _, t := range s.own { // a handful at most
		if t.Theory == theory {
			return t, true
		}
	}
	return nil, false
}

// Sources returns the files of the own theories, whole, by theory: what a run must keep to be resumed. A tree that
// was made by other means than a file has none; nil where there is none at all. Files are kept and not paths: a file
// may have changed since.
func (s Set) Sources() map[string]string {
	var out map[string]string
	for _, t := range s.own {
		if t.source == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[t.Theory] = t.source
	}
	return out
}

// Equal tells whether both sets have the same trees in the same order.
func (s Set) Equal(other Set) bool { return slices.Equal(s.own, other.own) }
