package theories

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
)

// Work is a publication or instrument that definitions rest on. A definition names it by key and says where in
// it: "udhr article 3".
type Work struct {
	Key      string `json:"key"`
	Citation string `json:"citation"`
}

// Definition says in one or two sentences what a value is. It is neutral and stands by itself, so that a prompt
// can quote it behind the value's name.
type Definition struct {
	Text  string   `json:"text"`
	Works []string `json:"works"` // key of a work, then where in it: "udhr article 3"
}

// vocabulary is what a file defines. Embedded files and a user's own share it, so that both pass the same checks.
type vocabulary struct {
	Works       map[string]string     `toml:"works"` // key → citation
	Definitions map[string]definition `toml:"definitions"`
}

// definition is one entry of a file.
type definition struct {
	Text  string   `toml:"text"`
	Works []string `toml:"works"`
}

// definitionsFile is one of the embedded files.
type definitionsFile struct {
	Theory string `toml:"theory"`
	vocabulary
}

// Bounds of a definition, in letters: shorter ones repeat the name, longer ones do not fit a prompt that lists
// all values of a level.
const minDefinition, maxDefinition = 20, 240

// Definition returns the definition of the value at p, the same for each of its paths. ok is false for a path that is
// no node; every node of a checked tree has one.
func (t *Tree) Definition(p Path) (Definition, bool) {
	d, ok := t.defined[t.Canonical(p)]
	return d, ok
}

// Works returns the works that the tree's definitions rest on, ordered by key.
func (t *Tree) Works() []Work {
	out := make([]Work, 0, len(t.works))
	for _, key := range slices.Sorted(maps.Keys(t.works)) {
		out = append(out, t.works[key])
	}
	return out
}

// Define returns the definition of the value that a ValueID names.
//
//	d, err := theories.Builtin().Define("svt/conservation/tradition")     // d.Text, d.Works
//
// An id that names no node is an error with the ids nearest to it.
func (s Set) Define(valueID string) (Definition, error) {
	theory, p, err := s.ParseID(valueID)
	if err != nil {
		return Definition{}, err
	}
	t, _ := s.Get(theory) // ParseID found it
	d, _ := t.Definition(p)
	return d, nil
}

// define gives every value of the tree its definition: exactly one, none left over, no two alike. Definitions go
// into prompts of language models and before people who judge, so a missing one would be a blank in a question,
// and two alike a question without an answer.
func (t *Tree) define(v vocabulary) error {
	t.defined, t.works = map[Path]Definition{}, map[string]Work{}
	for key, citation := range v.Works {
		if Slug(key) != key || strings.TrimSpace(citation) == "" {
			return fmt.Errorf("theories: %s: work %q needs a key of a-z, 0-9 and hyphens, and a citation", t.Theory, key)
		}
		t.works[key] = Work{Key: key, Citation: citation}
	}
	for _, id := range slices.Sorted(maps.Keys(v.Definitions)) {
		if err := t.defineOne(id, v.Definitions[id]); err != nil {
			return fmt.Errorf("theories: definition of %q: %w", id, err)
		}
	}
	return t.checkComplete()
}

// defineOne checks one definition and enters it. The bounds of its length are for prompts; that it ends in a full
// stop lets it be quoted behind the value's name.
func (t *Tree) defineOne(id string, d definition) error {
	// A definition names its node by value id, so it cannot slip into another theory.
	rest, ours := strings.CutPrefix(id, t.Theory+"/")
	p, ok := t.node[rest]
	switch n := utf8.RuneCountInString(d.Text); {
	case !ours || !ok:
		return fmt.Errorf("theory %q has no such node%s", t.Theory, t.hint(rest))
	case t.Canonical(p) != p:
		return fmt.Errorf("stands under several parents and is defined once, as %q", ValueID(t.Theory, t.Canonical(p)))
	case n < minDefinition || n > maxDefinition:
		return fmt.Errorf("has %d letters, want %d to %d", n, minDefinition, maxDefinition)
	case !strings.HasSuffix(d.Text, ".") || strings.TrimSpace(d.Text) != d.Text || strings.ContainsAny(d.Text, "\n\t"):
		return errors.New("must be sentences on one line that end in a full stop")
	case len(d.Works) == 0:
		return errors.New("rests on no work")
	}
	for _, work := range d.Works {
		key, _, _ := strings.Cut(work, " ")
		if _, ok := t.works[key]; !ok {
			return fmt.Errorf("rests on work %q, which is not listed", key)
		}
	}
	t.defined[p] = Definition{Text: d.Text, Works: d.Works}
	return nil
}

// checkComplete finds nodes without a definition, definitions that say the same, and works nobody rests on. Texts are
// compared by their slugs, so two that differ in punctuation alone are alike. The first fault in the tree's order is
// named, the same for the same file.
func (t *Tree) checkComplete() error {
	// Every canonical node once: its twins under other parents share its definition.
	said, used := map[string]Path{}, map[string]bool{}
	for _, p := range t.nodes {
		if t.Canonical(p) != p {
			continue
		}
		d, ok := t.defined[p]
		if !ok {
			return fmt.Errorf("theories: %q has no definition", ValueID(t.Theory, p))
		}
		if other, twice := said[Slug(d.Text)]; twice {
			return fmt.Errorf("theories: %q and %q have the same definition", ValueID(t.Theory, other), ValueID(t.Theory, p))
		}
		said[Slug(d.Text)] = p
		for _, work := range d.Works {
			key, _, _ := strings.Cut(work, " ")
			used[key] = true
		}
	}
	for _, w := range t.Works() {
		if !used[w.Key] {
			return fmt.Errorf("theories: %s: no definition rests on work %q", t.Theory, w.Key)
		}
	}
	return nil
}

// decode reads TOML strictly: keys that v lacks are refused with their line. A misspelt key would otherwise be a
// definition without a text, or a parent that nobody named.
func decode(place string, raw []byte, v any) error {
	err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(v)
	var missing *toml.StrictMissingError
	var at *toml.DecodeError
	if errors.As(err, &missing) && len(missing.Errors) > 0 {
		at = &missing.Errors[0]
		row, _ := at.Position()
		return fault.New(fault.Invalid, "%s:%d: key %q is unknown", place, row, strings.Join(at.Key(), "."))
	}
	if errors.As(err, &at) {
		row, col := at.Position()
		return fault.New(fault.Invalid, "%s:%d:%d: %s", place, row, col, strings.TrimPrefix(at.Error(), "toml: "))
	}
	if err != nil {
		return fault.New(fault.Invalid, "%s: %w", place, err)
	}
	return nil
}
