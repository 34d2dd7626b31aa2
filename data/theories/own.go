package theories

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// EnvFiles names the environment variable that lists files of own theories for every program, separated like
// PATH.
const EnvFiles = "HIVES_THEORIES"

// ownFile is a user's theory: structure and definitions in one file.
//
//	theory = "craft"
//	name = "what makers hold dear"
//	level_names = ["domain", "virtue"]
//	paths = [["skill", "patience"], ["pride"]]
//	[works]
//	interviews = "Our own interviews with twelve joiners, 2026."
//	[definitions."craft/skill/patience"]
//	text = "Giving a piece the time that it takes."
//	works = ["interviews page 3"]
//	…
type ownFile struct {
	hierarchy
	vocabulary
}

// LoadFile reads a theory from a TOML file and checks it as the embedded ones are checked. It does not register
// it. docs/THEORIES.md describes the form.
func LoadFile(path string) (*Tree, error) {
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s: no such file of a theory", path)
	}
	if err != nil {
		return nil, err
	}
	tree, err := Parse(path, raw)
	return tree, whatis.Instead(path, "a theory in TOML", err)
}

// Parse reads a theory from the content of such a file; path is for messages. An own theory passes every check of the
// embedded ones, definitions included, since everything downstream relies on them. Errors name the file, and the row
// where TOML itself is at fault, the node or definition where its content is.
func Parse(path string, raw []byte) (*Tree, error) {
	var f ownFile
	if err := decode(path, raw, &f); err != nil {
		return nil, err
	}
	if f.Theory == "" || Slug(f.Theory) != f.Theory {
		return nil, fault.New(fault.Invalid, "%s: theory %q must be a short name of a-z, 0-9 and hyphens", path,
			brief(f.Theory))
	}
	if f.Name == "" {
		return nil, fault.New(fault.Invalid, "%s: name is empty; say in words what theory %q is", path, f.Theory)
	}
	t, err := f.build()
	if err == nil {
		err = t.define(f.vocabulary)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	t.source = string(raw)
	return t, nil
}

// registered holds the theories that were added to the four.
var registered struct {
	sync.RWMutex
	order []string
	trees map[string]*Tree
}

// Register makes a theory known to all of the program, so that rows of it are accepted and it is listed after the
// four. Call it before rows are read. A name that is taken is refused: rows read before and after would mean
// unlike things by one name.
func Register(t *Tree) error {
	if _, taken := Get(t.Theory); taken {
		return fault.New(fault.Exists, "theory %q is known already; call the new one otherwise", t.Theory)
	}
	registered.Lock()
	defer registered.Unlock()
	if registered.trees == nil {
		registered.trees = map[string]*Tree{}
	}
	registered.order = append(registered.order, t.Theory)
	registered.trees[t.Theory] = t
	return nil
}

// RegisterFiles loads and registers the theories in files, and before them those that the environment variable
// EnvFiles lists. A file that is named twice counts once: the variable and a flag may well name the same. The first
// file with a fault ends it; those before it stay registered.
func RegisterFiles(paths ...string) error {
	var seen []string
	for _, path := range append(filepath.SplitList(os.Getenv(EnvFiles)), paths...) {
		whole, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if path == "" || slices.Contains(seen, whole) {
			continue
		}
		seen = append(seen, whole)
		t, err := LoadFile(path)
		if err == nil {
			err = Register(t)
		}
		if err != nil {
			return fmt.Errorf("add a theory: %w", err)
		}
	}
	return nil
}

// Sources returns the files of the registered theories, whole, by theory: what a run must keep to be resumed. A
// tree that was made by other means than a file has none; nil where there is none at all. Files are kept and not
// paths: a file may have changed since.
func Sources() map[string]string {
	registered.RLock()
	defer registered.RUnlock()
	var out map[string]string
	for name, t := range registered.trees {
		if t.source == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = t.source
	}
	return out
}

// BuiltIn lists the four in their fixed order.
func BuiltIn() []string { return slices.Clone(order) }

// Names lists the theories in their fixed order, the four first.
func Names() []string {
	registered.RLock()
	defer registered.RUnlock()
	return slices.Concat(order, registered.order)
}

// Get returns the tree of a theory. The tree is shared by all who ask: it is read, never changed.
func Get(theory string) (*Tree, bool) {
	if t, ok := trees()[theory]; ok {
		return t, true
	}
	registered.RLock()
	defer registered.RUnlock()
	t, ok := registered.trees[theory]
	return t, ok
}
