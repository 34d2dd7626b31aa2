package main

import (
	"maps"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/runstore"
)

// learnTheories reads the theories of --theories and the environment, and on a resume those that the run was begun
// with. What was given now stands above what is stored.
//
//	new run          --theories and the environment
//	--resume         those, and the ones in run.json
//	--resume, both   they must be the same text, but for --allow-changed
func (o *options) learnTheories() (err error) {
	if o.known, err = theories.Load(o.theories...); err != nil || !o.resume || o.out == "" {
		return err
	}
	info, err := runstore.Read(o.out)
	if fault.Of(err) == fault.NotFound {
		return nil // --resume begins a run where there is none
	}
	if err != nil {
		return err
	}
	given := o.known.Sources()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if stored, ok := info.Theories[name]; ok && given[name] != stored && !o.allowChanged {
			return fault.New(fault.Mismatch,
				"theory %q: the file given is not the one that the run in %s was begun with: leave it out, since "+
					"the run keeps its own, or give --allow-changed", name, o.out)
		}
	}
	o.known, err = info.Knows(o.out, o.known)
	return err
}
