package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"hives/internal/evaluate"
	web "hives/internal/page"
	"hives/metrics"
)

//go:embed page.html
var pageSource string

//go:embed parts.html
var partsSource string

// page is parsed once; a fault in it is a bug that every test of the package shows.
var page = parse("page", pageSource)

// parse adds the parts that pages share. A page that uses a function or a part that is not there does not start.
// style is the shared sheet, cos writes a cosine with two decimals, percent a share as a width.
func parse(name, source string) *template.Template {
	t := template.Must(template.New(name).Funcs(template.FuncMap{
		"style": web.Style,
		"join":  strings.Join,
		"cos":   func(x float64) string { return trimZero(fmt.Sprintf("%.2f", x)) },
		"percent": func(x float64) string {
			return fmt.Sprintf("%.0f", 100*max(0, min(1, x)))
		},
	}).Parse(source))
	return template.Must(t.New("parts").Parse(partsSource)).Lookup(name)
}

// WriteDemo writes the demo's page; curves and bank may be nil. The order of systems is that of the story: as it
// began, as it is, the control, then what stands beside.
//
//	before training   as it began
//	after training    the demo's model
//	control           same steps, labels permuted
//	after Stage 1, random weights, random trained     each where it was measured
func WriteDemo(w io.Writer, d *evaluate.Demo, curves []Series, bank *Anchors, about web.About) error {
	main := []shown{
		{"before training", "as it began", d.Before, true},
		{"after training", "the demo's model", d.After, true},
		{"control", "same steps, labels permuted", d.Control, true},
	}
	contrasts := []contrast{
		{"after − before", d.Compared["after_minus_before"]},
		{"after − control", d.Compared["after_minus_control"]},
	}
	// Maps are drawn of before and after alone: two stand side by side, four do not.
	maps := main[:2]
	if d.Stage1 != nil {
		main = append(main, shown{"after Stage 1", "before the alignment with anchors", d.Stage1, true})
		contrasts = append(contrasts, contrast{"after − Stage 1", d.Compared["after_minus_stage_1"]})
	}
	// The words at the top follow what the demo was given: a pretrained base, or random weights alone.
	lead := demoLead
	if d.Random != nil {
		main[0].note, lead = "the first layers of a pretrained base", pretrainedLead
		main = append(main, shown{"random weights", "untrained", d.RandomBefore, true},
			shown{"random, trained", "the small model of make demo", d.Random, true})
		contrasts = append(contrasts, contrast{"after − random, trained", d.Compared["after_minus_random"]})
	}
	v := newView("What a small model learned about human values", main, &d.Common)
	v.Lead, v.Rule = marked(lead, &d.Common), demoRule
	v.Findings = d.Findings
	v.Forest = claimForest(contrasts)
	v.Maps = mapRows(maps)
	v.Curves = drawCurves(curves)
	v.Examples, v.Anchors = d.Examples, bank
	v.Intensities = intensityViews(d.Intensities)
	return web.Write(w, page, v, about)
}

// demoLead tells a newcomer what the page is about.
var demoLead = []string{
	"A small model was trained for a few minutes on annotated text. This page says what that taught it, measured on " +
		"held-out groups of texts, and what it did not.",
	"Theory and style follow the corpus a text is from, so a model can look good over all rows by telling corpora " +
		"apart. The conclusions below therefore rest on comparisons within one corpus, against the same model before " +
		"training and against a model trained just as long on permuted labels.",
	"Expect little of values here. A small model from random weights learns direction and hardly more. " +
		"A pretrained base knows what words mean, so part of what stands after training was there before: " +
		"read the row before training beside the row after.",
}

// pretrainedLead is demoLead where a model from random weights was trained beside it.
var pretrainedLead = []string{
	"The first layers of a pretrained language model trained for a few minutes on annotated text. " +
		"This page says what that taught them, measured on held-out groups of texts, and how much more they learned than a " +
		"small model that began from random numbers and trained on the same rows.",
	demoLead[1],
	"The base knows what words mean, so part of what stands above the random model was there before training: " +
		"read the row before training beside the row after.",
}

