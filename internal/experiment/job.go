package experiment

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"hives/data"
	"hives/data/theories"
	"hives/internal/evaluate"
	"hives/internal/fsutil"
	"hives/internal/page"
	"hives/internal/report"
	"hives/internal/whatis"
)

// Names of the files in the output folder, beside the folder of vectors.
const (
	MetricsFile = "metrics.json"
	PageFile    = "report.html"
	TextFile    = "report.md"
)

// Job is one experiment to judge. With Redraw everything is drawn from stored vectors: a page that is to look
// otherwise needs no model and measures nothing again.
//
//	out/metrics.json     every figure, as an evaluate.Experiment
//	out/report.html      the page
//	out/report.md        its tables
//	out/vectors/         base-last-3f9c….npy and .json, run-full1-….npy and .json, …
type Job struct {
	Config Config
	Redraw bool // from stored vectors alone

	// Theories are those of the rows; the zero Set is the built-in four.
	Theories theories.Set

	Open   Opener // not needed with Redraw
	Stdout io.Writer
	Stderr io.Writer
}

// Check looks at what the job reads and where it writes, before an engine opens: a wrong path is said before the
// embedding, not after it.
func (j *Job) Check() error {
	c := &j.Config
	for _, path := range []string{c.Rows.Measured, c.Rows.Train} {
		if err := fsutil.CheckReadable(path); err != nil {
			return err
		}
	}
	for _, path := range []string{c.Out, c.Vectors} {
		if err := fsutil.CheckWritableFolder(path); err != nil {
			return err
		}
	}
	if !j.Redraw {
		if err := whatis.Model(c.Base.Model); err != nil {
			return err
		}
	}
	_, err := readRuns(c.Runs, c.Rows.Measured, !j.Redraw)
	return err
}

// Judge does the job and leaves the report. Rows that contradict each other are left out of both files, as in
// training.
//
//	rows → runs and who saw the rows → vectors of base and finalists → figures → tables, page, document
//
// A stop anywhere leaves an old report or none, and the vectors so far.
func Judge(ctx context.Context, j Job) error {
	note := func(s string) { fmt.Fprintln(j.Stderr, s) }
	measured, err := data.ReadConsistent(j.Config.Rows.Measured, j.Theories, note)
	if err != nil {
		return err
	}
	train, err := data.ReadConsistent(j.Config.Rows.Train, j.Theories, note)
	if err != nil {
		return err
	}
	// Runs are read before anything is embedded: one that saw the measured rows ends the job here.
	runs, err := readRuns(j.Config.Runs, j.Config.Rows.Measured, !j.Redraw)
	if err != nil {
		return err
	}
	bench, err := evaluate.NewBench(measured.Rows, evaluate.Options{
		Seed: j.Config.Seed, Resamples: j.Config.Resamples, TrainRows: train.Rows, Theories: j.Theories,
		Stage: func(system string) { fmt.Fprintf(j.Stderr, "measuring %s\n", system) },
	})
	if err != nil {
		return err
	}
	trial, err := j.trial(ctx, measured.Rows, train.Rows, runs)
	if err != nil {
		return err
	}
	shown, err := j.shown(runs, trial)
	if err != nil {
		return err
	}
	e, err := bench.Experiment(ctx, trial)
	if err != nil {
		return err
	}
	return j.write(e, shown)
}

// trial gathers vectors: of the base for both parts by each pooling, of each finalist for the measured part. One
// model is open at a time (vault.with).
//
//	base, poolings last and mean     measured and training rows, each pooling: four lots of vectors
//	each finalist                    measured rows
//	screening runs                   nothing
func (j *Job) trial(ctx context.Context, measured, train []data.Row, runs []trained) (t evaluate.Trial, err error) {
	v := &vault{dir: j.Config.Vectors, open: j.Open, progress: j.progress()}
	if j.Redraw {
		v.open = nil
	}
	for _, pooling := range j.Config.Base.Poolings {
		// The base is embedded for both parts: the training part is what mean, deviation and classifier are
		// fitted on.
		from := Source{j.Config.Base.Model, pooling, j.Config.Base.MaxLength}
		p := evaluate.Pooled{Name: pooling}
		if p.Measured, p.Model, err = v.get(ctx, "base-"+pooling, from, measured); err != nil {
			return t, err
		}
		if p.Train, _, err = v.get(ctx, "base-"+pooling, from, train); err != nil {
			return t, err
		}
		t.Base = append(t.Base, p)
	}
	for i := range runs {
		r := &runs[i]
		if r.Role == Screening {
			continue
		}
		f := evaluate.Finalist{Name: r.Name, Role: r.Role, Control: r.Control, Over: r.Over, Trained: r.length()}
		if f.Vectors, f.Model, err = v.get(ctx, "run-"+r.Name, Source{Dir: r.model()}, measured); err != nil {
			return t, err
		}
		// The model knows how its vectors were pooled; the base it is compared with is the one pooled alike.
		f.Pooling = f.Model.Pooling
		t.Finalists = append(t.Finalists, f)
	}
	return t, nil
}

