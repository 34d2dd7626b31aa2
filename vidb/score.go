package vidb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Panels, utilities, scales and estimates of a score.
const (
	PanelBucketed = "bucketed" // one anchor from each part of the scale, others in every window
	PanelFixed    = "fixed"    // the same anchors for everybody
	PanelRandom   = "random"   // anchors wherever they stand

	UtilityLogit = "logit" // anchors count by their utilities, the scale on which the orders were fitted
	UtilityScore = "score" // by their scores, as the paper has it

	ScaleFit = "fit" // a judge's sharpness is fitted to how it orders the anchors
	ScaleOne = "one" // it is that of the judges who made the database

	EstimateMLE       = "mle"       // the likeliest utility
	EstimatePosterior = "posterior" // the mean under the pool's density: for one text, never for differences
)

// KindScore marks runs of scores in a votes file.
const KindScore = "intensity-score"

// ScoreOptions say how responses are scored.
type ScoreOptions struct {
	K, M                            int
	Panel, Utility, Scale, Estimate string
	Format                          string
	MaxSE                           float64 // of an anchor in logits; 0: any
	Seed                            uint64
}

// DefaultScore is three windows of six. Why six and three? Five anchors, one from each fifth of the scale, tell about
// where a response stands. Three windows let it stand at three places, so that a judge's liking of places cancels. More
// windows narrow the interval slowly:
//
//	m 1     twelve units wide
//	m 3     seven
//	m 6     five
func DefaultScore() ScoreOptions {
	return ScoreOptions{K: 6, M: 3, Panel: PanelBucketed, Utility: UtilityLogit, Scale: ScaleFit, Estimate: EstimateMLE,
		Format: FormatDefault}
}

// Validate refuses options that there are none of, by the flag's name. Pairs have a form of their own in a build; here
// two texts are an order like any other, so binary is refused.
func (o ScoreOptions) Validate() error {
	for _, c := range []struct {
		flag, value string
		choices     []string
	}{
		{"--panel", o.Panel, []string{PanelBucketed, PanelFixed, PanelRandom}},
		{"--utility", o.Utility, []string{UtilityLogit, UtilityScore}},
		{"--scale", o.Scale, []string{ScaleFit, ScaleOne}},
		{"--estimate", o.Estimate, []string{EstimateMLE, EstimatePosterior}},
		{"--format", o.Format, []string{FormatDefault, FormatOneShot}},
	} {
		if !slices.Contains(c.choices, c.value) {
			return invalid("%s %q: want one of %v", c.flag, c.value, c.choices)
		}
	}
	switch {
	case o.M < 1:
		return invalid("--m %d: want 1 window a response or more", o.M)
	case o.MaxSE < 0:
		return invalid("--max-se %v: want an error in logits, or 0 for any", o.MaxSE)
	}
	return checkFormat(o.Format, WordingOurs, o.K)
}

// ScoreJob is hives score.
type ScoreJob struct {
	Path    string // of the database
	Values  []string
	Known   theories.Set
	In, Out string // responses, and scores (.jsonl, .csv or .parquet)
	Options ScoreOptions

	// Matrices (.npy) of one model: a row for each text of the pool, and one for each response that has words. With them
	// every response has a prior of its own, in place of the pool's density.
	PriorVectors, ResponseVectors string

	Config Config
	Votes  string
	Yes    bool
	DryRun bool
	Stdout io.Writer
	Bar    func(label string, calls int64) Bar
}