// demoRule is what the page states above its findings. It must say what evaluate.learned does, word by word.
const demoRule = "A figure counts as learned only if it lies above both the untrained model and a model trained as " +
	"long on permuted labels: each paired 95 % interval above zero, and each p at most .05 after Holm's correction over " +
	"all differences that a claim of this page rests on. Figures that fell are findings as well. " +
	"A single training seed stands behind this page."

// WriteEvaluation writes the page of one evaluated model. Its plot of differences shows the controls that a reader
// asks for first, untrained, permuted and words; the table has all. The order of the contrasts is that of their
// names, so that a page does not hang on a map.
func WriteEvaluation(w io.Writer, e *evaluate.Evaluation, about web.About) error {
	name := e.Name
	if e.Model != nil && e.Model.Name != "" {
		name = e.Model.Name // that of its folder
	}
	main := []shown{{"the model", name, e.System, true}}
	v := newView("Evaluation of "+name, main, &e.Common)
	v.Lead = []string{"Every figure stands beside controls that know no values. Theory and style follow the corpus a " +
		"text is from, so read the columns within a corpus first."}
	v.Lead = marked(v.Lead, &e.Common)
	var contrasts []contrast
	for _, name := range slices.Sorted(maps.Keys(e.Compared)) {
		control := strings.TrimPrefix(name, "model_minus_")
		if words, ok := controlWords[control]; ok && (control == "untrained" || control == "permuted" ||
			control == evaluate.ControlTFIDF) {
			contrasts = append(contrasts, contrast{"model − " + words[0], e.Compared[name]})
		}
	}
	if len(contrasts) > 0 {
		v.Forest = claimForest(contrasts)
	}
	v.Maps = mapRows(main)
	return web.Write(w, page, v, about)
}

// marked puts a warning before the lead where the model was trained on some of the rows: the first sentence of the
// page, since every figure below it flatters. The lead itself is not changed: it is shared by all pages of the
// process.
func marked(lead []string, c *evaluate.Common) []string {
	if c.TrainedOn == nil {
		return lead
	}
	return append([]string{"Warning: " + c.TrainedOn.String() + "."}, lead...)
}

// newView fills what both pages have; main systems come first and are set off by colour. Values are listed of one
// system: how many rows a value has is the same for all.
//
// Controls follow the main systems in every table, but in no picture.
func newView(title string, main []shown, c *evaluate.Common) *view {
	all := append(slices.Clone(main), controlsShown(c.Controls)...)
	v := &view{
		Title: title, N: c.N, Settings: c.Settings,
		Corpora: newCorpusTable(all), Theories: theoryTables(all), Bars: barPanels(all), Ortho: orthoRows(main),
		Spread: spread(main[0].system),
		Values: main[min(1, len(main)-1)].system.Values, // of the model after training
		Terms:  sortedPairs(c.Definition), Skipped: mainReasons(c.Skipped),
	}
	for _, s := range all {
		v.Table = append(v.Table, headline(s))
	}
	for _, s := range main {
		v.Matrices = append(v.Matrices, binMatrix(s, metrics.WithinCorpus))
	}
	return v
}

// mainReasons keeps the reasons a reader of the page would ask for: those of single figures of the main systems
// and of whole controls. The document has all of them.
//
//	orthogonality.svt                      kept: a figure of a main system
//	controls.tfidf_svd                     kept: a whole control
//	controls.tfidf_svd.correlation         left out: one figure of a control
//	correlation.interval                   left out: a detail
func mainReasons(skipped map[string]string) []pair {
	kept := map[string]string{}
	for path, reason := range skipped {
		inControl := strings.HasPrefix(path, "controls.")
		detail := strings.Contains(path, "interval") || strings.Contains(path, "bin_pairs") ||
			strings.Contains(path, "details")
		if (inControl && strings.Count(path, ".") > 1) || detail {
			continue
		}
		kept[path] = reason
	}
	return sortedPairs(kept)
}
