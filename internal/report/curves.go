package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	web "hives/internal/page"
	"hives/internal/runstore"
)

// Series is one figure over the steps of a run: Y[k] at Step[k], steps ascending. A figure that is logged every tenth
// step has a tenth of the points. Steps are numbers of updates; as float64 they are exact up to 2^53.
type Series struct {
	Name string // "train loss", "validation mean_cosine"
	Step []float64
	Y    []float64
}

// leftOut are fields of metrics.jsonl that are not worth a plot: counts, and what another line says too.
var leftOut = []string{
	"step", "epoch", "rows", "tokens", "padded_tokens", "tokens_per_second", "clip", "level_anchors", "loss_unknowing",
	"ignored_pairs",
	"train_loss_levels", "train_level_anchors", "train_grad_norm",
}

// firstPlots are the figures people look for first, in this order. A name that no run logs is no error: its plot is
// not there, and the others move up.
var firstPlots = []string{
	"train loss", "validation loss", "validation loss hierarchical", "validation direction accuracy",
	"validation ranking accuracy within corpus",
	"validation similarity correlation corpus mean", "validation mean cosine", "validation effective rank",
}

// ReadCurves reads a run's metrics.jsonl: one object a line with "kind", "step" and figures. Every figure becomes
// a series; a list of figures one series for each place. A torn last line, as a killed run leaves it, is left
// out.
//
//	{"kind": "train", "step": 10, "loss": 3.2, "loss_levels": [3.0, 3.3]}
//
// gives "train loss" and "train loss levels 1", "… 2", each with the point 10. Fields need not be known here: what
// training logs in a later version is drawn as well. A missing file is NotFound with the flag that names it.
func ReadCurves(path string) ([]Series, error) {
	f, err := fsutil.OpenRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s: %w; --run wants the folder of a training run", path, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCurves(f, path)
}

// readCurves is ReadCurves on an open file. An error names the line, from 1.
func readCurves(from io.Reader, path string) ([]Series, error) {
	c := &curveReader{place: map[string]int{}}
	lines := bufio.NewReader(from)
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		// A line without its end is the last one, and may be torn: what it cannot say is left out, not an error.
		whole := err == nil
		if strings.TrimSpace(line) != "" {
			if err := c.line(line); err != nil && whole {
				return nil, fault.New(fault.Corrupt, "%s: line %d: %w", path, number, err)
			}
		}
		if !whole {
			return c.series, nil
		}
	}
}

// curveReader gathers series in order of their first appearance. place finds a series by its name, so a line costs as
// much as it has figures, however many there are already.
type curveReader struct {
	series []Series
	place  map[string]int
}

// line adds the figures of one record, in the order of their names so that pages do not differ by map order.
//
// Invariant: of one line a series gets one point at most, so Step and Y stay of one length.
func (c *curveReader) line(line string) error {
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		return err
	}
	step, ok := fields["step"].(float64)
	kind, named := fields["kind"].(string)
	if !ok || !named {
		return nil // a line of another kind, such as the run's settings
	}
	runstore.NameTerms(fields)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(leftOut, name) {
			c.value(kind+" "+strings.ReplaceAll(name, "_", " "), step, fields[name])
		}
	}
	return nil
}

// value adds a number, the parts of a list or those of an object; null and text are left out. A figure that was
// null at one step has no point there, and its line goes on to the next.
func (c *curveReader) value(name string, step float64, v any) {
	switch v := v.(type) {
	case float64:
		at, ok := c.place[name]
		if !ok {
			at = len(c.series)
			c.place[name] = at
			c.series = append(c.series, Series{Name: name})
		}
		c.series[at].Step = append(c.series[at].Step, step)
		c.series[at].Y = append(c.series[at].Y, v)
	case []any:
		for k, part := range v {
			c.value(fmt.Sprintf("%s %d", name, k+1), step, part)
		}
	case map[string]any:
		for _, part := range slices.Sorted(maps.Keys(v)) {
			c.value(name+" "+strings.ReplaceAll(part, "_", " "), step, v[part])
		}
	}
}

// plot is one curve drawn in a box of plotWidth × plotHeight. Line, Smooth and Dots are ready for SVG; X and Y are
// the ticks. All lengths are pixels of the drawing, whose y grows downwards.
type plot struct {
	Title         string
	Width, Height float64
	Line          string // points of the curve
	Smooth        string // points of its moving mean, empty for few points
	Dots          []dot  // the points themselves, where they are few
	X, Y          []tick
	Left, Right   float64
	Top, Bottom   float64
	Last          string
	CSV           string
}

