package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/data/card"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/internal/runstore"
	"hives/model/folder"
)

// record is what is known of how a model came about. Everything here is read from files beside the model; nothing is
// measured, and nothing is asked of a network.
//
// Invariant: a run, a base or rows whose hash contradicts what the model notes are never in it.
type record struct {
	run      *runstore.Info // nil where the model lies in no run and none was named
	config   string         // SHA-256 of the run's config.toml
	settings []setting      // of the run, those that name files left out
	before   *validation    // of the base, on the rows of after; nil where that is not known
	after    *validation    // of the last step
	data     *card.Card     // of the training rows
	base     base
}

// setting is one field of the run's configuration.
type setting struct{ Name, Value string }

// base is where the starting weights are from, as far as files say. Of the three ways that it can be known (drawn,
// downloaded, described) the card prints the first that holds.
type base struct {
	ID, Commit             string // on the hub
	Random                 bool   // drawn, not trained
	First                  string // folder of the run that began with it
	Model, Licence, Source string // as hives.json tells of weights that somebody brought
}

// figure is one metric in its three scopes; nil where it is undefined. The scopes are those of docs/METRICS.md.
type figure struct {
	All          *float64 `json:"all"`
	WithinTheory *float64 `json:"within_theory"`
	WithinCorpus *float64 `json:"within_corpus"`
}

// validation is the part of a line of metrics.jsonl that goes on the card. Numbers are pointers: a figure that was
// undefined is null in the log, and a dash on the card. A line of metrics.jsonl has more fields, which are passed
// over: the log may grow.
type validation struct {
	Step          int      `json:"step"`
	Rows          int      `json:"rows"`
	Loss          *float64 `json:"loss"`              // hierarchical, as logged by Stage 1 and once by Stage 2
	Hierarchical  *float64 `json:"loss_hierarchical"` // as logged by Stage 2
	LossUnknowing *float64 `json:"loss_unknowing"`
	Ranking       figure   `json:"ranking_accuracy"`
	Correlation   figure   `json:"similarity_correlation"`
	CorpusMean    *float64 `json:"similarity_correlation_corpus_mean"`
	Direction     *float64 `json:"direction_accuracy"`
}

// heldOut is the hierarchical loss, whichever stage logged it. Both are the same loss on held-out rows, so they may
// stand in one line of the card.
func (v *validation) heldOut() *float64 {
	if v.Hierarchical != nil {
		return v.Hierarchical
	}
	return v.Loss
}

// gather reads the run, its rows and the origin of its base. Hashes decide whether a run is the model's, not names:
// a folder may have been copied elsewhere, and another run's figures on a card would be a false claim.
//
//	model in runs/x/final, x's hashes are hives.json's      the run's settings, figures and rows
//	the same, but run.json has another data hash            refused: Mismatch
//	model in no run                                         a card without a training section, and a note
//	--run y                                                 y must be the model's
//
// It opens no weights.
func gather(o *Options, info folder.Info) (*record, error) {
	r := &record{}
	dir := cmp.Or(o.Run, filepath.Dir(filepath.Clean(o.Model)))
	// A model that lies in no run, and none named, is exported with a card that says so.
	run, err := runstore.Read(dir)
	switch {
	case fault.Of(err) == fault.NotFound && o.Run == "":
		o.Note("the card tells nothing of the training: the model lies in no run folder; name one with --run")
		r.base = baseOf(o.Model, info)
		return r, r.describe(o, o.Theories, "", info.Provenance["data_sha256"])
	case err != nil:
		return nil, err
	}
	// final/hives.json notes which rows and base it was trained from; run.json notes the same.
	// A model that was copied beside another run, or a folder that was used again, is told by them.
	for _, name := range []string{"data", "base"} {
		if want := info.Provenance[name+"_sha256"]; want != "" && want != run.Hashes[name] {
			return nil, fault.New(fault.Mismatch, "run %s is not the model's: its %s has another hash; name the "+
				"model's own with --run", run.ID, name)
		}
	}
	r.run = &run
	config, err := fsutil.ReadRegular(filepath.Join(dir, "config.toml"))
	if err != nil {
		return nil, fsutil.Classify(err, dir)
	}
	r.config = fmt.Sprintf("%x", sha256.Sum256(config))
	// Settings that name files are kept apart: they say where things were, which is nobody's business, and where to
	// look for them, which is ours.
	named, err := r.take(config)
	if err != nil {
		return nil, err
	}
	from, random := strings.CutPrefix(named["model.from"], "random:")
	r.base = base{Random: random}
	if !random {
		r.base = trace(from, run.Hashes["base"], 8)
	}
	if r.base.First == "" && (random || !ofRun(from)) {
		r.base.First = dir
	}
	if err := r.figures(dir); err != nil {
		return nil, err
	}
	// The run keeps the files of its own theories; without them its rows would be counted as bad ones.
	known, err := run.Knows(dir, o.Theories)
	if err != nil {
		return nil, err
	}
	return r, r.describe(o, known, named["data.train"], run.Hashes["data"])
}

