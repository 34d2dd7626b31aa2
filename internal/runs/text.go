package runs

import (
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/columns"
)

// writeList prints a line a run. Unreadable runs stand in the list with the reason: a run that is missing from it
// would be looked for.
// An id is shown by its first eight digits, which show and compare take for it.
func writeList(w io.Writer, list []Summary) error {
	t := columns.NewTable(w)
	fmt.Fprintln(t, "id\tstage\tstatus\tsteps\tloss\theld out: "+
		"loss\tranking\tcorrelation\tdirection\tbest\tfrom\tfolder")
	for _, s := range list {
		if s.Problem != "" {
			fmt.Fprintf(t, "–\t\tunreadable\t\t\t\t\t\t\t\t\t%s: %s\n", short(s.Path), s.Problem)
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%d/%d\t%s", s.ID[:min(8, len(s.ID))], s.Stage, s.Status, s.Step, s.Steps,
			show(s.Figures, "train loss"))
		for _, name := range KeyFigures {
			fmt.Fprintf(t, "\t%s", show(s.Figures, s.named(name)))
		}
		fmt.Fprintf(t, "\t%s\t%s\t%s\n", best(&s), s.start(), short(s.Path))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "no runs")
	}
	_, err := fmt.Fprintln(w, "\nranking and direction are within corpus, correlation is the mean over corpora; "+
		"the held-out loss is the hierarchical one;\nbest is kept by the figure that log.best names")
	return err
}

// named is the name by which the run's stage logs a figure. Runs of Stage 2 once logged their held-out hierarchical
// loss as the loss.
func (s *Summary) named(figure string) string {
	if _, ok := s.Figures[heldOutHierarchical]; ok && figure == heldOutLoss {
		return heldOutHierarchical
	}
	return figure
}

// best is the kept checkpoint's score and step, as "0.612 at 4500"; a dash where none is kept by a score.
func best(s *Summary) string {
	if s.Best == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f at %d", s.Best.Score, s.Best.Step)
}

// start names the starting weights: the run that made them where the index knows it, else the path that the
// settings name.
func (s *Summary) start() string {
	if s.FromRun != "" {
		return "run " + s.FromRun[:min(8, len(s.FromRun))]
	}
	return s.From
}

// show is a figure, or a dash where the run has none: 0 would be a value.
// The step is left out: a line has room for the value alone, and "show" has both.
func show(figures map[string]Figure, name string) string {
	f, ok := figures[name]
	if !ok {
		return "–"
	}
	return number(f.Value)
}

// number has four digits: more are noise between two runs of one seed on two engines.
func number(x float64) string { return fmt.Sprintf("%.4g", x) }