// dot is a marked point of a short curve, in pixels.
type dot struct{ X, Y float64 }

// Size of a plot, its margins, and the most points drawn: more are thinned evenly.
//
//	 22 ┌─────────────────────┐       340 × 210: the line stands in a box of 258 × 148 between the margins,
//	    │                     │       which hold the ticks' labels
//	170 └─────────────────────┘
//	    60                  318
const (
	plotWidth, plotHeight = 340.0, 210.0
	marginLeft            = 60.0
	marginRight           = 22.0
	marginTop             = 22.0
	marginBottom          = 40.0
	maxPoints             = 600
	fewPoints             = 40
)

// drawCurve makes the plot of a series; nothing for fewer than two finite points. Long curves get a moving mean over
// a tenth of their length, since a loss jumps from batch to batch; short ones show their points. A figure that was
// infinite for a while is drawn without those points: one of them would press all others into a line.
func drawCurve(s Series) (plot, bool) {
	var step, y []float64
	for k := range s.Y {
		if !math.IsNaN(s.Y[k]) && !math.IsInf(s.Y[k], 0) {
			step, y = append(step, s.Step[k]), append(y, s.Y[k])
		}
	}
	if len(y) < 2 {
		return plot{}, false
	}
	p := plot{
		Title: s.Name, Width: plotWidth, Height: plotHeight,
		Left: marginLeft, Right: plotWidth - marginRight, Top: marginTop, Bottom: plotHeight - marginBottom,
		Last: fmt.Sprintf("%.4g", y[len(y)-1]),
	}
	p.CSV = curveCSV([]Series{{s.Name, step, y}})
	var ax, ay axis
	// Steps ascend, so the first and the last are the ends; pixels grow downwards, so the y axis runs from bottom
	// to top.
	ax, p.X = wholeAxis(step[0], step[len(step)-1], p.Left, p.Right, 6)
	ay, p.Y = newAxis(slices.Min(y), slices.Max(y), p.Bottom, p.Top, 4)
	p.Line = points(ax, ay, step, y)
	// len/20 on either side is a tenth of the curve in all.
	if len(y) > fewPoints {
		p.Smooth = points(ax, ay, step, movingMean(y, len(y)/20))
		return p, true
	}
	for k := range y {
		p.Dots = append(p.Dots, dot{ax.at(step[k]), ay.at(y[k])})
	}
	return p, true
}

// curveCSV is a line a point, of every point that was logged.
//
//	series,step,value
//	train loss,10,3.2
func curveCSV(series []Series) string {
	rows := [][]string{{"series", "step", "value"}}
	for _, s := range series {
		for k := range s.Y {
			rows = append(rows, []string{s.Name, fmt.Sprint(s.Step[k]), fmt.Sprint(s.Y[k])})
		}
	}
	return web.CSV(rows)
}

// points writes the corners of a polyline, thinned to at most maxPoints. The CSV beside the plot has them all. Of
// 1,480 points every third is drawn, 494. A browser draws thousands too, but the page would grow by as much.
func points(ax, ay axis, x, y []float64) string {
	var b strings.Builder
	stride := 1 + len(x)/maxPoints
	for k := 0; k < len(x); k += stride {
		fmt.Fprintf(&b, "%.1f,%.1f ", ax.at(x[k]), ay.at(y[k]))
	}
	return strings.TrimSpace(b.String())
}

// movingMean averages each point with half neighbours on both sides, fewer at the ends: of 1 2 9 4 with half 1 it
// makes 1.5, 4, 5, 6.5. At the ends the mean is of fewer points and hangs on them more; that is better than a curve
// that begins late.
func movingMean(y []float64, half int) []float64 {
	out := make([]float64, len(y))
	for k := range y {
		lo, hi := max(0, k-half), min(len(y), k+half+1)
		for _, v := range y[lo:hi] {
			out[k] += v / float64(hi-lo)
		}
	}
	return out
}

// drawCurves draws the figures people look for first, then the others in their order. None is left out for being
// unknown. The sort is stable, so what is not among the first keeps the order in which the run logged it.
func drawCurves(series []Series) []plot {
	rank := func(s Series) int {
		if at := slices.Index(firstPlots, s.Name); at >= 0 {
			return at
		}
		return len(firstPlots)
	}
	sorted := slices.Clone(series)
	slices.SortStableFunc(sorted, func(a, b Series) int { return rank(a) - rank(b) })
	var out []plot
	for _, s := range sorted {
		if p, ok := drawCurve(s); ok {
			out = append(out, p)
		}
	}
	return out
}
