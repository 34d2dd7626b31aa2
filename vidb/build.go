package vidb

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
)

// Config is the file of --config: judges, and for check the voters.
type Config struct {
	judge.Config
}

// Defaults are a file without judges.
func Defaults() Config { return Config{Config: judge.Config{Parallel: 8, Attempts: 3}} }

// Complete fills in what a judge leaves out, and refuses what could not work. 60 tokens are room for an order of a
// dozen texts, as forecast counts them.
//
// A model that thinks aloud before it answers needs more: give max_tokens.
func (c Config) Complete() (Config, error) {
	c.Voters = slices.Clone(c.Voters)
	for i := range c.Voters {
		v := &c.Voters[i]
		v.Prompt = cmp.Or(v.Prompt, "plain.v1")
		v.MaxTokens = cmp.Or(v.MaxTokens, 60)
	}
	if len(c.Voters) == 0 {
		return c, invalid("the configuration names no judge: give [[voters]], or --judge %s", Annotations)
	}
	var err error
	c.Config, err = c.Config.Complete(func(name string) error {
		_, err := prompts.Load(name)
		return err
	})
	return c, err
}

// BuildJob is hives vidb build.
type BuildJob struct {
	Path   string   // of the database
	Values []string // value_ids; none are all of the file
	Known  theories.Set
	Design DesignOptions
	Fit    FitOptions

	Judge           string // Annotations, or "" for the judges of Config
	Config          Config
	Votes           string // votes file
	Format, Wording string
	PriorVectors    string // matrix of the pool's texts, for active pairing of one value
	Yes             bool   // ask without a look at the budget
	DryRun          bool   // print what it would take, and ask nobody
	Out             io.Writer
	Bar             func(label string, calls int64) Bar
}

// Build is the second step. What is random in it depends on the design's seed, the value and the texts, so that another
// judge, another value or another number of calls at once moves no window.
//
// Build has every value's windows answered and its texts scored. The file is written once, at the end: until then the
// votes file alone has the answers. A value that cannot be scored is named, and the others are written.
func Build(ctx context.Context, j BuildJob) ([]Figures, error) {
	if j.Judge == Annotations {
		j.Format, j.Wording = FormatBinary, WordingOurs
	}
	if err := cmp.Or(j.Design.validate(), j.Fit.validate(), checkFormat(j.Format, j.Wording, j.Design.K)); err != nil {
		return nil, err
	}
	switch j.Judge {
	case Annotations:
		return change(j.Path, j.Values, j.Known, func(v *Value) error {
			if err := cmp.Or(v.Current(), BuildAnnotated(v, j.Design)); err != nil {
				return err
			}
			return Fit(ctx, v, j.Fit)
		})
	case "":
		return j.judged(ctx)
	}
	return nil, invalid("--judge %q: want %s, or none and the judges of --config", j.Judge, Annotations)
}

// judged asks models. What is refused comes in the order of what it costs to find out: flags, configuration, file,
// design; then models are loaded, the forecast is made, and the run is claimed.
func (j BuildJob) judged(ctx context.Context) ([]Figures, error) {
	if j.Votes == "" {
		return nil, invalid("judges that are models need --db, the votes file that keeps their answers")
	}
	cfg, err := j.Config.Complete()
	if err != nil {
		return nil, err
	}
	values, err := open(j.Path, j.Values, j.Known)
	if err != nil {
		return nil, err
	}
	prior, err := j.prior(values)
	if err != nil {
		return nil, err
	}
	for _, v := range values { // before a model is loaded
		if err := v.design(j.Design, len(cfg.Voters)).Validate(); err != nil {
			return nil, fault.Usage(err)
		}
	}
	var out []Figures
	err = sit(ctx, cfg, KindRun, j.Votes,
		func(c Config, run judge.Run) (bool, error) { return j.forecast(ctx, c, run, values) },
		func(c Config, asked *judge.Judge, _ *judge.Store) (err error) {
			jury := newJury(asked, c.Config, j.Bar)
			jury.prior = prior
			out, err = j.all(ctx, jury, values)
			return err
		})
	return out, err
}

// prior reads the vectors that active pairing may go by.
func (j BuildJob) prior(values []*Value) (*vectorPrior, error) {
	switch {
	case j.PriorVectors == "":
		return nil, nil
	case j.Design.Pairing != PairActive:
		return nil, invalid("--prior-vectors with --pairing %s: only active pairing goes by what is known", j.Design.Pairing)
	case len(values) != 1:
		return nil, invalid("--prior-vectors for %d values: a matrix is of one pool; name the value", len(values))
	}
	return readPrior(j.PriorVectors, values[0])
}

