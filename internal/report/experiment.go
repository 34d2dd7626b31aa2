package report

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"

	"hives/internal/evaluate"
	web "hives/internal/page"
	"hives/metrics"
)

//go:embed experiment.html
var experimentSource string

var experimentPage = parse("experiment", experimentSource)

// Experiment is what the report of an experiment shows beside its figures. Package experiment fills it; nothing
// here opens a run or a model.
//
// Base, finalists and controls were all measured on the same rows, which evaluate saw to; the screening was on
// validation rows, and its figures never stand in one table with the others.
type Experiment struct {
	Title     string
	Poolings  []string            // of the base, in the order shown
	Finalists []evaluate.Finalist // in the order shown; their vectors are not used
	Facts     RunsTable           // of the finalists' runs
	Screening RunsTable           // a row a run, figures on validation rows
	Choice    string              // what screening chose, and by what
	Curves    []Runs              // groups of runs
}

// experimentView is what the template sees: the view that all pages share, and the tables of runs around it. The
// template places what is in it and asks for nothing else.
type experimentView struct {
	*view
	Facts, Screening, Seeds, Every RunsTable
	Choice                         string
	Forests                        []titledForest
	Groups                         []Runs
	Gaps                           []RunsTable
}

// titledForest is one finalist's picture under its name.
type titledForest struct {
	Title  string
	Forest *forest
}

// experimentLead tells a newcomer what the page is about.
var experimentLead = []string{
	"A language model was trained on annotated text so that texts come close when they stand for the same value in the " +
		"same direction. This page sets the trained models beside the model they began with, on held-out groups of texts.",
	"The base's vectors lie in a narrow cone, so merely centring them looks like gain; they are therefore read in four " +
		"ways: raw, centred, centred and scaled, and through a logistic regression that has seen the same labels. " +
		"Corpora differ in style and theory, so conclusions rest on comparisons within one corpus, and against a model " +
		"trained as long on permuted labels.",
}

// experimentRule states by which rule findings were drawn. It must say what package evaluate does: whoever changes
// the one changes the other.
const experimentRule = "Learned: the paired 95 % intervals over the base raw, centred, and centred and scaled, " +
	"and over a model trained as long on permuted labels, all lie above zero, with p at most .05 after Holm's " +
	"correction over all differences that a claim of this page rests on. Higher: the same without such a control. " +
	"Only geometry: above the raw base, but not above its centred or scaled vectors. Worse: an interval over the raw " +
	"base or over permuted labels lies below zero, again after the correction. Not shown: anything else."

// WriteExperiment writes the page. Pictures show a few systems side by side (few), tables all of them. Nothing is
// measured: e has every figure before the first byte is written.
func WriteExperiment(w io.Writer, e *evaluate.Experiment, x Experiment, about web.About) error {
	base, runs := x.systems(e)
	v := newView(x.Title, slices.Concat(runs, base), &e.Common)
	v.Lead, v.Rule, v.Findings = experimentLead, experimentRule, e.Findings
	// Pictures of all systems would not fit side by side: maps and matrices show a few.
	few := x.few(e)
	v.Matrices, v.Maps, v.Ortho = nil, mapRows(few), orthoRows(few)
	for _, s := range few {
		v.Matrices = append(v.Matrices, binMatrix(s, metrics.WithinCorpus))
	}
	out := experimentView{
		view: v, Facts: x.Facts, Screening: x.Screening, Choice: x.Choice, Groups: x.Curves,
		Seeds: seedTable(e), Every: everyFigure(slices.Concat(base, runs)), Gaps: x.gaps(e),
	}
	for i := range x.Finalists {
		if f := x.forest(e, &x.Finalists[i]); f != nil {
			out.Forests = append(out.Forests, titledForest{x.Finalists[i].Name, f})
		}
	}
	return web.Write(w, experimentPage, out, about)
}

// readings are the words for evaluate.BaseNames. A reading without a word here would be shown as the empty one, so a
// further one is a line.
var readings = map[string]string{
	evaluate.BaseRaw: "raw", evaluate.BaseCentred: "centred", evaluate.BaseScaled: "centred and scaled",
	evaluate.BaseLogistic: "logistic regression",
}

// systems lists the base's readings and the trained models, in the order shown. A reading that was not made, as a
// logistic regression without training rows, is left out.
func (x *Experiment) systems(e *evaluate.Experiment) (base, runs []shown) {
	for _, pooling := range x.Poolings {
		for _, name := range evaluate.BaseNames {
			if s := e.Base[pooling+"_"+name]; s != nil {
				base = append(base, shown{"base, " + pooling + ", " + readings[name], "not trained", s, false})
			}
		}
	}
	for i := range x.Finalists {
		f := &x.Finalists[i]
		runs = append(runs, shown{f.Name, f.Role + ", " + f.Pooling + " of tokens", e.Runs[f.Name], true})
	}
	return base, runs
}

