package theories

import (
	"errors"
	"io/fs"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

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

// LoadFile reads a theory from a TOML file and checks it as the embedded ones are checked. Set.With makes a set that
// knows it. docs/THEORIES.md describes the form.
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