// all builds value after value. What ends the run (a signal, a budget, an endpoint that is away) ends it at once, and
// writes nothing; what one value's answers are to blame for leaves the others.
//
//	Ctrl-C, the budget, an endpoint away     the run ends; the same command goes on
//	no usable order, parts that never met    that value is named; the others are written
func (j BuildJob) all(ctx context.Context, y *jury, values []*Value) ([]Figures, error) {
	var done []*Value
	var figures []Figures
	var failed []string
	for _, v := range values {
		a, err := newAsker(v, j.Design.K, j.Format, j.Wording, y.cfg.Voters)
		if err == nil {
			err = y.build(ctx, v, j.Design, a, j.Wording)
		}
		if err == nil {
			err = Fit(ctx, v, j.Fit)
		}
		switch {
		case err == nil:
			done, figures = append(done, v), append(figures, v.Summarise(shownTexts))
		case fault.Of(err) == fault.Invalid && fault.ExitCode(err) != fault.ExitUsage:
			failed = append(failed, err.Error())
		default:
			return nil, err
		}
	}
	if len(done) > 0 {
		if err := Save(j.Path, done...); err != nil {
			return nil, err
		}
	}
	if len(failed) > 0 {
		return figures, fault.New(fault.Invalid, "%d of %d values failed: %s", len(failed), len(values),
			strings.Join(failed, "; "))
	}
	return figures, nil
}

// open reads the values of a job with their windows, and refuses one whose definition has changed.
func open(path string, ids []string, known theories.Set) ([]*Value, error) {
	return openWith(path, ids, known, (*File).Full)
}

// openWith is open by File.Full or File.Value. Windows are most of a file, and a job that asks about other texts needs
// none.
func openWith(
	path string, ids []string, known theories.Set, read func(*File, string) (*Value, error),
) ([]*Value, error) {
	file, err := Open(path, known)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		for _, a := range file.Values {
			ids = append(ids, a.ValueID)
		}
	}
	var out []*Value
	for _, id := range ids {
		v, err := read(file, id)
		if err == nil {
			err = v.Current()
		}
		if err == nil && slices.ContainsFunc(out, func(o *Value) bool { return o.ValueID == v.ValueID }) {
			err = invalid("--value %s is named twice", v.ValueID) // it would be asked about, and counted, twice
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// forecast prints what the calls would take, and stops unless that fits the budget or --yes says so. Calls are dealt
// out among the judges as evenly as they go; each reads the prompt and k texts of mean length.
func (j BuildJob) forecast(ctx context.Context, cfg Config, run judge.Run, values []*Value) (stop bool, err error) {
	b := bill{cfg: cfg, noun: "windows", course: judge.Course{Name: "build"}}
	for _, v := range values {
		a, err := newAsker(v, j.Design.K, j.Format, j.Wording, cfg.Voters)
		if err != nil {
			return true, err
		}
		a.bill(&b, int64(v.calls(j.Design, len(cfg.Voters))), v.meanTokens())
	}
	return b.agree(ctx, j.Votes, run, j.Out, j.Yes, j.DryRun)
}

// bill counts windows that judges share: one more for those that come first where they do not come out even.
func (a *asker) bill(b *bill, windows, textTokens int64) {
	judges := int64(len(a.forms))
	b.course.Questions += windows
	for i, voter := range b.cfg.Voters {
		n := windows / judges
		if int64(i) < windows%judges {
			n++
		}
		form, k := a.forms[i], int64(a.k)
		b.add(voter, n, llm.EstimateTokens(form.System+form.User)+k*textTokens, briefAnswer+4*k)
	}
}

// FitFile fits values of a file anew. Each is fitted as it was before, but for what adjust changes.
//
//	fitted with --ties half, then hives vidb fit --bootstrap 200      ties by half, errors from 200 draws
func FitFile(
	ctx context.Context, path string, values []string, known theories.Set, adjust func(*FitOptions) error,
) ([]Figures, error) {
	return change(path, values, known, func(v *Value) error {
		o, err := v.fitted()
		if err == nil {
			err = adjust(&o)
		}
		if err != nil {
			return err
		}
		return Fit(ctx, v, o)
	})
}

// change reads values, lets do change them, and writes them back together. An error of one leaves the file as it was.
func change(path string, ids []string, known theories.Set, do func(*Value) error) ([]Figures, error) {
	values, err := open(path, ids, known)
	if err != nil {
		return nil, err
	}
	var figures []Figures
	for _, v := range values {
		if err := do(v); err != nil {
			return nil, err
		}
		figures = append(figures, v.Summarise(shownTexts))
	}
	if err := Save(path, values...); err != nil { // nothing was changed: figures would look as if it was
		return nil, err
	}
	return figures, nil
}

// shownTexts of each list after a build or a fit.
const shownTexts = 3
