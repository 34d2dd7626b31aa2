package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/columns"
	"hives/internal/evaluate"
	"hives/internal/fault"
	"hives/internal/fsutil"
	web "hives/internal/page"
	"hives/metrics"
	"hives/model/folder"
)

// Names of the files a job leaves in its output folder. They are named in docs and in other programs, so they stay.
const (
	MetricsFile = "metrics.json"
	PageFile    = "report.html"
	curvesFile  = "metrics.jsonl" // of a training run
)

// Opener loads a model folder and returns its encoder and what frees it. The context ends an opening that takes
// minutes; an error frees what was opened.
type Opener func(ctx context.Context, dir string) (encoder.Encoder, func() error, error)

// Job is what both commands need. The models are opened by Open, one after another, so this package knows no engine.
// Both commands read their rows, warn and write in the same way; what they measure is their own.
type Job struct {
	Data, TrainData string // rows to measure on; rows for fitted controls, may be empty
	Out             string // folder of metrics.json and report.html; empty writes none
	Options         evaluate.Options
	Open            Opener
	// TrainedOn, if set, counts the rows of a file that a model folder was trained on; nil where nobody knows.
	TrainedOn      func(model, file string, rows []data.Row, known theories.Set) (*data.Shared, error)
	Stdout, Stderr io.Writer
}

// EvaluateJob measures one model, beside those that Controls names. With JSON nothing else is printed, so that a
// program can read it; files are written all the same where Out is set.
type EvaluateJob struct {
	Job
	Model    string
	Controls map[string]string // name to model folder
	JSON     bool              // one object on Stdout and nothing else
}

// DemoJob compares a model before and after training with one trained on permuted labels. Before answers "what
// was there already", Control "what does training do that knows no labels", and only what lies above both is
// called learned.
type DemoJob struct {
	Job
	Before, After, Control string
	Stage1                 string // model folder between the stages; may be empty
	RandomBefore, Random   string // model folders of a model from random weights, untrained and trained; both or neither
	Run                    string // folder of the training run, for the curves; may be empty
	Anchors, Assigned      string // bank of anchors and the rows assigned to it; both or neither
	VIDB                   string // database of intensities from people's grades, to be told by vectors; may be empty
}

// Evaluate runs the job: rows, model, controls, then document, page and table. Names of model-free controls
// cannot be given to models: their figures would stand under one key.
//
//	rows → warning → model and controls embedded, one after another → figures → metrics.json → report.html → table
//
// A model that cannot be opened ends the job before anything is written.
func Evaluate(ctx context.Context, j EvaluateJob) error {
	b, err := j.bench()
	if err != nil {
		return err
	}
	var controls []evaluate.Named
	for _, name := range slices.Sorted(maps.Keys(j.Controls)) {
		if slices.Contains(evaluate.ControlNames, name) {
			return fault.Usage(fault.New(fault.Invalid, "--control %s: the name belongs to a control that needs no model", name))
		}
		controls = append(controls, j.model(name, j.Controls[name]))
	}
	// Before the model is opened: the warning is there even if somebody stops the run.
	shared, err := j.trainedOn(j.Model)
	if err != nil {
		return err
	}
	e, err := b.Evaluate(ctx, j.model("model", j.Model), controls)
	if err != nil {
		return err
	}
	e.TrainedOn = shared
	about, err := j.about(&e.Common, e.System)
	if err != nil {
		return err
	}
	if err := j.write(e, func(w io.Writer) error { return WriteEvaluation(w, e, about) }); err != nil {
		return err
	}
	if j.JSON {
		return writeJSON(j.Stdout, e)
	}
	return j.finish(append([]shown{{"the model", "", e.System, true}}, controlsShown(e.Controls)...), shared)
}

// Demo runs the job. What is small is read before the models are opened, so that a wrong path is said at once. The
// findings' sentences are printed last, so that they are what stays on the screen.
func Demo(ctx context.Context, j DemoJob) error {
	b, err := j.bench()
	if err != nil {
		return err
	}
	curves, bank, err := j.extras()
	if err != nil {
		return err
	}
	// Before the models are measured, so that the warning stands at the top of a long run.
	shared, err := j.trainedOn(j.After)
	if err != nil {
		return err
	}
	d, err := b.Demo(ctx, j.models())
	if err != nil {
		return err
	}
	d.TrainedOn = shared
	if d.Intensities, err = j.intensities(ctx); err != nil {
		return err
	}
	about, err := j.about(&d.Common, d.Before, d.After, d.Control, d.Stage1, d.Random)
	if err != nil {
		return err
	}
	if j.VIDB != "" {
		sum, err := fsutil.SHA256(j.VIDB)
		if err != nil {
			return err
		}
		about.Facts = append(about.Facts, web.Fact{Name: "database of intensities, SHA-256", Value: sum})
	}
	if err := j.write(d, func(w io.Writer) error { return WriteDemo(w, d, curves, bank, about) }); err != nil {
		return err
	}
	if err := j.finish(append(shownDemo(d), controlsShown(d.Controls)...), shared); err != nil {
		return err
	}
	fmt.Fprintln(j.Stdout)
	if bank != nil {
		fmt.Fprintf(j.Stdout, "anchors: %s.\n", bank.Coverage())
	}
	for _, v := range d.Intensities {
		fmt.Fprintf(j.Stdout, "%s by vectors: %s\n", v.ValueID, strings.Join(worth(v), " "))
	}
	for _, f := range d.Findings {
		if _, err := fmt.Fprintf(j.Stdout, "%s: %s\n", f.Topic, f.Sentence); err != nil {
			return err
		}
	}
	return nil
}

