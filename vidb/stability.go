package vidb

import (
	"cmp"
	"context"
	"io"
	"math"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/ranking"
)

// KindStability marks runs of hives stability in a votes file.
const KindStability = "intensity-stability"

// The methods that are compared, the one others are held to first.
const (
	MethodRating  = "rating"
	MethodRanking = "ranking"
)

// StabilityJob is hives stability: the same texts rated and ranked by every judge in the words of several prompts.
type StabilityJob struct {
	Path    string // of the database that has the texts
	Values  []string
	Known   theories.Set
	Prompts []string
	Texts   int // of each value, with a direction that people gave
	K, M    int // of a judge's windows: as many for each text and prompt
	Seed    uint64
	Draws   int    // of the bootstrap
	Scores  string // a file of scores in the judges' place
	Keep    string // where to write the scores

	Config Config
	Votes  string
	Yes    bool
	DryRun bool
	Stdout io.Writer
	Bar    func(label string, calls int64) Bar
}

// DefaultStability asks for two wordings.
func DefaultStability() StabilityJob {
	return StabilityJob{Prompts: []string{"plain.v1", "brief.v1"}, Texts: 100, K: 2, M: 10, Draws: 500}
}

// Stability computes the instability table, from judges or from scores that were kept. It is nil after a dry run.
func Stability(ctx context.Context, j StabilityJob) (*Instability, error) {
	switch {
	case j.Draws < 0 || j.Draws == 1:
		return nil, invalid("--bootstrap %d: want 0 for none, or two draws at least", j.Draws)
	case j.Scores != "" && j.Path != "":
		return nil, invalid("--from and --vidb: want one of them, scores that were kept or texts to be scored")
	case j.Scores != "":
		rated, err := ReadRated(j.Scores)
		if err != nil {
			return nil, err
		}
		return Table(rated, j.Draws, j.Seed)
	}
	rated, err := j.judged(ctx)
	if err != nil || rated == nil {
		return nil, err
	}
	if j.Keep != "" {
		if err := WriteRated(j.Keep, rated); err != nil {
			return nil, err
		}
	}
	return Table(rated, j.Draws, j.Seed)
}

// validate refuses what could not be asked, before anything is opened.
func (j StabilityJob) validate() error {
	switch {
	case j.Path == "":
		return invalid("want --vidb, a database that has texts, or --from, a file of scores that were kept")
	case j.Votes == "":
		return invalid("judges need --db, the votes file that keeps their answers")
	case len(j.Prompts) == 0:
		return invalid("--prompts: want one prompt or more; two show what a change of words does")
	case j.Texts < 2 || j.M < 1:
		return invalid("--texts %d, --m %d: want 2 texts or more and 1 window or more", j.Texts, j.M)
	}
	return checkFormat(j.format(), WordingOurs, j.K)
}

// format is pairs where windows hold two.
func (j StabilityJob) format() string {
	if j.K == 2 {
		return FormatBinary
	}
	return FormatDefault
}

// judged asks, or takes what is stored, and returns every score of every method. It is nil after a dry run.
func (j StabilityJob) judged(ctx context.Context) ([]Rated, error) {
	if err := j.validate(); err != nil {
		return nil, err
	}
	cfg, err := j.panel()
	if err != nil {
		return nil, err
	}
	values, err := open(j.Path, j.Values, j.Known)
	if err != nil {
		return nil, err
	}
	var desks []*desk
	for _, v := range values {
		d, err := j.desk(v, cfg)
		if err != nil {
			return nil, err
		}
		desks = append(desks, d)
	}
	// A run of its own, since the names of its voters are: "j0 plain.v1" is not the j0 of a build.
	var out []Rated
	err = sit(ctx, cfg, KindStability, j.Votes,
		func(c Config, run judge.Run) (bool, error) { return j.forecast(ctx, c, run, desks) },
		func(c Config, asked *judge.Judge, _ *judge.Store) error {
			y := newJury(asked, c.Config, j.Bar)
			for _, d := range desks {
				rated, err := d.run(ctx, y)
				if err != nil {
					return err
				}
				out = append(out, rated...)
			}
			return nil
		})
	return out, err
}

// panel makes a voter of every judge and prompt: "j0 plain.v1". A judge's own prompt in the configuration is one of
// many here, so it is not looked at.
//
//	judges j0, j1; prompts plain.v1, brief.v1     voters j0 plain.v1, j0 brief.v1, j1 plain.v1, j1 brief.v1
func (j StabilityJob) panel() (Config, error) {
	cfg := j.Config
	cfg.Voters = nil
	for _, v := range j.Config.Voters {
		for _, prompt := range j.Prompts {
			v.Prompt = prompt
			own := v
			own.Name += " " + prompt
			cfg.Voters = append(cfg.Voters, own)
		}
	}
	return cfg.Complete()
}

// desk is one value's texts, and the questions about them.
type desk struct {
	*Value
	ask  *asker
	rate *rater
	j    StabilityJob
}