// short is a path from the working directory where that is shorter.
// A path that would begin with many ".." is shown whole.
func short(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(dir, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// write prints the document for a person: facts, settings and figures as one table with a column a run, then
// curves. One table, so that a run's column stays the same column from top to bottom.
func (d *Document) write(w io.Writer) error {
	t := columns.NewTable(w)
	line := func(cells []string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	line(append([]string{"run"}, d.names()...))
	for _, row := range d.facts() {
		line(row)
	}
	line([]string{"", ""})
	line([]string{settingsTitle(len(d.Runs)) + ":"})
	for _, s := range d.Settings {
		line(append([]string{s.Name}, s.Values...))
	}
	line([]string{"", ""})
	line([]string{"the newest figures:"})
	for _, row := range d.figures() {
		line(row)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return d.writeCurves(w)
}

// facts are the rows of a table with a column a run. A table of functions rather than of values, so that each row is
// one line to read and to change.
// What has no value has a dash or nothing; a fact that all runs share is shown all the same.
func (d *Document) facts() (rows [][]string) {
	for _, fact := range []struct {
		name string
		of   func(*View) string
	}{
		{"id", func(v *View) string { return v.ID }},
		{"folder", func(v *View) string { return short(v.Path) }},
		{"stage", func(v *View) string { return fmt.Sprint(v.Stage) }},
		{"status", func(v *View) string { return strings.TrimSpace(v.Status + " " + v.Problem) }},
		{"steps", func(v *View) string {
			return fmt.Sprintf("%d of %d, resumed %d times", v.Step, v.Steps, v.Resumes)
		}},
		{"from", func(v *View) string { return v.start() }},
		{"engine", func(v *View) string { return v.run.Info.Versions["engine"] }},
		{"commit", func(v *View) string { return v.run.Info.Versions["commit"] }},
		{"best", func(v *View) string {
			if v.Best == nil {
				return "–"
			}
			return v.Best.String()
		}},
		{"checkpoints", func(v *View) string { return strings.Trim(fmt.Sprint(v.Checkpoints), "[]") }},
		{"final model", func(v *View) string { return map[bool]string{true: "there", false: "–"}[v.Final] }},
		{"damaged lines", func(v *View) string { return fmt.Sprint(v.Bad) }},
	} {
		row := []string{fact.name}
		for i := range d.Runs {
			row = append(row, fact.of(&d.Runs[i]))
		}
		rows = append(rows, row)
	}
	return rows
}

// figures are the newest values, each with its step where the run has gone on since: "0.512 at 4000" of a run at
// step 4,100. A run without a figure has a dash.
func (d *Document) figures() (rows [][]string) {
	names := map[string]bool{}
	for _, v := range d.Runs {
		for name := range v.Figures {
			names[name] = !boring(name) || strings.HasPrefix(name, "train tokens")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !names[name] {
			continue
		}
		row := []string{words(name)}
		for _, v := range d.Runs {
			f, ok := v.Figures[name]
			cell := "–"
			if ok {
				cell = number(f.Value)
			}
			if ok && f.Step != v.Step {
				cell += fmt.Sprintf(" at %d", f.Step)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// width of a text curve, in characters: with a name before it, it fits a terminal of 80 columns.
const width = 48

// writeCurves prints each curve as a line of blocks, in the same range for all runs. One range for all runs: two
// lines of blocks can be compared only if a height means the same in both.
// Steps too are one range, to the last of any run, so that a run that is behind looks it.
func (d *Document) writeCurves(w io.Writer) error {
	t := columns.NewTable(w)
	for _, c := range d.Curves {
		if !slices.Contains(inText, c.Figure) {
			continue
		}
		low, high := span(c.Runs)
		fmt.Fprintf(t, "\n%s, %s to %s\n", words(c.Figure), number(low), number(high))
		last := 0
		for _, points := range c.Runs {
			if len(points) > 0 {
				last = max(last, points[len(points)-1].Step)
			}
		}
		for i, points := range c.Runs {
			fmt.Fprintf(t, "  %s\t%s\n", d.Runs[i].Name, Sparkline(points, last, low, high, width))
		}
	}
	return t.Flush()
}

// span is the least and the largest value over all runs; of no points at all +∞ and −∞, which nothing is drawn in.
func span(runs [][]Figure) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, points := range runs {
		for _, f := range points {
			low, high = min(low, f.Value), max(high, f.Value)
		}
	}
	return low, high
}

// Sparkline draws points as blocks: the mean of the points in each of width equal parts of steps 0 to last, from
// low (▁) to high (█). A part without points is blank.
//
//	points (0, 4.0) (50, 3.0) (100, 2.0), low 2, high 4, width 4, last step 100
//	parts  0–24: 4.0 → █   25–49: none   50–74: 3.0 → ▅   75–100: 2.0 → ▁
//	→ "█ ▅▁"
func Sparkline(points []Figure, last int, low, high float64, width int) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	// Means of parts, not single points: a loss of one batch jumps, and a point out of many would show the jump.
	sum, n := make([]float64, width), make([]int, width)
	for _, f := range points {
		k := min(width-1, f.Step*width/max(1, last))
		sum[k], n[k] = sum[k]+f.Value, n[k]+1
	}
	line := make([]rune, width)
	for k := range line {
		line[k] = ' '
		if n[k] > 0 {
			at := 0.0
			if high > low {
				at = (sum[k]/float64(n[k]) - low) / (high - low)
			}
			line[k] = blocks[min(len(blocks)-1, int(at*float64(len(blocks))))] // blocks stand for equal ranges
		}
	}
	return strings.TrimRight(string(line), " ")
}