// extras are what the page shows beside the figures: the run's curves and the bank of anchors, each only where it was
// named. They are read before anything is embedded, so that a file that is damaged is said at once.
func (j *DemoJob) extras() (curves []Series, bank *Anchors, err error) {
	if j.Run != "" {
		if curves, err = ReadCurves(filepath.Join(j.Run, curvesFile)); err != nil {
			return nil, nil, err
		}
	}
	if j.Anchors != "" {
		bank, err = ReadAnchors(j.Anchors, j.Assigned, j.Options.Theories)
	}
	return curves, bank, err
}

// models are those that the demo measures; the stages between and the random weights only where they were named.
func (j *DemoJob) models() evaluate.DemoModels {
	models := evaluate.DemoModels{
		Before: j.model("before", j.Before), After: j.model("after", j.After), Control: j.model("control", j.Control),
	}
	if j.Stage1 != "" {
		models.Stage1 = j.model("stage 1", j.Stage1)
	}
	if j.Random != "" {
		models.RandomBefore, models.Random = j.model("random before", j.RandomBefore), j.model("random", j.Random)
	}
	return models
}

// shownDemo are the lines of the demo's table on the terminal, before those of the controls.
func shownDemo(d *evaluate.Demo) []shown {
	lines := []shown{
		{"before training", "", d.Before, true}, {"after training", "", d.After, true},
		{"permuted labels", "", d.Control, true},
	}
	if d.Stage1 != nil {
		lines = append(lines, shown{"after Stage 1", "", d.Stage1, true})
	}
	if d.Random != nil {
		lines = append(lines,
			shown{"random weights", "", d.RandomBefore, true}, shown{"random, trained", "", d.Random, true})
	}
	return lines
}

// bench reads the rows; a row that cannot be used is an error with its file and number. The output folder is tried
// first: an hour of measuring must not end at a folder that cannot be written. Rows that contradict each other are
// left out with a note on Stderr: a text cannot be measured against two truths.
func (j *Job) bench() (*evaluate.Bench, error) {
	if j.Out != "" {
		if err := fsutil.CheckWritableFolder(j.Out); err != nil {
			return nil, err
		}
	}
	note := func(s string) { fmt.Fprintln(j.Stderr, s) }
	rows, err := data.ReadConsistent(j.Data, j.Options.Theories, note)
	if err != nil {
		return nil, err
	}
	if j.TrainData != "" {
		train, err := data.ReadConsistent(j.TrainData, j.Options.Theories, note)
		if err != nil {
			return nil, err
		}
		j.Options.TrainRows = train.Rows
	}
	// One line a model, when all of it is embedded.
	j.Options.Progress = func(model string, done, total int) {
		if done == total {
			fmt.Fprintf(j.Stderr, "%s: %d texts embedded\n", model, total)
		}
	}
	j.Options.Stage = func(system string) { fmt.Fprintf(j.Stderr, "measuring %s\n", system) }
	return evaluate.NewBench(rows.Rows, j.Options)
}

// trainedOn warns of rows that the model was trained on, and returns how many; nil where there are none. The figures
// are given all the same, marked: whoever asks may want them, and must not take them for held-out ones. It is said
// before anything is measured, and stands in the document, on the page and below the table.
func (j *Job) trainedOn(model string) (*data.Shared, error) {
	if j.TrainedOn == nil || model == "" {
		return nil, nil
	}
	// All rows, contradicting ones too: the model may have seen those.
	rows, _, err := data.ReadWith(j.Data, data.ReadOptions{Theories: j.Options.Theories})
	if err != nil {
		return nil, err
	}
	shared, err := j.TrainedOn(model, j.Data, rows, j.Options.Theories)
	if err != nil || shared == nil || !shared.Any() {
		return nil, err
	}
	fmt.Fprintf(j.Stderr, "warning: %s: %s\n", j.Data, shared)
	return shared, nil
}