// desk draws texts of a value and the windows of every judge: the same windows for all, so that judges differ by what
// they say and not by what they were shown.
// No overlap and no taking turns: every judge gets every window, so each can be fitted alone.
func (j StabilityJob) desk(v *Value, cfg Config) (*desk, error) {
	d := &desk{Value: &Value{About: v.About, Texts: v.sample(j.Texts, j.Seed), known: v.known}, j: j}
	if len(d.Texts) < max(2, j.K) {
		return nil, fault.New(fault.Invalid, "vidb: %s has %d texts on whose direction people said something: windows of %d "+
			"need more", v.ValueID, len(d.Texts), j.K)
	}
	o := DefaultDesign()
	o.K, o.M, o.Rotation, o.Overlap, o.Seed = j.K, j.M, AllJudges, 0, j.Seed
	shown, err := d.fixed(o, len(cfg.Voters))
	if err != nil {
		return nil, err
	}
	d.Judges = jurors(cfg.Config)
	d.Windows = d.spread(shown, o, d.Judges)
	if d.ask, err = newAsker(d.Value, j.K, j.format(), WordingOurs, cfg.Voters); err != nil {
		return nil, err
	}
	d.rate, err = newRater(d.Value, cfg.Voters)
	return d, err
}

// sample draws texts that a row of the value names, as many of each direction as there are. Why only those? Sign and
// order are compared with what people said of the value itself. A text that was put into the pool to fill it has a
// direction of other values.
//
//	wanted 10, supporting 40, opposing 3     7 supporting, 3 opposing
func (v *Value) sample(n int, seed uint64) []Text {
	var sides [3][]*candidate
	for _, t := range v.Texts {
		if t.Target {
			sides[t.Direction+1] = append(sides[t.Direction+1], &candidate{Text: t})
		}
	}
	random := ranking.Stream(v.purpose("stability"), seed)
	for _, side := range sides {
		random.Shuffle(len(side), func(a, b int) { side[a], side[b] = side[b], side[a] })
	}
	var out []Text
	for _, c := range balanced(sides, [3]int{}, n) {
		out = append(out, c.Text)
	}
	slices.SortFunc(out, func(a, b Text) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// forecast prints what the calls would take: windows and ratings of every judge and prompt.
func (j StabilityJob) forecast(ctx context.Context, cfg Config, run judge.Run, desks []*desk) (stop bool, err error) {
	b := bill{cfg: cfg, noun: "questions", course: judge.Course{Name: "stability"}, here: []judge.Item{}}
	for _, d := range desks {
		d.ask.bill(&b, int64(len(d.Windows)), d.meanTokens())
		b.course.Questions += int64(len(d.Texts) * len(cfg.Voters))
		for at, voter := range cfg.Voters {
			form := d.rate.forms[at]
			b.add(voter, int64(len(d.Texts)), llm.EstimateTokens(form.System+form.User)+d.meanTokens(), briefAnswer)
		}
		for _, t := range d.Texts {
			b.here = append(b.here, d.rate.question(0, t.Text).Item)
		}
		for _, w := range d.Windows {
			b.here = append(b.here, d.ask.question(0, d.words(w.Shown)).Item)
		}
	}
	return b.agree(ctx, j.Votes, run, cmp.Or(j.Stdout, io.Discard), j.Yes, j.DryRun)
}

// words are the texts of a window.
func (v *Value) words(shown []int) (out []string) {
	for _, text := range shown {
		out = append(out, v.Texts[text].Text)
	}
	return out
}

// run asks every judge for numbers and for orders. Answers that cannot be used end nothing here: how many there are is
// part of what is compared.
// That is unlike a build or a score, which a judge ends that cannot keep to the form: those would pay for nothing.
func (d *desk) run(ctx context.Context, y *jury) ([]Rated, error) {
	asks := y.asks(d.Value, d.Windows)
	bar := y.bar("stability "+d.ValueID, int64(len(asks)+len(d.Texts)*len(y.cfg.Voters)))
	defer bar.Close()
	ratings, err := y.rate(ctx, d.Value, d.rate, bar)
	if err != nil {
		return nil, err
	}
	if err := y.put(ctx, d.Value, d.ask, asks, bar); err != nil {
		return nil, err
	}
	// Ties count here. A judge that sees no difference must not look like one that was not asked.
	orders := d.orders(TiesHalf)
	var out []Rated
	for at, voter := range y.cfg.Voters {
		ranked, err := d.alone(voter.Name, orders)
		if err != nil {
			return nil, err
		}
		for text, t := range d.Texts {
			row := Rated{Judge: strings.TrimSuffix(voter.Name, " "+voter.Prompt), Prompt: voter.Prompt, Item: t.ID,
				ValueID: d.ValueID, Direction: t.Direction}
			row.Method, row.Score = MethodRating, known(ratings[at][text])
			out = append(out, row)
			row.Method, row.Score = MethodRanking, known(ranked[text])
			out = append(out, row)
		}
	}
	return out, nil
}

// alone are the scores that one judge's orders give by themselves, NaN for texts that they do not hold. Parts that
// never met are held together by the prior. Ties count as both orders by half: who always ties has equal scores.
// The scores of a judge stand on that judge's own scale, farthest text at an end, as a database built by it would
// have them.
func (d *desk) alone(name string, orders []order) ([]float64, error) {
	var own []order
	for _, o := range orders {
		if o.judge == name {
			own = append(own, o)
		}
	}
	out := make([]float64, len(d.Texts))
	for i := range out {
		out[i] = math.NaN()
	}
	f := newFitting(d.Value, own)
	if len(f.text) < 2 {
		return out, nil
	}
	if err := f.solveAlone(FitOptions{}); err != nil {
		return nil, err
	}
	_, scores, err := intensity.Calibrate(intensity.ZScore, f.theta)
	for item, text := range f.text {
		if err == nil {
			out[text] = scores[item]
		}
	}
	return out, err
}
