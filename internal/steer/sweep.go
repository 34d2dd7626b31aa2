package steer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk"
	"hives/metrics"
)

// Units of coefficients.
const (
	Absolute = "absolute" // times the vector as it is
	Relative = "relative" // times the mean length of the states at that layer: 1 doubles them
)

// SweepJob is what hives steer sweep does. What it takes, with the defaults on a model of 30 layers: 1 + 2·5·4 pushes ×
// 40 pairs to choose, 1 + 2·14 × 40 to report, 7 × 16 texts.
type SweepJob struct {
	Value     string
	Theories  theories.Set // that Value and Other may be of
	Model     Local
	Out       string // folder, with the value's vector in it
	Other     string // another value, or the file of its vector: a control
	PairsFile string

	Layers       []int     // behind so many blocks; nil: five over the depth
	Coefficients []float64 // each is tried with both signs
	Unit         string
	MaxCost      float64 // nats a token
	Random       int     // random vectors
	Answers      int     // to write under each push, for the damage
	MaxTokens    int
	Seed         uint64
	Resamples    int
	MinPairs     int // of the half that is reported

	DryRun      bool
	Stdout, Log io.Writer
}

// SweepDefaults are the sizes of the paper's appendix where it names them. Coefficients reach to 10 as the paper's do.
// On another model they may do nothing or break it; --unit relative counts them in lengths of the model's own states.
func SweepDefaults() SweepJob {
	return SweepJob{Coefficients: []float64{1, 2, 5, 10}, Unit: Absolute, MaxCost: .5, Random: 10, Answers: 16,
		MaxTokens: 48, Seed: 1, Resamples: 2000, MinPairs: 40}
}

// validate refuses what does not go together, before a model is loaded.
// A coefficient below 0 is refused, since each is tried with both signs; so is 0, whose odd part is 0.
func (o SweepJob) validate() error {
	bad := func(format string, args ...any) error { return fault.Usage(fault.New(fault.Invalid, format, args...)) }
	for _, c := range o.Coefficients {
		if !(c > 0) || math.IsInf(c, 0) {
			return bad("--coefficients %v: want numbers above 0; each is tried with both signs", c)
		}
	}
	switch {
	case len(o.Coefficients) == 0:
		return bad("--coefficients: want one or more")
	case o.Unit != Absolute && o.Unit != Relative:
		return bad("--unit %q: want %s or %s", o.Unit, Absolute, Relative)
	case !(o.MaxCost > 0):
		return bad("--max-cost %v: want a number of nats a token above 0", o.MaxCost)
	}
	return errors.Join(need("random", o.Random, 1, 0), need("answers", o.Answers, 1, 0),
		need("max-tokens", o.MaxTokens, 1, llm.MostTokens), need("resamples", o.Resamples, 100, 0))
}

// sweep is a job under way.
// Halves, vectors and journal are made once; bar is the one that stands.
type sweep struct {
	SweepJob
	trait          Trait
	v              *Vectors
	other          *Vectors
	m              *talk.Model
	j              *journal
	choose, report []Pair
	bar            *cli.Progress
}

// RunSweep measures a value's vector beside its controls. The vectors are held to the model before anything is computed
// with them, and the journal is removed when the result is written.
func RunSweep(ctx context.Context, o SweepJob) error {
	if err := o.validate(); err != nil {
		return err
	}
	s := &sweep{SweepJob: o}
	dir, err := s.prepare()
	if err != nil {
		return err
	}
	if o.DryRun {
		return s.forecast()
	}
	if s.m, err = o.Model.Open(ctx); err != nil {
		return err
	}
	defer s.m.Close()
	fmt.Fprintln(o.Log, s.m.Describe())
	if err := s.fits(); err != nil {
		return err
	}
	about, err := s.about()
	if err != nil {
		return err
	}
	if s.j, err = openJournal(filepath.Join(dir, "sweep.journal.jsonl"), about); err != nil {
		return err
	}
	defer s.j.close()
	result, err := s.run(ctx)
	if err != nil {
		return fault.Saved(err)
	}
	if err := result.save(dir); err != nil {
		return err
	}
	if err := s.j.remove(); err != nil {
		return err
	}
	result.describe(o.Stdout, dir)
	return nil
}