// ScoreResponses has judges put every response among texts of known score, and writes where it stands. Nothing is
// written before all is answered. A value none of whose answers can be used is named, its rows have no score, and the
// others go on.
func ScoreResponses(ctx context.Context, j ScoreJob) ([]ScoreSummary, error) {
	if err := cmp.Or(j.Options.Validate(), j.priorFiles(), checkScoreOut(j.Out)); err != nil {
		return nil, err
	}
	if j.Votes == "" {
		return nil, invalid("judges need --db, the votes file that keeps their answers")
	}
	// Files first, then the configuration, then models: what is cheap to find wrong is found before what takes a
	// minute.
	responses, others, err := ReadResponses(j.In)
	if err != nil {
		return nil, err
	}
	out := cmp.Or(j.Stdout, io.Discard)
	if len(others) > 0 {
		fmt.Fprintf(out, "not used of %s: %s\n", j.In, strings.Join(others, ", "))
	}
	cfg, err := j.Config.Complete()
	if err != nil {
		return nil, err
	}
	work, err := j.prepare(responses)
	if err == nil {
		err = j.foretell(work)
	}
	if err != nil {
		return nil, err
	}
	// The run is named by the judges alone: responses that are added to a file later are the same run, and what was
	// answered about the others is not asked again.
	var summaries []ScoreSummary
	err = sit(ctx, cfg, KindScore, j.Votes,
		func(c Config, run judge.Run) (bool, error) { return j.forecast(ctx, c, run, work, out) },
		func(c Config, asked *judge.Judge, _ *judge.Store) (err error) {
			var rows [][]ResponseScore
			rows, summaries, err = scoreAll(ctx, newJury(asked, c.Config, j.Bar), work)
			if rows == nil {
				return err
			}
			return errors.Join(WriteScores(j.Out, slices.Concat(rows...)), err)
		})
	return summaries, err
}

// prepare draws the windows of all values: what cannot be drawn is said before anybody is asked.
// It also is what makes the estimate exact: every window that will be asked about is known.
func (j ScoreJob) prepare(responses []Response) ([]*scoring, error) {
	values, err := openWith(j.Path, j.Values, j.Known, (*File).Value)
	if err != nil {
		return nil, err
	}
	return draw(values, j.Options, responses)
}

// draw draws the windows of responses for some values.
func draw(values []*Value, o ScoreOptions, responses []Response) ([]*scoring, error) {
	var out []*scoring
	for _, v := range values {
		s, err := newScoring(v, o, responses)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// forecast prints what the calls would take.
func (j ScoreJob) forecast(
	ctx context.Context, cfg Config, run judge.Run, work []*scoring, out io.Writer,
) (stop bool, err error) {
	// here tells answers of this job from those to other responses, which the votes file may hold under the same
	// judges.
	b := bill{cfg: cfg, noun: "windows", course: judge.Course{Name: "score"}, here: []judge.Item{}}
	for _, s := range work {
		a, err := newAsker(s.v, s.o.K, s.o.Format, WordingOurs, cfg.Voters)
		if err != nil {
			return true, err
		}
		for _, w := range s.shown {
			b.here = append(b.here, a.question(0, s.texts(w)).Item)
		}
		a.bill(&b, int64(len(s.shown)*len(cfg.Voters)), s.v.meanTokens())
	}
	return b.agree(ctx, j.Votes, run, out, j.Yes, j.DryRun)
}

// scoreAll scores value after value; rows are those of each work, nil after a stop. A value none of whose answers can
// be used is named in the error, and its rows have no score.
func scoreAll(ctx context.Context, y *jury, work []*scoring) (rows [][]ResponseScore, summaries []ScoreSummary,
	err error) {
	var failed []string
	rows = [][]ResponseScore{}
	for _, s := range work {
		// An error here is a stop: a signal, a budget, a judge that cannot keep to the form. Nothing is written then,
		// and the same command goes on from the votes file.
		scored, summary, err := s.run(ctx, y)
		if err != nil {
			return nil, nil, err
		}
		rows, summaries = append(rows, scored), append(summaries, summary...)
		usable := func(f ScoreSummary) bool { return f.Used > 0 }
		if len(s.shown) > 0 && !slices.ContainsFunc(summary, usable) && !slices.Contains(failed, s.v.ValueID) {
			failed = append(failed, s.v.ValueID)
		}
	}
	if len(failed) > 0 {
		err = fault.New(fault.Invalid, "vidb: no answer about %s can be used: their rows have no score; ask other judges",
			strings.Join(failed, ", "))
	}
	return rows, summaries, err
}
