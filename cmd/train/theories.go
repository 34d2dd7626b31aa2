package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/runstore"
)

// learnTheories makes the theories of --theories and the environment known, and on a resume those that the run
// was begun with.
//
//	new run          --theories and the environment
//	--resume         those, and the ones in run.json
//	--resume, both   they must be the same text, but for --allow-changed
func (o *options) learnTheories() error {
	if err := theories.RegisterFiles(o.theories...); err != nil {
		return err
	}
	// Own theories are read before settings: weights of theories name them, and rows are checked against them.
	if !o.resume || o.out == "" {
		return nil
	}
	info, err := runstore.Read(o.out)
	if fault.Of(err) == fault.NotFound {
		return nil // --resume begins a run where there is none
	}
	if err != nil {
		return err
	}
	// What was given now stands above what is stored, and must be the same, but for --allow-changed.
	given := theories.Sources()
	for _, name := range slices.Sorted(maps.Keys(info.Theories)) {
		if err := o.learn(name, info.Theories[name], given); err != nil {
			return err
		}
	}
	return nil
}

// learn registers a stored theory, or compares it with the file that was given for it. The text of the theory is
// what is compared, not its path: run.json keeps the whole text, so that a run can go on where the file is gone.
//
// Another text is refused as Mismatch: the run would go on with other labels than it began with.
func (o *options) learn(name, stored string, given map[string]string) error {
	file, ok := given[name]
	switch {
	case ok && file != stored && !o.allowChanged:
		return fault.New(fault.Mismatch,
			"theory %q: the file given is not the one that the run in %s was begun with: leave it out, since "+
				"the run keeps its own, or give --allow-changed", name, o.out)
	case ok:
		return nil
	}
	t, err := theories.Parse(filepath.Join(o.out, "run.json"), []byte(stored))
	if err == nil {
		err = theories.Register(t)
	}
	if err != nil {
		return fmt.Errorf("theory of the run: %w", err)
	}
	return nil
}
