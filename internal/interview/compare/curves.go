package compare

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/strictjson"
	"hives/structure"
)

// Point says what a run was trained on: a file of --points holds a list of them.
//
//	{"format": 1, "points": [
//	  {"run": "plus", "value": "BEC", "level": 2, "strategy": "linear"},
//	  {"run": "minus", "value": "BEC", "level": -2, "strategy": "linear"}]}
type Point struct {
	Run      string  `json:"run"`   // name of its folder
	Value    string  `json:"value"` // code of a scale, or name of a group
	Level    float64 `json:"level"` // −2 to 2; the base may stand at 0
	Strategy string  `json:"strategy"`

	key string // of the sheet
}

// Curve is degree against score of one value, trained in one way.
type Curve struct {
	Value    string  `json:"value"`
	Name     string  `json:"name"`
	Strategy string  `json:"strategy"`
	Levels   []Level `json:"levels"`
	Tau      Number  `json:"tau"` // Kendall's τ-b of level and centred score over personas
	TauLow   Number  `json:"tau_low"`
	TauHigh  Number  `json:"tau_high"`
	P        Number  `json:"p"`     // of τ, by the normal approximation: personas count as independent
	Slope    Number  `json:"slope"` // of the means, by least squares: points of the scale a level
	Range    Number  `json:"range"` // largest mean less the least
	Monotone bool    `json:"monotone"`
}

// Level is one point of a curve.
type Level struct {
	Level float64 `json:"level"`
	Run   string  `json:"run"`
	Mean  Number  `json:"mean"` // centred score over personas that count
	N     int     `json:"n"`
}

// readPoints reads the file and finds what its points name.
func readPoints(path string, runs []*run) ([]Point, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	var file struct {
		Format int     `json:"format"`
		Points []Point `json:"points"`
	}
	if err := strictjson.DecodeOnly(raw, &file); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	if file.Format != 1 {
		return nil, fault.New(fault.Invalid, "%s: format %d: want 1", path, file.Format)
	}
	seen := map[string]bool{}
	for i := range file.Points {
		p := &file.Points[i]
		if err := p.find(runs); err != nil {
			return nil, fault.New(fault.Of(err), "%s, point %d: %w", path, i+1, err)
		}
		key := fmt.Sprint(p.key, p.Strategy, p.Level)
		if seen[key] {
			return nil, fault.New(fault.Invalid, "%s, point %d: %s at %v by %q stands twice", path, i+1, p.Value, p.Level,
				p.Strategy)
		}
		seen[key] = true
	}
	return file.Points, nil
}

func (p *Point) find(runs []*run) error {
	switch {
	case !slices.ContainsFunc(runs, func(x *run) bool { return x.Name() == filepath.Base(p.Run) }):
		return fault.New(fault.Invalid, "run %q is none of those that are compared", p.Run)
	case !(p.Level >= -2 && p.Level <= 2):
		return fault.New(fault.Invalid, "level %v: want −2 to 2", p.Level)
	case p.Strategy == "":
		return fault.New(fault.Invalid, "the strategy is empty: name how the model was made")
	}
	for key := range runs[0].sheet.Scales {
		if key == p.Value {
			p.key = key
			return nil
		}
		if strings.HasSuffix(key, "/"+p.Value) {
			p.key = key
		}
	}
	if p.key == "" {
		return fault.New(fault.Invalid, "value %q is neither a scale nor a group of the inventory", p.Value)
	}
	return nil
}

// curves groups the points by value and strategy, in the order of the file.
func (r *Result) curves(runs []*run, points []Point, seed uint64) {
	for _, p := range points {
		at := slices.IndexFunc(r.Curves, func(c Curve) bool { return c.Value == p.key && c.Strategy == p.Strategy })
		if at < 0 {
			at = len(r.Curves)
			r.Curves = append(r.Curves, Curve{Value: p.key, Name: p.Value, Strategy: p.Strategy})
		}
		c := &r.Curves[at]
		c.Levels = append(c.Levels, Level{Level: p.Level, Run: filepath.Base(p.Run)})
	}
	for i := range r.Curves {
		r.Curves[i].measure(runs, r.Paired, seed)
	}
}

// measure takes the figures. scores [level][persona].
func (c *Curve) measure(runs []*run, paired bool, seed uint64) {
	slices.SortStableFunc(c.Levels, func(a, b Level) int { return cmp.Compare(a.Level, b.Level) })
	var scores [][]float64
	for i := range c.Levels {
		l := &c.Levels[i]
		at := slices.IndexFunc(runs, func(x *run) bool { return x.Name() == l.Run })
		all := runs[at].sheet.Scales[c.Value]
		scores = append(scores, all)
		sum := 0.
		for _, x := range all {
			if !math.IsNaN(x) {
				sum, l.N = sum+x, l.N+1
			}
		}
		l.Mean = Number(sum / float64(l.N))
	}
	k, x, y := c.tau(scores, nil)
	c.Tau, c.P, c.TauLow, c.TauHigh = Number(k.Tau), Number(k.Normal(x, y)), undefined, undefined
	if paired && len(scores) > 0 {
		low, high := structure.Bootstrap(len(scores[0]), "compare curves", seed, func(at []int) float64 {
			k, _, _ := c.tau(scores, at)
			return k.Tau
		})
		c.TauLow, c.TauHigh = Number(low), Number(high)
	}
	c.line()
}

// tau pairs every persona's score with its level, over personas at the given places or all.
func (c *Curve) tau(scores [][]float64, at []int) (k structure.Kendall, x, y []float64) {
	for i, all := range scores {
		some := at
		if some == nil {
			some = structure.Whole(len(all))
		}
		for _, p := range some {
			if !math.IsNaN(all[p]) {
				x, y = append(x, c.Levels[i].Level), append(y, all[p])
			}
		}
	}
	return structure.KendallOf(x, y), x, y
}

// line takes slope, range and order from the means; NaN with fewer than two levels, or where a mean is undefined.
func (c *Curve) line() {
	n, sx, sy := float64(len(c.Levels)), 0., 0.
	low, high := math.Inf(1), math.Inf(-1)
	up, down := true, true
	for i, l := range c.Levels {
		mean := float64(l.Mean)
		sx, sy = sx+l.Level/n, sy+mean/n
		low, high = min(low, mean), max(high, mean)
		if i > 0 {
			before := float64(c.Levels[i-1].Mean)
			up, down = up && mean > before, down && mean < before
		}
	}
	xx, xy := 0., 0.
	for _, l := range c.Levels {
		xx, xy = xx+(l.Level-sx)*(l.Level-sx), xy+(l.Level-sx)*(float64(l.Mean)-sy)
	}
	c.Slope, c.Range = Number(xy/xx), Number(high-low)
	c.Monotone = len(c.Levels) > 1 && (up || down)
	if len(c.Levels) < 2 {
		c.Slope, c.Range = undefined, undefined
	}
}