// model opens its folder only when its turn comes. How long it was trained is read now, from a file of a few lines.
// So two models are never in memory together.
func (j *Job) model(name, dir string) evaluate.Named {
	return evaluate.Named{Name: name, Trained: TrainedIn(dir), Open: func(ctx context.Context) (encoder.Encoder,
		func() error, error) {
		return j.Open(ctx, dir)
	}}
}

// TrainedIn reads from a model folder how long its model was trained; what says nothing of it, such as weights
// that somebody brought, has no length. A control of unknown length can still be compared with; the model is then
// not called learned.
func TrainedIn(dir string) evaluate.Trained {
	info, err := folder.Read(dir)
	if err != nil {
		return evaluate.Trained{} // who opens the model says what is wrong
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(info.Provenance[name]) // 0 where it is absent
		return n
	}
	return evaluate.Trained{Stage: number("stage"), Steps: number("steps"), InAll: number("steps_in_all")}
}

// write leaves the document and the page in the output folder; each whole, the document first. A page without its
// document would be figures that nobody can check.
func (j *Job) write(document any, page func(io.Writer) error) error {
	if j.Out == "" {
		return nil
	}
	err := fsutil.WriteFile(filepath.Join(j.Out, MetricsFile), func(w io.Writer) error { return writeJSON(w, document) })
	if err != nil {
		return err
	}
	return fsutil.WriteFile(filepath.Join(j.Out, PageFile), page)
}

// writeJSON ends with a line break, as tools expect.
func writeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(document)
}

// about names the inputs by their digests. The page must be the same for the same inputs, so it has no date: who
// asks when it was made looks at the file.
//
//	measured rows, SHA-256             3f2a…
//	weights of after, SHA-256          0437…
//	seed of the intervals              1
func (j *Job) about(c *evaluate.Common, systems ...*evaluate.System) (a web.About, err error) {
	for _, file := range [][2]string{{"measured rows", j.Data}, {"training rows", j.TrainData}} {
		if file[1] == "" {
			continue
		}
		sum, err := fsutil.SHA256(file[1])
		if err != nil {
			return a, err
		}
		a.Facts = append(a.Facts, web.Fact{Name: file[0] + ", SHA-256", Value: sum})
	}
	for _, s := range systems {
		if s != nil && s.Model != nil {
			a.Facts = append(a.Facts, web.Fact{Name: "weights of " + s.Name + ", SHA-256", Value: s.Model.WeightsSHA256})
		}
	}
	a.Facts = append(a.Facts, web.Fact{Name: "seed of the intervals", Value: fmt.Sprint(c.Settings.Seed)})
	return a, nil
}

// finish prints the table of systems, marked where they were trained on some of the rows, and where the files
// are. The warning comes below the table, where it is still on the screen.
func (j *Job) finish(systems []shown, shared *data.Shared) error {
	if err := printSystems(j.Stdout, systems); err != nil {
		return err
	}
	if shared != nil {
		fmt.Fprintf(j.Stdout, "\nwarning: %s\n", shared)
	}
	if j.Out == "" {
		return nil
	}
	_, err := fmt.Fprintf(j.Stdout, "\nfigures: %s\nreport:  %s\n", filepath.Join(j.Out, MetricsFile),
		filepath.Join(j.Out, PageFile))
	return err
}

// printSystems prints the headline table: a row a system, controls from chance to the ceiling below the models. Ties
// of controls count half, as on the page. Columns within a corpus come first, since claims rest on them; the two on
// all rows reward telling corpora apart.
func printSystems(w io.Writer, systems []shown) error {
	t := columns.NewRightTable(w)
	theories := spread(systems[0].system)
	fmt.Fprintln(t, "\tranking\tcorrelation\tdirection\ttexts\tranking\tcorrelation\torthogonality"+strings.Repeat("\t",
		len(theories)))
	fmt.Fprintf(t, "\twithin corpus\tmean of corpora\twithin corpus\twithin corpus\tall\tall\t%s\t\n",
		strings.Join(theories, "\t"))
	c := metrics.WithinCorpus
	for _, s := range systems {
		x := s.system
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s", s.label,
			three(x.Ranked(c).Value), three(x.CorrelationCorpusMean.Value), three(x.Directed(c).Value),
			three(x.TextsRanked("", c).Value), three(x.Ranked(metrics.All).Value), three(x.Correlation.All))
		for _, theory := range theories {
			fmt.Fprint(t, "\t", three(x.Orthogonality.Of(theory)))
		}
		fmt.Fprintln(t, "\t")
	}
	return t.Flush()
}