// take keeps the settings that may stand on a card and returns those that name files. Anything with a slash may be a
// path of this machine, and does not go on a card.
//
//	data.train = "/home/ann/rows.parquet"     files: where to look, never printed
//	loss.temperature = 0.05                   settings
//	name = "a/b"                              files: it may be a path
func (r *record) take(config []byte) (files map[string]string, err error) {
	all, err := runstore.ConfigChanges(nil, config)
	if err != nil {
		return nil, err
	}
	files = map[string]string{}
	for _, c := range all {
		text, err := strconv.Unquote(c.Given)
		if err != nil { // a number, a truth value or a list
			text = c.Given
		}
		if c.Field == "model.from" || c.Field == "data.train" || strings.ContainsAny(text, `/\`) {
			files[c.Field] = text
			continue
		}
		if text != "" && text != "null" {
			r.settings = append(r.settings, setting{c.Field, text})
		}
	}
	return files, nil
}

// figures finds the validation of the run's end, and that of the base: at the start of the run that began with it,
// which for Stage 2 is Stage 1's, as long as that run held out the same rows. The figures of the base are those that
// the first run logged at its step 0, before any update: nothing is measured here. A run that logged no validation at
// its end has no figures, which is no error.
func (r *record) figures(dir string) (err error) {
	if r.after, err = validationAt(dir, r.run.Step); err != nil || r.base.First == "" {
		return err
	}
	same, err := sameHeldOut(r.base.First, dir)
	if err != nil || !same {
		return err
	}
	r.before, err = validationAt(r.base.First, 0)
	return err
}

// validationAt reads the validation of a step, nil where there is none.
func validationAt(dir string, step int) (*validation, error) {
	v := &validation{}
	if found, err := runstore.FindMetrics(dir, "validation", step, v); err != nil || !found {
		return nil, err
	}
	return v, nil
}

// heldOutBy are the settings, beside the files, that decide which rows a run validates on.
var heldOutBy = []string{"seed", "data.split_seed", "data.validation_fraction", "log.validation_rows"}

// sameHeldOut tells whether two runs validated on the same rows, as far as their records say. Different held-out
// rows would make "before" and "after" two different exams.
//
//	a: file 3f2a…, seed 1     b: file 3f2a…, seed 1      the same
//	a: part of 9c1d…, .05     b: part of 9c1d…, .10      not: twice as many rows
func sameHeldOut(a, b string) (bool, error) {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true, nil
	}
	var keys [2]string
	for i, dir := range []string{a, b} {
		run, err := runstore.Read(dir)
		if err != nil {
			return false, err
		}
		// Rows held out by a file are known by its hash; held out by a fraction, by the hash of the whole and the
		// settings that draw it.
		rows := "file " + run.Hashes["validation"]
		if run.Hashes["validation"] == "" {
			rows = "part of " + run.Hashes["data"]
		}
		settings, err := settingsOf(dir)
		if err != nil {
			return false, err
		}
		for _, name := range heldOutBy {
			rows += "\x00" + settings[name]
		}
		keys[i] = rows
	}
	return keys[0] == keys[1], nil
}

// settingsOf reads all settings of a run by name. Values are as the file writes them, quotes included: they are
// compared and not shown.
func settingsOf(dir string) (map[string]string, error) {
	path := filepath.Join(dir, "config.toml")
	config, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	all, err := runstore.ConfigChanges(nil, config)
	out := map[string]string{}
	for _, c := range all {
		out[c.Field] = c.Given
	}
	return out, err
}

// ofRun tells whether a start is the result of a run. ofRun is asked of a path that a setting names, so the path may
// be a run's folder, its final model, or anything else. A run whose run.json cannot be read counts as none.
func ofRun(from string) bool {
	_, err := runstore.Read(filepath.Dir(filepath.Clean(final(from))))
	return err == nil
}

// describe sums up the training rows if they are those that the model was trained on. A file that was named by hand
// and is another is an error; one that the run named and that has changed since is a gap on the card.
//
//	rows named by the run, unchanged          described
//	rows named by the run, gone or changed    a note, and a card without corpora
//	rows named with --data, of another hash   refused
func (r *record) describe(o *Options, known theories.Set, path, digest string) error {
	given := o.Data != ""
	if given {
		path = o.Data
	}
	if path == "" {
		return nil
	}
	sum, err := fsutil.SHA256(path)
	switch {
	case fault.Of(err) == fault.NotFound && !given:
		o.Note("the card has no corpora and licences: the training rows are not where the run read them; name " +
			"them with --data")
		return nil
	case err != nil:
		return err
	case sum != digest && digest != "" && given:
		return fault.New(fault.Mismatch, "%s is not the file that the model was trained on (SHA-256 %.12s…, not "+
			"%.12s…)", path, sum, digest)
	case sum != digest:
		o.Note("the card has no corpora and licences: the training rows have changed since; name the old file " +
			"with --data")
		return nil
	}
	if r.data, err = card.Describe(path, data.ReadOptions{SkipBad: true, Theories: known}, nil); err != nil {
		return fmt.Errorf("describe the training rows: %w", err)
	}
	return nil
}

// trace follows a start through runs that began with the results of others, as long as hashes agree.
//
//	Stage 2 began with runs/stage1/final     hash as noted: follow
//	Stage 1 began with weights/Qwen3-…       a folder of a download: there it ends
//	the card                                 Qwen/Qwen3-Embedding-0.6B at its commit
//
// most bounds the way, should runs name each other in a circle. A link that does not hold ends it with an unknown
// base: a guess in the middle would make the rest one.
func trace(from, digest string, most int) base {
	dir := final(from)
	info, err := folder.Read(dir)
	if err != nil || most == 0 {
		return base{}
	}
	if sum, err := folder.WeightsSHA256(dir); err != nil || sum != digest {
		return base{} // other weights lie there now
	}
	run, err := runstore.Read(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return baseOf(dir, info)
	}
	config, err := fsutil.ReadRegular(filepath.Join(filepath.Dir(filepath.Clean(dir)), "config.toml"))
	if err != nil {
		return base{}
	}
	named, err := (&record{}).take(config)
	if err != nil {
		return base{}
	}
	first := filepath.Dir(filepath.Clean(dir))
	earlier, random := strings.CutPrefix(named["model.from"], "random:")
	if random {
		return base{Random: true, First: first}
	}
	b := trace(earlier, run.Hashes["base"], most-1)
	if b.First == "" && !ofRun(earlier) {
		b.First = first
	}
	return b
}

// baseOf reads what a model folder says of itself: the record of a download, and its provenance. A record that is
// there and cannot be read makes the base unknown: half of it could be wrong.
func baseOf(dir string, info folder.Info) base {
	b := base{Model: info.Provenance["model"], Licence: info.Provenance["licence"], Source: info.Provenance["source"]}
	if filepath.Ext(dir) == gguf.Extension {
		dir = filepath.Dir(dir)
	}
	raw, err := fsutil.ReadRegular(filepath.Join(dir, "download.json"))
	if err == nil {
		var d struct{ ID, Commit string }
		if json.Unmarshal(raw, &d) == nil {
			b.ID, b.Commit = d.ID, d.Commit
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return base{}
	}
	return b
}

// chosen are the run's settings in the sections that change what is learned. How often a run logged changes no
// weight.
func (r *record) chosen() []setting {
	return slices.DeleteFunc(slices.Clone(r.settings), func(s setting) bool {
		return strings.HasPrefix(s.Name, "log.") || s.Name == "data.skip_bad"
	})
}
