package runs

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/report"
	"hives/internal/runstore"
)

// mostPoints is how many points of a curve a document holds; more are thinned evenly. A page draws a curve some
// hundreds of pixels wide, so further points would fall on each other.
const mostPoints = 600

// Document is one run, or several side by side. It is what JSON, the terminal and the page are all made from, so
// that the three agree.
type Document struct {
	Runs     []View    `json:"runs"`
	Settings []Setting `json:"settings"` // that are not the defaults of a stage, or not the same in all runs
	Curves   []Curve   `json:"curves"`
}

// View is a run with what lies in its folder. Checkpoints are the steps of those that are there, whole or not,
// ascending.
type View struct {
	Summary
	Name        string `json:"name"` // short, and unlike those of the others
	Checkpoints []int  `json:"checkpoints"`
	Final       bool   `json:"final"` // whether the model folder is there
}

// Setting is a setting with a value a run, "" where the run has none. Name is the dotted key of config.toml, values
// are written as there.
type Setting struct {
	Name    string   `json:"name"`
	Default string   `json:"default"` // of the first run's stage
	Values  []string `json:"values"`
}

// Curve is a figure over the steps of each run; a run without it has no points. Runs[i] belongs to the document's
// run i.
type Curve struct {
	Figure string     `json:"figure"`
	Runs   [][]Figure `json:"runs"`
}

// uninteresting are figures that are no curve to look at: counts, and what another line says too.
var uninteresting = []string{
	"train epoch", "train tokens", "train computed_tokens", "train clip", "train level_anchors", "validation rows",
	"validation loss_unknowing", "validation train_",
}

// boring tells figures that are no curve, by the beginning of their name: "validation train_" is all of that kind.
// They stay in the index; of them the table of newest figures has the tokens alone.
func boring(figure string) bool {
	return slices.ContainsFunc(uninteresting, func(p string) bool { return strings.HasPrefix(figure, p) })
}

// inText are the curves for a terminal; pages have them all. These answer whether it learns, whether it is about to
// break, and by what.
var inText = append([]string{"train loss", "train grad_norm", "train learning_rate", "train terms.hierarchical",
	"train terms.individual", "train terms.theory", heldOutHierarchical}, KeyFigures...)

// newDocument reads what lies in the folders beside what the index knows: checkpoints come and go without a line in
// any log.
// A folder without checkpoints is no error: a run that has just begun has none. list is in the order in which the
// runs were named, and so are all columns.
func newDocument(ctx context.Context, x *Index, list []Summary) (*Document, error) {
	d := &Document{}
	for _, s := range list {
		v := View{Summary: s, Name: filepath.Base(s.Path)}
		entries, err := checkpoints.List(runstore.CheckpointDir(s.Path))
		if err != nil && fault.Of(err) != fault.NotFound {
			return nil, err
		}
		for _, e := range entries {
			v.Checkpoints = append(v.Checkpoints, e.Step)
		}
		slices.Sort(v.Checkpoints)
		v.Final = s.run.Weights != ""
		d.Runs = append(d.Runs, v)
	}
	d.distinguish()
	if err := d.settings(); err != nil {
		return nil, err
	}
	return d, d.curves(ctx, x)
}

// distinguish names runs of folders of one name by their ids. Of a/stage1 and b/stage1 the names are "stage1
// 3f2a91c0" and "stage1 77b0d2e4": eight digits of the id, as in the list.
func (d *Document) distinguish() {
	seen := map[string]int{}
	for _, v := range d.Runs {
		seen[v.Name]++
	}
	for i := range d.Runs {
		if v := &d.Runs[i]; seen[v.Name] > 1 {
			v.Name += " " + v.ID[:min(8, len(v.ID))]
		}
	}
}

// settings lists those of a single run that are not the defaults, or those that differ between runs.
func (d *Document) settings() (err error) {
	var list []Run
	for i := range d.Runs {
		list = append(list, d.Runs[i].run)
	}
	d.Settings, err = Differing(list)
	return err
}

