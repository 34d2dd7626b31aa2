package experiment

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/evaluate"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/report"
	"hives/internal/runs"
	"hives/internal/runstore"
)

// trained is a run with what its folder says: settings, figures over steps, how far it came. config is config.toml
// as it lies there; curves are the figures of metrics.jsonl.
type trained struct {
	Run
	info   runstore.Info
	config string
	curves []report.Series
}

// model is the model folder that is measured: the run's last weights, unless the file names others, such as those
// of the best checkpoint.
func (t *trained) model() string {
	if t.Model != "" {
		return t.Model
	}
	return filepath.Join(t.Dir, "final")
}

// length says how long the model was trained, by the records of its run and of those that it began with, so that
// a report drawn again without the models says the same. A model folder that the file names instead speaks for
// itself.
func (t *trained) length() evaluate.Trained {
	if t.Model != "" {
		return report.TrainedIn(t.Model)
	}
	out := evaluate.Trained{Stage: t.info.Stage, Steps: t.info.Step}
	if before := stepsBefore(t.config, longestChain); before > 0 {
		out.InAll = before + out.Steps
	}
	return out
}

// longestChain bounds the runs that are followed back. Two stages are two; a circle of runs that name each other
// ends too.
const longestChain = 8

// stepsBefore counts the steps of the runs that made a run's starting weights, as far as their folders are there.
// A Stage 2 of 500 steps that began from a Stage 1 of 2,000 has 2,500 in all; a base from elsewhere counts
// nothing.
//
//	stage2 (500 steps) from runs/stage1/final      runs/stage1 is a run of 2,000 steps: 2,000
//	stage1 from weights/Qwen3-Embedding-0.6B       no run: 0
func stepsBefore(config string, most int) int {
	var c struct {
		Model struct{ From string }
	}
	if toml.Unmarshal([]byte(config), &c) != nil || most == 0 {
		return 0
	}
	for _, dir := range []string{c.Model.From, filepath.Dir(filepath.Clean(c.Model.From))} { // the run, or its final/
		if info, err := runstore.Read(dir); err == nil {
			earlier, _ := runstore.Config(dir) // a run without settings began anywhere
			return info.Step + stepsBefore(string(earlier), most-1)
		}
	}
	return 0
}