// few are the systems whose pictures fit side by side: the raw base of the first finalist's pooling, or of the
// first pooling, and one trained model of each role. The tables have all.
//
//	poolings last, mean; finalists A and B (role hierarchical), C (role control)     base of A's pooling, A, C
func (x *Experiment) few(e *evaluate.Experiment) []shown {
	pooling := x.Poolings[0]
	if len(x.Finalists) > 0 {
		pooling = x.Finalists[0].Pooling
	}
	out := []shown{{"base, " + pooling + ", raw", "", e.Base[pooling+"_"+evaluate.BaseRaw], true}}
	seen := map[string]bool{}
	for i := range x.Finalists {
		if f := &x.Finalists[i]; !seen[f.Role] {
			seen[f.Role] = true
			out = append(out, shown{f.Name, f.Role, e.Runs[f.Name], true})
		}
	}
	return out
}

// forest draws the claims of a finalist against everything it is compared with: a row a claim, in it a line a
// comparison. Nil where no interval is known. Figures are picked by their place among the claims, which is the same
// for every difference.
func (x *Experiment) forest(e *evaluate.Experiment, f *evaluate.Finalist) *forest {
	claims := evaluate.Claims(e.Runs[f.Name])
	var names []string
	for i := range claims {
		names = append(names, claims[i].Title())
	}
	var contrasts []contrast
	for _, c := range f.Contrasts() {
		contrasts = append(contrasts, contrast{"minus " + c.Words, e.Compared[c.Key]})
	}
	return drawForest(contrasts, names, func(d *evaluate.Difference) (out []evaluate.Estimate) {
		for i := range claims {
			out = append(out, claims[i].Gap(d))
		}
		return out
	})
}

// everyFigure has a row a figure and a column a system. Which figures there are is asked of the first; all were
// measured on the same rows.
//
//	figure                          base, last, raw        hierarchical
//	ranking accuracy, within corpus .508 [.498, .519]      .556 [.541, .571]
func everyFigure(systems []shown) RunsTable {
	t := RunsTable{Head: []string{"figure"}}
	for _, s := range systems {
		t.Head = append(t.Head, s.label)
	}
	figures := evaluate.Figures(systems[0].system)
	for i := range figures {
		row := []string{figures[i].Title()}
		for _, s := range systems {
			row = append(row, withBounds(three, figures[i].Of(s.system)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// gaps are a table for each finalist: a row a figure, a column what it is compared with.
func (x *Experiment) gaps(e *evaluate.Experiment) (out []RunsTable) {
	for i := range x.Finalists {
		out = append(out, differenceTable(e, &x.Finalists[i], evaluate.Figures(e.Runs[x.Finalists[i].Name])))
	}
	return out
}

// differenceTable has a row a figure of which a difference is computed, with its interval. Differences are paired,
// draw by draw, so their intervals are narrower than those of the two figures suggest.
func differenceTable(e *evaluate.Experiment, f *evaluate.Finalist, figures []evaluate.Figure) RunsTable {
	t := RunsTable{Title: f.Name, Head: []string{f.Name + " minus"}}
	for _, c := range f.Contrasts() {
		t.Head = append(t.Head, c.Words)
	}
	for i := range figures {
		if figures[i].Gap == nil {
			continue
		}
		row := []string{figures[i].Title()}
		for _, c := range f.Contrasts() {
			row = append(row, withBounds(signed, figures[i].Gap(e.Compared[c.Key])))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// withBounds writes a figure and its interval in one cell, ".556 [.541, .571]"; the figure alone where it has none.
// Signed and unsigned figures pass their own way of writing.
func withBounds(number func(evaluate.Number) string, x evaluate.Estimate) string {
	if !x.Interval.Known() {
		return number(x.Value)
	}
	return number(x.Value) + " [" + number(evaluate.Number(x.Interval.Low)) + ", " +
		number(evaluate.Number(x.Interval.High)) + "]"
}

// seedTable has a row a claim: mean, least and greatest over the seeds, and over how many of them the gain
// stands. Empty without runs of the role seed.
//
//	figure                           mean   least   greatest   above control
//	ranking accuracy, within corpus  .556   .551    .561       3 of 3
func seedTable(e *evaluate.Experiment) RunsTable {
	if len(e.Seeds) == 0 {
		return RunsTable{}
	}
	// All seeds are compared with the same; a map has no order, so names give it.
	against := slices.Sorted(maps.Keys(e.Seeds[0].Above))
	t := RunsTable{Head: []string{"figure", "mean", "least", "greatest"}}
	for _, name := range against {
		t.Head = append(t.Head, "above "+name)
	}
	for _, s := range e.Seeds {
		row := []string{s.Figure, three(s.Mean), three(s.Least), three(s.Greatest)}
		for _, name := range against {
			row = append(row, fmt.Sprintf("%d of %d", s.Above[name], s.Runs))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// PrintExperiment prints the headline table and the conclusions, a line each: their sentences with figures are on the
// page. The first error of writing ends it.
func PrintExperiment(w io.Writer, e *evaluate.Experiment, x Experiment) error {
	base, runs := x.systems(e)
	if err := printSystems(w, slices.Concat(base, runs, controlsShown(e.Controls))); err != nil {
		return err
	}
	lines := []string{"", x.Choice}
	for _, f := range e.Findings {
		lines = append(lines, f.Topic+": "+f.Verdict)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
