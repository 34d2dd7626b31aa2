package vidb

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

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
	Yes             bool // ask without a look at the budget
	DryRun          bool // print what it would take, and ask nobody
	Out             io.Writer
	Bar             func(label string, calls int64) Bar
}

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
	for _, v := range values { // before a model is loaded
		if err := v.design(j.Design, len(cfg.Voters)).Validate(); err != nil {
			return nil, fault.Usage(err)
		}
	}
	if cfg.Config, err = cfg.Open(ctx); err != nil {
		return nil, err
	}
	defer cfg.Close()
	run, err := runConfig(cfg.Config)
	if err != nil {
		return nil, err
	}
	if stop, err := j.forecast(ctx, cfg, run, values); stop || err != nil {
		return nil, err
	}
	store, err := judge.Open(j.Votes)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, cfg.Config, run, store)
	if err != nil {
		return nil, err
	}
	return j.all(ctx, newJury(asked, cfg.Config, j.Bar), values)
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

// open reads the values of a job, and refuses one whose definition has changed.
func open(path string, ids []string, known theories.Set) ([]*Value, error) {
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
		v, err := file.Full(id)
		if err == nil {
			err = v.Current()
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

const (
	briefAnswer   = 10              // tokens of {"more": "A"}
	guessedWait   = 2 * time.Second // of one call, where nobody knows the endpoint
	sampledTexts  = 50              // whose lengths stand for a pool's
	minuteSeconds = 60
)

// forecast prints what the calls would take, and stops unless that fits the budget or --yes says so. Calls are dealt
// out among the judges as evenly as they go; each reads the prompt and k texts of mean length.
func (j BuildJob) forecast(ctx context.Context, cfg Config, run judge.Run, values []*Value) (stop bool, err error) {
	f := judge.Forecast{Noun: "windows", Budget: cfg.Budget}
	course := judge.Course{Name: "build"}
	hours := 0.
	for _, v := range values {
		a, err := newAsker(v, j.Design.K, j.Format, j.Wording, cfg.Voters)
		if err != nil {
			return true, err
		}
		calls := int64(v.calls(j.Design, len(cfg.Voters)))
		f.Items += int(calls)
		course.Questions += calls
		for i, voter := range cfg.Voters {
			n := calls / int64(len(cfg.Voters))
			if int64(i) < calls%int64(len(cfg.Voters)) {
				n++
			}
			form := a.forms[i]
			size := llm.EstimateTokens(form.System+form.User) + int64(j.Design.K)*v.meanTokens()
			course.Ask(voter, n, n*size, n*min(briefAnswer+4*int64(j.Design.K), int64(voter.MaxTokens)))
			hours += wait(cfg, voter, n).Hours()
		}
	}
	f.Courses = []judge.Course{course}
	if f.Stored, _, err = judge.Before(ctx, j.Votes, run.ID, nil); err != nil {
		return true, err
	}
	out := cmp.Or[io.Writer](j.Out, io.Discard)
	if err := f.Write(out); err != nil {
		return true, err
	}
	fmt.Fprintf(out, "about %.1f hours, if a call takes %v and the endpoints' rates hold\n", hours, guessedWait)
	if j.DryRun || j.Yes {
		return j.DryRun, nil
	}
	err = afford(course.Estimate, cfg.Budget)
	return err != nil, err
}

// afford refuses calls that nobody has agreed to pay for: the budget bears them, or --yes says so.
//
//	no budget                  refused
//	budget beyond the calls    goes on
//	budget below               refused: it would be spent before the end
func afford(e judge.Estimate, b llm.Limits) error {
	if b.Tokens == 0 && b.Money == 0 {
		return invalid("%d calls and no budget: look at the estimate, and say --yes or give [budget]", e.Requests)
	}
	if (b.Tokens > 0 && e.Tokens > b.Tokens) || (b.Money > 0 && float64(e.Micro)/1e6 > b.Money) {
		return invalid("%d calls take about %d tokens and %.2f %s, the budget is %d and %.2f: raise it, lower --m, or say "+
			"--yes to ask until it is spent", e.Requests, e.Tokens, float64(e.Micro)/1e6, b.Currency, b.Tokens, b.Money)
	}
	return nil
}

// meanTokens is a text's mean length in tokens, over some of the pool. Every so-many-th of the texts by id, which is
// a hash: a sample as good as any.
func (v *Value) meanTokens() int64 {
	step := max(1, len(v.Texts)/sampledTexts)
	var sum, n int64
	for i := 0; i < len(v.Texts); i += step {
		sum, n = sum+llm.EstimateTokens(v.Texts[i].Text), n+1
	}
	return sum / n
}

// wait is how long a judge's calls take at the least: by its endpoint's rate, and by what it answers beside each other.
//
//	1,000 calls, 4 beside each other, 60 a minute     500 s by the calls, 1,000 s by the rate: 1,000 s
func wait(cfg Config, v judge.Voter, calls int64) time.Duration {
	beside, perMinute := 1, 0.
	for _, e := range cfg.Endpoints {
		if e.Name == v.Endpoint {
			beside, perMinute = max(1, e.Parallel), float64(e.RequestsPerMinute)
		}
	}
	took := time.Duration(calls) * guessedWait / time.Duration(beside)
	if perMinute > 0 {
		took = max(took, time.Duration(float64(calls)/perMinute*minuteSeconds*float64(time.Second)))
	}
	return took
}

// FitFile fits values of a file anew. Each is fitted as it was before, but for what adjust changes.
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
	return figures, Save(path, values...)
}

// shownTexts of each list after a build or a fit.
const shownTexts = 3