// progress prints a line at each tenth of a source, "run-full1: 2304 of 11520 texts embedded", however small the
// batches are.
func (j *Job) progress() func(name string, done, total int) {
	tenth := map[string]int{}
	return func(name string, done, total int) {
		if now := 10 * done / total; now != tenth[name] {
			tenth[name] = now
			fmt.Fprintf(j.Stderr, "%s: %d of %d texts embedded\n", name, done, total)
		}
	}
}

// shown is what the report has beside the figures: tables and curves of runs, from their own records.
func (j *Job) shown(runs []trained, t evaluate.Trial) (x report.Experiment, err error) {
	x = report.Experiment{Title: j.Config.Title, Poolings: j.Config.Base.Poolings, Finalists: t.Finalists}
	var screening, finalists []trained
	for _, r := range runs {
		if r.Role == Screening {
			screening = append(screening, r)
		} else {
			finalists = append(finalists, r)
		}
	}
	if x.Screening, err = screeningTable(screening); err != nil {
		return x, err
	}
	if x.Choice, err = choice(screening, j.Config.ChooseBy); err != nil {
		return x, err
	}
	if x.Facts, err = factsTable(finalists); err != nil {
		return x, err
	}
	x.Curves = append(curves("Curves of the settings tried", screening), curves("Curves of the trained models",
		finalists)...)
	return x, nil
}

// about names the inputs by their digests; drawn again the page is the same, so the flag for that is left out of
// the command that the page shows. Base and runs are listed by name, so that the order is not a map's.
func (j *Job) about(e *evaluate.Experiment) (page.About, error) {
	a := page.About{Command: page.Command("--redraw", "--redraw=true")}
	for _, file := range [][2]string{{"measured rows", j.Config.Rows.Measured}, {"training rows", j.Config.Rows.Train}} {
		sum, err := fsutil.SHA256(file[1])
		if err != nil {
			return a, err
		}
		a.Facts = append(a.Facts, page.Fact{Name: file[0] + ", SHA-256", Value: sum})
	}
	for _, systems := range []map[string]*evaluate.System{e.Base, e.Runs} {
		for _, name := range slices.Sorted(maps.Keys(systems)) {
			if m := systems[name].Model; m != nil {
				a.Facts = append(a.Facts, page.Fact{Name: "weights of " + name + ", SHA-256", Value: m.WeightsSHA256})
			}
		}
	}
	return a, nil
}

// write leaves document, page and tables. Each file is whole or the old one; all three come from the same
// measurement.
func (j *Job) write(e *evaluate.Experiment, x report.Experiment) error {
	// The page names its inputs by digest, so they are hashed before anything is written.
	about, err := j.about(e)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		put  func(io.Writer) error
	}{
		{MetricsFile, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", " ")
			return enc.Encode(e)
		}},
		{PageFile, func(w io.Writer) error { return report.WriteExperiment(w, e, x, about) }},
		{TextFile, func(w io.Writer) error { return report.WriteExperimentText(w, e, x) }},
	} {
		if err := fsutil.WriteFile(filepath.Join(j.Config.Out, f.name), f.put); err != nil {
			return err
		}
	}
	if err := report.PrintExperiment(j.Stdout, e, x); err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.Stdout, "\nfigures: %s\nreport:  %s\ntables:  %s\n",
		filepath.Join(j.Config.Out, MetricsFile), filepath.Join(j.Config.Out, PageFile),
		filepath.Join(j.Config.Out, TextFile))
	return err
}