// prepare reads all that is read before the model.
// A dry run ends behind it: vector, pairs and layers are known, and no model was loaded.
func (s *sweep) prepare() (dir string, err error) {
	if s.trait, err = FindTrait(s.Value, s.Theories); err != nil {
		return "", err
	}
	dir = folder(s.Out, s.trait)
	if s.v, err = Load(filepath.Join(dir, VectorFile)); err != nil {
		if fault.Of(err) == fault.NotFound {
			return "", fault.New(fault.NotFound, "%w: make it with hives steer vector %s", err, s.trait.ValueID)
		}
		return "", err
	}
	// A vector in the wrong folder would be measured by another value's answers, and do nothing.
	if of := s.v.About[valueKey]; of != s.trait.ValueID {
		return "", fault.New(fault.Mismatch, "%s is the vector of %s, not of %s", filepath.Join(dir, VectorFile), of,
			s.trait.ValueID)
	}
	if err := s.openOther(); err != nil {
		return "", err
	}
	pairs, err := ReadPairs(s.PairsFile, s.trait)
	if err != nil {
		return "", err
	}
	if s.choose, s.report = halves(pairs, s.Seed); len(s.report) < s.MinPairs || len(s.choose) < least {
		return "", fault.New(fault.Invalid, "%d pairs of %s: %d to choose on and %d to report on: want %d or more to "+
			"report on, "+
			"over two questions at the least", len(pairs), s.trait.ValueID, len(s.choose), len(s.report), s.MinPairs)
	}
	return dir, s.layers()
}

// fits refuses vectors of another model.
func (s *sweep) fits() error {
	for _, v := range []*Vectors{s.v, s.other} {
		if v == nil {
			continue
		}
		if err := v.Fits(s.m.Identity(), s.m.Layers(), s.m.Hidden()); err != nil {
			return fmt.Errorf("the vector of %s: %w", v.About[valueKey], err)
		}
	}
	return nil
}

// openOther reads the vector of another value, by its file or its name.
func (s *sweep) openOther() (err error) {
	if s.Other == "" {
		return nil
	}
	// A file is known by its ending; all else is a value whose vector lies where hives steer vector puts it.
	path := s.Other
	if filepath.Ext(path) != filepath.Ext(VectorFile) {
		t, err := FindTrait(s.Other, s.Theories)
		if err != nil {
			return err
		}
		path = filepath.Join(folder("", t), VectorFile)
	}
	if s.other, err = Load(path); err != nil {
		return err
	}
	if s.other.About[valueKey] == s.trait.ValueID {
		return fault.New(fault.Invalid, "--other %s is the value's own vector: name another value's", s.Other)
	}
	return nil
}

// layers fills and checks the layers to try. Five over the depth: of 30 blocks 5, 10, 15, 20 and 25.
func (s *sweep) layers() error {
	most := len(s.v.Response) - 1
	if s.Layers == nil {
		for n := range 5 {
			if l := max(1, (n+1)*most/6); !slices.Contains(s.Layers, l) {
				s.Layers = append(s.Layers, l)
			}
		}
	}
	for _, l := range s.Layers {
		if l < 1 || l > most {
			return fault.Usage(fault.New(fault.Invalid, "--layers %d: the model has 1 to %d", l, most))
		}
	}
	return nil
}

// about is what the figures depend on.
// Settings are kept as JSON and files by digest, so that a changed word in a pair begins anew.
func (s *sweep) about() (map[string]string, error) {
	out := identity(s.m.Identity())
	set := s.SweepJob
	set.Model, set.Out, set.DryRun, set.Stdout, set.Log = Local{}, "", false, nil, nil
	raw, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, map[string]string{
		"settings": string(raw), "vector": digest(s.v), "pairs": digest([][]Pair{s.choose, s.report}),
	})
	if s.other != nil {
		out["other"] = digest(s.other)
	}
	return out, nil
}

// absolute is what a coefficient in the job's unit multiplies row l of the vector with.
//
//	|v| 2, mean |state| 40:    relative .1 → 2, and c·|v| = 4 is a tenth of 40
func (s *sweep) absolute(layer int, c float64) float64 {
	if s.Unit == Relative {
		return c * float64(s.v.Residual[layer]) / norm(s.v.Response[layer])
	}
	return c
}

// run chooses on the one half, reports on the other, and writes texts.
// Nothing that is chosen is looked at again: the report's half was not scored when layer and coefficient were picked.
func (s *sweep) run(ctx context.Context) (*Sweep, error) {
	total := s.choices() * len(s.choose)
	// The controls are as many at any layer, so they can be counted before one is chosen.
	total += len(s.controls(1, 1)) * len(s.report)
	s.bar = cli.NewProgress("sweep", "pairs", int64(total), 0)
	s.bar.Phase("compiling")
	defer func() { s.bar.Close() }()
	grid, err := s.grid(ctx)
	if err != nil {
		return nil, err
	}
	best := pick(grid, s.MaxCost)
	out := s.result(grid, best)
	pushes := s.controls(best.Layer, best.Applied)
	got, err := score(ctx, s.m, "report", s.report, pushes, s.j, s.bar)
	if err != nil {
		return nil, err
	}
	// Pushes stand in twos behind the first, both signs of one name.
	r := metrics.NewResamples(len(s.report), s.Resamples, s.Seed)
	for n := 1; n < len(pushes); n += 2 {
		name := strings.TrimSuffix(pushes[n].key, "+")
		e := effect(name, r, got["none"], got[name+"+"], got[name+"-"])
		if len(pushes[n].steer) > 0 {
			e.Length = norm(pushes[n].steer[0].Vector)
		}
		out.Effects = append(out.Effects, e)
	}
	out.judge()
	return out, s.texts(ctx, out, pushes)
}

