package main

import (
	"os"
	"path/filepath"

	"hives/internal/smoke"
	"hives/internal/trainer"
)

// smokeWords stand at both ends of a smoke run.
const smokeWords = "smoke run: a few steps of a tiny model from random weights on the demo's rows. " +
	"It shows that the settings run; its result means nothing."

// smokeFiles is where a smoke run finds its rows and model; empty for any other run.
type smokeFiles struct{ demo, dir string }

// lightSmoke writes what a smoke run needs into a folder that done removes. The run lies there too unless --out
// names a place. It must come before the settings are built, since they are then shrunk onto these files.
func (o *options) lightSmoke() (done func(), err error) {
	// Its own rows and model, so that it shows what the settings do and nothing of the user's is touched. The
	// demo's folder is looked for from the working directory upwards: outside of a checkout there are no rows to
	// try with.
	if o.smokeFiles.demo, err = smoke.Find(); err != nil {
		return nil, err
	}
	if o.smokeFiles.dir, err = os.MkdirTemp("", "smoke-*"); err != nil {
		return nil, err
	}
	done = func() { os.RemoveAll(o.smokeFiles.dir) }
	if err := smoke.Supply(o.smokeFiles.demo, o.smokeFiles.dir); err != nil {
		done()
		return nil, err
	}
	if o.out == "" {
		o.out = filepath.Join(o.smokeFiles.dir, "run")
	}
	return done, nil
}

// shrink makes the settings those of a smoke run, if it is one. What decides the kind of computation stays (package
// smoke), so a setting that does not run is found in a minute and not on the hardware that it is meant for.
func (f smokeFiles) shrink(cfg trainer.Config) trainer.Config {
	if f.dir == "" {
		return cfg
	}
	return smoke.Shrink(cfg, f.demo, f.dir)
}