// Differing lists the settings that are not the same in all runs, or of a single run those that are not the defaults;
// of a run its Info.Stage and Config are used.
//
//	run 1 (Stage 1): sampler.batch_size 128  default of Stage 1: 64
//	run 2 (Stage 2): nothing changed         default of Stage 2: 64
//	→ sampler.batch_size, default 64, values 128 and 64
//
// A run that does not set a value still has one: its own stage's default, which may be another than that of the run
// beside it.
//
// Errors are those of configurations that cannot be read as TOML.
func Differing(list []Run) ([]Setting, error) {
	byName := map[string]*Setting{}
	var defaults []map[string]string // of each run's own stage
	for i := range list {
		own, err := stageDefaults(list[i].Info.Stage)
		if err != nil {
			return nil, err
		}
		defaults = append(defaults, own)
	}
	for i := range list {
		changes, err := changed(&list[i])
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			if byName[c.Field] == nil {
				byName[c.Field] = &Setting{Name: c.Field, Default: c.Stored}
				for k := range list { // a run that does not change it has the default
					byName[c.Field].Values = append(byName[c.Field].Values, defaults[k][c.Field])
				}
			}
			byName[c.Field].Values[i] = c.Given
		}
	}
	var out []Setting
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s := byName[name]
		// Of several runs a setting that all share is no difference, even if it is not the default.
		if len(list) == 1 || len(slices.Compact(slices.Clone(s.Values))) > 1 {
			out = append(out, *s)
		}
	}
	return out, nil
}

// curves reads every figure that any run has and that is worth a look, first those of the list. Known figures come
// first and in one order, others by name behind them: two reports of the same runs can be laid side by side.
func (d *Document) curves(ctx context.Context, x *Index) error {
	// A figure of one point is no curve: "some" asks for a second one in any of the runs.
	names := append([]string{"train loss"}, KeyFigures...)
	var others []string
	for _, v := range d.Runs {
		for name := range v.Figures {
			if !boring(name) && !slices.Contains(names, name) && !slices.Contains(others, name) {
				others = append(others, name)
			}
		}
	}
	slices.Sort(others)
	for _, name := range append(names, others...) {
		c, some := Curve{Figure: name, Runs: make([][]Figure, len(d.Runs))}, false
		for i := range d.Runs {
			points, err := x.Curve(ctx, &d.Runs[i].run, name)
			if err != nil {
				return err
			}
			c.Runs[i] = thin(points)
			some = some || len(points) > 1
		}
		if some {
			d.Curves = append(d.Curves, c)
		}
	}
	return nil
}

// thin keeps at most mostPoints, the last one among them. Even steps keep the shape; the last point is kept because
// it is the one that is looked at.
//
// Of 1,201 points, point k of 600 is point k·1,200/599 rounded down: 0, 2, 4, 6, …, 1,200.
func thin(points []Figure) []Figure {
	if len(points) <= mostPoints {
		return points
	}
	out := make([]Figure, mostPoints)
	for k := range out {
		out[k] = points[k*(len(points)-1)/(mostPoints-1)]
	}
	return out
}

// page is the document as package report draws it. The same three tables as on a terminal, and every curve that the
// terminal has no room for.
// Package report draws any tables and any lines; it knows no run.
func (d *Document) page() report.Runs {
	p := report.Runs{Title: "Training runs", Names: d.names()}
	facts := newTable("run", d.names())
	facts.Title = "The runs"
	for _, row := range d.facts() {
		facts.Rows = append(facts.Rows, row)
	}
	settings := newTable("setting", d.names())
	settings.Title = settingsTitle(len(d.Runs))
	for _, s := range d.Settings {
		settings.Rows = append(settings.Rows, append([]string{s.Name}, s.Values...))
	}
	figures := newTable("figure", d.names())
	figures.Title = "The newest figures"
	figures.Rows = d.figures()
	p.Tables = []report.RunsTable{facts, settings, figures}
	for _, c := range d.Curves {
		var lines []report.Series
		for i, points := range c.Runs {
			s := report.Series{Name: d.Runs[i].Name}
			for _, f := range points {
				s.Step, s.Y = append(s.Step, float64(f.Step)), append(s.Y, f.Value)
			}
			lines = append(lines, s)
		}
		p.Add(words(c.Figure), lines)
	}
	return p
}

// newTable has a column a run, behind the name of the row.
// Its caller adds the rows, each as long as the head.
func newTable(first string, names []string) report.RunsTable {
	return report.RunsTable{Head: append([]string{first}, names...)}
}

// settingsTitle says which settings stand in the table: one run has nothing to differ from.
func settingsTitle(runs int) string {
	if runs == 1 {
		return "Settings that are not the stage's defaults"
	}
	return "Settings that differ"
}

// names are those of the runs, in their order, as heads of columns. distinguish has made them unlike each other.
func (d *Document) names() (out []string) {
	for _, v := range d.Runs {
		out = append(out, v.Name)
	}
	return out
}

// words is a figure's name for a person: "validation direction_accuracy" becomes "validation direction accuracy".
// One figure gets more words, since its short name reads like another's: the mean over corpora is not the pooled
// one.
func words(figure string) string {
	if rest, ok := strings.CutSuffix(figure, "similarity_correlation.within_corpus"); ok {
		return rest + "similarity correlation, within corpus, pooled over corpora"
	}
	return strings.NewReplacer("_", " ", ".", ", ").Replace(figure)
}
