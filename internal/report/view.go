package report

import (
	"maps"
	"slices"
	"strings"

	"hives/internal/evaluate"
	"hives/metrics"
)

// view is what the page's template sees: strings, numbers in pixels and tables, no figure that still has to be
// computed.
type view struct {
	Title    string
	Lead     []string
	Rule     string // by which findings were drawn
	Findings []evaluate.Finding
	Table    []tableRow
	Spread   []string // the theories of the table's last columns
	Corpora  *corpusTable
	Theories []theoryTable
	Forest   *forest
	Curves   []plot
	Matrices []matrix
	Bars     []barPanel
	Maps     []mapRow
	Examples []evaluate.Example
	Anchors  *Anchors

	Intensities []intensityView
	Values      []evaluate.ValueRow
	Ortho       []orthoRow
	N           evaluate.Counts
	Settings    evaluate.Settings
	Terms       []pair
	Skipped     []pair
}

// pair is a term and what it means, or a figure and why it is missing.
type pair struct{ Name, Text string }

// shown is a system with the words the page uses for it. main ones are set off by colour, and pictures are drawn of
// them. One system may be shown under several words: "the model" of one page is a finalist of another.
type shown struct {
	label, note string
	system      *evaluate.System
	main        bool
}

// controlWords explain the controls: what a page calls them, and what they know. A figure is read against what its
// control knows. What is not in it was named by the user, and is called so.
var controlWords = map[string][2]string{
	evaluate.ControlRandom:   {"random vectors", "chance"},
	evaluate.ControlTheory:   {"one-hot theory", "knows only the theory of a row"},
	evaluate.ControlCorpus:   {"one-hot corpus", "knows only the source of a row"},
	evaluate.ControlLength:   {"text length", "knows only how long a text is"},
	evaluate.ControlTFIDF:    {"TF-IDF with SVD", "words, no labels"},
	evaluate.ControlLogistic: {"logistic regression on it", "the same words, trained on labels"},
	evaluate.ControlTruth:    {"the truth", "all labels of the text: the ceiling"},
	"untrained":              {"untrained model", "same shape, before training"},
	"permuted":               {"permuted-label model", "trained on shuffled labels"},
}