// readRuns reads the folders and refuses what cannot be judged by: a run without validations, one that is not
// finished, one that saw the measured rows. Models need not be there any more where nothing is embedded.
//
// The measured rows are known by the digest of their file. A finalist may neither have trained nor validated on
// them: it was watched on its validation rows, and settings were chosen by them. A screening run may have them
// for validation, which is what it is for.
func readRuns(list []Run, measured string, embed bool) ([]trained, error) {
	digest, err := fsutil.SHA256(measured)
	if err != nil {
		return nil, err
	}
	var out []trained
	for _, r := range list {
		t, err := readRun(r, embed && r.Role != Screening)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", r.Name, err)
		}
		for _, use := range []string{"data", "validation"} {
			if t.info.Hashes[use] == digest && (r.Role != Screening || use == "data") {
				return nil, fault.New(fault.Mismatch, "run %s: its %s rows are those of rows.measured: measure on rows that it "+
					"has not seen", r.Name, map[string]string{"data": "training", "validation": "validation"}[use])
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// readRun reads one folder; model tells whether its weights must be there too. Kinds of error: those of the folder,
// Invalid for a run that goes on, NotFound for one without validations or without a model.
func readRun(r Run, model bool) (trained, error) {
	t := trained{Run: r}
	var err error
	if t.info, err = runstore.Read(r.Dir); err != nil {
		return t, err
	}
	raw, err := runstore.Config(r.Dir)
	if err != nil {
		return t, err
	}
	t.config = string(raw)
	// A run that goes on would change under the report.
	if t.info.Status != runstore.Finished {
		return t, fault.New(fault.Invalid, "%s is %s at step %d: finish it with `train --resume`, or take it out of the file",
			r.Dir, t.info.Status, t.info.Step)
	}
	if t.curves, err = report.ReadCurves(filepath.Join(r.Dir, "metrics.jsonl")); err != nil {
		return t, err
	}
	if !slices.ContainsFunc(t.curves, func(s report.Series) bool { return strings.HasPrefix(s.Name, "validation ") }) {
		return t, fault.New(fault.NotFound, "%s/metrics.jsonl holds no validation: train with held-out rows", r.Dir)
	}
	if model {
		if _, err := os.Stat(t.model()); err != nil {
			return t, fault.New(fault.NotFound, "no model at %s", t.model())
		}
	}
	return t, nil
}

// series is a figure of the run, empty where it was never logged. Names are those of report.ReadCurves: "train
// loss", "validation ranking accuracy all".
func (t *trained) series(name string) report.Series {
	for _, s := range t.curves {
		if s.Name == name {
			return s
		}
	}
	return report.Series{Name: name}
}

// figureName is how metrics.jsonl's "validation" key reads among the curves: ranking_accuracy.within_corpus is
// "validation ranking accuracy within corpus".
func figureName(key string) string {
	return "validation " + strings.NewReplacer(".", " ", "_", " ").Replace(key)
}

// screened are the validation figures of the table, by key and heading; others stand in the curves.
var screened = [][2]string{
	{"ranking_accuracy.within_corpus", "ranking, within corpus"}, {"similarity_correlation_corpus_mean",
		"correlation, mean over corpora"},
	{"direction_accuracy", "direction"}, {"ranking_accuracy.within_theory", "ranking, within theory"},
	{"ranking_accuracy.all", "ranking, all"},
	{"loss", "loss"}, {"loss_hierarchical", "hierarchical loss"}, {"mean_cosine", "mean cosine"},
	{"effective_rank", "effective rank"},
}

// screeningTable has a row a run: the settings that differ and the figures, each from the first validation to the
// last.
//
//	run         optimizer.learning_rate   steps   ranking, within corpus   …
//	screening1  0.0001                    600     0.5 → 0.52
//	screening2  0.0003                    600     0.5 → 0.51
func screeningTable(list []trained) (report.RunsTable, error) {
	// Columns: what differs between the runs, then how long they ran, then the figures, then the note.
	t := report.RunsTable{Head: []string{"run"}}
	settings, err := differing(list)
	if err != nil {
		return t, err
	}
	for _, s := range settings {
		t.Head = append(t.Head, s.Name)
	}
	t.Head = append(t.Head, "steps")
	for _, f := range screened {
		t.Head = append(t.Head, f[1])
	}
	t.Head = append(t.Head, "note")
	for i := range list {
		r := &list[i]
		row := []string{r.Name}
		for _, s := range settings {
			row = append(row, s.Values[i])
		}
		row = append(row, fmt.Sprint(r.info.Step))
		for _, f := range screened {
			row = append(row, fromTo(r.series(figureName(f[0]))))
		}
		t.Rows = append(t.Rows, append(row, r.Note))
	}
	return t, nil
}

// differing are the settings in which runs differ, but for where their files lie: of ten runs with a hundred
// settings each a reader wants the three that were tried.
func differing(list []trained) ([]runs.Setting, error) {
	var indexed []runs.Run
	for i := range list {
		indexed = append(indexed, runs.Run{Path: list[i].Dir, Info: list[i].info, Config: list[i].config})
	}
	if len(indexed) < 2 {
		return nil, nil
	}
	found, err := runs.Differing(indexed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(s runs.Setting) bool {
		return strings.HasPrefix(s.Name, "data.") || strings.HasPrefix(s.Name, "log.")
	}), nil
}

// fromTo writes the first and the last figure, ".5341 → .5562"; the first is left out where it is the last, and a
// dash stands for none. What lies between is in the curves.
func fromTo(s report.Series) string {
	if len(s.Y) == 0 {
		return "–"
	}
	last := fmt.Sprintf("%.4g", s.Y[len(s.Y)-1])
	if len(s.Y) == 1 {
		return last
	}
	return fmt.Sprintf("%.4g → %s", s.Y[0], last)
}

// choice says which screening run has the largest figure after its last step; the earlier of equals. A run
// without the figure is an error: it cannot be compared. The last step and not the best: the best of many looks
// is in part luck.
// The sentence stands in the report; nothing is chosen by the program. "" where there is no screening run.
func choice(list []trained, key string) (string, error) {
	// Strictly larger, so of equal runs the first in the file is chosen.
	best, at := math.Inf(-1), -1
	for i := range list {
		s := list[i].series(figureName(key))
		if len(s.Y) == 0 {
			return "", fault.New(fault.NotFound, "run %s: metrics.jsonl holds no validation %s, by which choose_by would choose",
				list[i].Name, key)
		}
		if y := s.Y[len(s.Y)-1]; y > best {
			best, at = y, i
		}
	}
	if at < 0 {
		return "", nil
	}
	return fmt.Sprintf("By %s after the last step the choice is %s (%.4f).", strings.TrimPrefix(figureName(key),
		"validation "), list[at].Name, best), nil
}

// curveNames are the figures that are drawn.
var curveNames = []string{
	"train loss", "validation loss", "validation loss hierarchical", "validation ranking accuracy within corpus",
	"validation similarity correlation corpus mean",
	"validation direction accuracy", "validation ranking accuracy within theory", "validation ranking accuracy all",
	"validation similarity correlation all", "validation mean cosine", "validation effective rank",
	"train loss hierarchical", "train loss individual", "train loss theory",
}

// mostTogether is how many runs a plot can tell apart by colour. Ten runs of a screening are two plots, of eight
// and of two.
const mostTogether = 8

// curves draws runs over each other, in groups of at most mostTogether. A run that never logged a figure has an
// empty line there, so colours mean the same run in every plot.
func curves(title string, list []trained) (out []report.Runs) {
	for part := range slices.Chunk(list, mostTogether) {
		group := report.Runs{Title: title}
		for i := range part {
			group.Names = append(group.Names, part[i].Name)
		}
		for _, figure := range curveNames {
			var lines []report.Series
			for i := range part {
				lines = append(lines, part[i].series(figure))
			}
			group.Add(figure, lines)
		}
		out = append(out, group)
	}
	return out
}

// factsTable has a row a finalist: the settings that differ, and how far it was trained. It says what was
// compared, before any figure says how it went.
func factsTable(list []trained) (report.RunsTable, error) {
	t := report.RunsTable{Head: []string{"run", "role", "steps", "training loss"}}
	settings, err := differing(list)
	if err != nil {
		return t, err
	}
	// Steps have a column of their own, and what a run began with is told by its role.
	settings = slices.DeleteFunc(settings, func(s runs.Setting) bool {
		return s.Name == "steps" ||
			s.Name == "model.from"
	})
	for _, s := range settings {
		t.Head = append(t.Head, s.Name)
	}
	t.Head = append(t.Head, "note")
	for i := range list {
		r := &list[i]
		row := []string{r.Name, r.Role, fmt.Sprint(r.info.Step), fromTo(r.series("train loss"))}
		for _, s := range settings {
			row = append(row, s.Values[i])
		}
		t.Rows = append(t.Rows, append(row, r.Note))
	}
	return t, nil
}