// choices is how many pushes are scored to choose by: none where there is one layer and one coefficient.
func (s *sweep) choices() int {
	if n := len(s.Layers) * len(s.Coefficients); n > 1 {
		return 1 + 2*n
	}
	return 0
}

// grid scores every layer and coefficient on the half to choose on. Controls are left out here: what is chosen is where
// the vector does most, and the report asks whether that is more than others do at the same place.
func (s *sweep) grid(ctx context.Context) ([]Point, error) {
	pushes := []push{{key: "none"}}
	var points []Point
	for _, l := range s.Layers {
		for _, c := range s.Coefficients {
			applied := s.absolute(l, c)
			key := fmt.Sprintf("layer %d, %v", l, c)
			pushes = append(pushes, towards(key+"+", l, s.v.Response[l], applied), towards(key+"-", l, s.v.Response[l],
				-applied))
			points = append(points, Point{Layer: l, Coefficient: c, Applied: applied,
				Ratio: applied * norm(s.v.Response[l]) / float64(s.v.Residual[l]), key: key})
		}
	}
	if len(points) == 1 {
		return points, nil // nothing to choose: what one point does on this half, nobody asks
	}
	got, err := score(ctx, s.m, "choose", s.choose, pushes, s.j, s.bar)
	if err != nil {
		return nil, err
	}
	r := metrics.NewResamples(len(s.choose), s.Resamples, s.Seed)
	for n := range points {
		p := &points[n]
		e := effect("", r, got["none"], got[p.key+"+"], got[p.key+"-"])
		p.Odd, p.Cost = e.Odd, e.Cost
	}
	return points, nil
}

// pick takes the point of the largest odd part among those that cost little; where all cost much, the cheapest.
//
//	layer 1   odd 1, cost .1      layer 2   odd 2, cost .4      layer 3   odd 9, cost .6      most .5: layer 2
//
// Without the bound the strongest push would win: a broken model's log-odds are large, and say nothing.
func pick(grid []Point, most float64) Point {
	cheap := slices.DeleteFunc(slices.Clone(grid), func(p Point) bool { return !(p.Cost <= most) })
	if len(cheap) == 0 {
		return slices.MinFunc(grid, func(a, b Point) int { return cmp.Compare(a.Cost, b.Cost) })
	}
	return slices.MaxFunc(cheap, func(a, b Point) int { return cmp.Compare(a.Odd.Mean, b.Odd.Mean) })
}

// forecast says what a run takes, and opens nothing.
// Tokens are an estimate from letters, four to a token and a template of forty; texts are a bound.
func (s *sweep) forecast() error {
	grid, report := s.choices(), len(s.controls(s.Layers[0], 1))
	rows := 2 * (grid*len(s.choose) + report*len(s.report))
	bytes := 0
	for _, p := range slices.Concat(s.choose, s.report) {
		bytes += 2*len(p.Text) + len(p.For) + len(p.Against)
	}
	tokens := rows * (bytes/(len(s.choose)+len(s.report))/2/4 + 40)
	fmt.Fprintf(s.Stdout, "vector         %s of %d pairs\n", s.trait.ValueID, must(s.v.About[keptKey]))
	fmt.Fprintf(s.Stdout, "choose         %d pushes (layers %v, coefficients ±%v, %s) × %d pairs\n",
		grid, s.Layers, s.Coefficients, s.Unit, len(s.choose))
	fmt.Fprintf(s.Stdout, "report         %d pushes × %d pairs\n", report, len(s.report))
	fmt.Fprintf(s.Stdout, "scores         %d answers, about %d tokens to read\n", rows, tokens)
	fmt.Fprintf(s.Stdout, "texts          %d answers of up to %d tokens: %d to write at the most\n",
		7*s.Answers, s.MaxTokens, 7*s.Answers*s.MaxTokens)
	return nil
}

// must reads a number of our own file.
func must(number string) int {
	n, _ := strconv.Atoi(number) // ours: Load has read the file
	return n
}