// controlsShown lists controls in their usual order, others after them by name; skipped ones are left out. Of
// those without a model the truth stands last: it is no model's rival but the ceiling.
func controlsShown(controls map[string]*evaluate.System) []shown {
	// The two models first, then from chance to the ceiling, then what the user named himself.
	order := append([]string{"untrained", "permuted"}, evaluate.ControlNames...)
	for _, name := range slices.Sorted(maps.Keys(controls)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	var out []shown
	for _, name := range order {
		if s := controls[name]; s != nil {
			words, ok := controlWords[name]
			if !ok {
				words = [2]string{name, "given model"}
			}
			out = append(out, shown{words[0], words[1], s, false})
		}
	}
	return out
}

// figure is a number with its interval as the tables show it.
type figure struct{ Value, Bounds string }

// fig and figOf write a number and its interval; bounds are empty where none was drawn.
func fig(n evaluate.Number, r evaluate.Range) figure { return figure{three(n), bounds(r)} }

func figOf(e evaluate.Estimate) figure { return fig(e.Value, e.Interval) }

// tableRow is one system in the headline table. Cells stand in the order of the table's header, which the
// template has.
//
// Invariant: every row of a table has as many cells as its header, an undefined figure being a dash.
type tableRow struct {
	Label, Note string
	Main        bool
	Cells       []figure
}

// headline fills the columns of the main table, in the order of its header in the template. The columns within a
// corpus come first, since claims rest on them.
func headline(s shown) tableRow {
	x := s.system
	i := &x.Intervals
	row := tableRow{s.label, s.note, s.main, []figure{
		figOf(x.Ranked(metrics.WithinCorpus)),
		figOf(x.CorrelationCorpusMean),
		figOf(x.Directed(metrics.WithinCorpus)),
		figOf(x.TextsRanked("", metrics.WithinCorpus)),
		figOf(x.Ranked(metrics.All)),
		figOf(x.Ranked(metrics.WithinTheory)),
		fig(x.Correlation.All, i.Correlation.All),
		fig(x.Correlation.WithinTheory, i.Correlation.WithinTheory),
	}}
	for _, theory := range spread(x) {
		row.Cells = append(row.Cells, fig(x.Orthogonality.Of(theory), i.Orthogonality[theory]))
	}
	return row
}

// spread names the theories that have a column of orthogonality: two of the four, as the table would grow too wide,
// and one's own. The section on value vectors has all, level by level. Headers and cells both go by it, so they
// cannot part.
func spread(s *evaluate.System) []string {
	return append([]string{"svt", "mft"}, evaluate.OwnTheories(s.Orthogonality)...)
}

// theoryTable shows the text level of one theory.
type theoryTable struct {
	Theory string
	Texts  int
	Rows   []tableRow
}

// theoryTables shows the theories that the rows have. A text has labels of several theories; by theory only its
// labels of that one count, so a table is of fewer texts than the whole. Which theories there are is asked of the
// first system; all were measured on the same rows.
func theoryTables(systems []shown) []theoryTable {
	var out []theoryTable
	for _, theory := range evaluate.TheoryOrder(systems[0].system.TextLevel.ByTheory) {
		t := theoryTable{Theory: theory, Texts: systems[0].system.TextLevel.ByTheory[theory].Texts}
		for _, s := range systems {
			f := s.system.TextLevel.ByTheory[theory]
			t.Rows = append(t.Rows, tableRow{s.label, s.note, s.main, []figure{
				figOf(s.system.TextsRanked(theory, metrics.WithinCorpus)),
				fig(f.Jaccard.WithinCorpus, f.Intervals.Jaccard.WithinCorpus),
			}})
		}
		out = append(out, t)
	}
	return out
}

// corpusTable shows the similarity correlation of each corpus alone. A corpus whose pairs do not define it has a
// dash.
type corpusTable struct {
	Names []string
	Rows  []tableRow
}

// newCorpusTable begins with the mean, on which claims rest. Corpora are those of the first system; all were
// measured on the same rows.
func newCorpusTable(systems []shown) *corpusTable {
	t := &corpusTable{Names: slices.Sorted(maps.Keys(systems[0].system.CorrelationByCorpus))}
	for _, s := range systems {
		row := tableRow{Label: s.label, Note: s.note, Main: s.main}
		row.Cells = append(row.Cells, figOf(s.system.CorrelationCorpusMean))
		for _, name := range t.Names {
			e := s.system.CorrelationByCorpus[name]
			row.Cells = append(row.Cells, fig(e.Value, e.Interval))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// orthoRow shows the orthogonality of one theory and level for the main systems, with how many values have a
// vector and how many have too few rows for one.
type orthoRow struct {
	Theory  string
	Level   int
	Values  int
	Skipped int
	Cells   []figure
}

// orthoRows sets the main systems side by side; all list the same theories and levels, for they share rows. They are
// matched by place.
func orthoRows(systems []shown) []orthoRow {
	var out []orthoRow
	for k, d := range systems[0].system.OrthogonalityDetails {
		row := orthoRow{Theory: d.Theory, Level: d.Level, Values: d.Values, Skipped: d.Skipped}
		for _, s := range systems {
			x := s.system.OrthogonalityDetails[k]
			row.Cells = append(row.Cells, fig(x.Mean, x.Interval))
		}
		out = append(out, row)
	}
	return out
}

// sortedPairs turns a map into rows for a list. Underscores become blanks: keys of the document are read by people
// here.
func sortedPairs(m map[string]string) []pair {
	var out []pair
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, pair{strings.ReplaceAll(name, "_", " "), m[name]})
	}
	return out
}
