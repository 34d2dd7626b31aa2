package run

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hives/data/theories"
	"hives/internal/audit"
	"hives/internal/audit/prompts"
	"hives/internal/audit/queries"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/ranking"
	"hives/vidb"
)

// Job is hives steer run.
type Job struct {
	Config    Config
	SelfJudge bool
	Queries   string // file of hives steer queries; "": our own
	Count     int    // most queries of each source; 0: all
	VIDB      string // value-intensity database
	Prompts   prompts.Options
	Scoring   vidb.ScoreOptions
	Ablate    bool // also score the default answers in other ways
	Known     theories.Set

	Out          string // folder
	AllowChanged bool   // write over results that were got with other settings
	Yes          bool
	DryRun       bool
	Stdout       io.Writer
	Bar          func(label string, calls int64) vidb.Bar
}

// Job's defaults steer by anchors, and score as hives score does.
func JobDefaults() Job {
	return Job{Config: Defaults(), Prompts: prompts.Defaults(), Scoring: vidb.DefaultScore()}
}

// run is a job whose files are read.
type run struct {
	job    Job
	crew   crew
	cells  []prompts.Cell // with those that are skipped
	values []string       // that are measured
	parts  map[part]bool  // answers that are scored on further values
	hashes map[string]string
	ask    *asker
	id     judge.Run
}

func (r *run) votes() string { return filepath.Join(r.job.Out, audit.VotesFile) }

// Run asks and writes the folder's record, and returns it. With DryRun it only prints what that would take, and returns
// nothing. What is cheap to find wrong comes first: settings, files, prompts, then models.
func Run(ctx context.Context, j Job) (*audit.Record, error) {
	r := &run{job: j}
	if j.Count < 0 {
		return nil, fault.Usage(fault.New(fault.Invalid, "--count %d: want 1 query a source or more, or 0 for all", j.Count))
	}
	var err error
	if r.crew, err = j.Config.complete(j.SelfJudge); err != nil {
		return nil, err
	}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if r.crew.asked, err = r.crew.asked.Open(ctx); err != nil {
		return nil, err
	}
	defer r.crew.asked.Close()
	// Prompts, queries and answers are found by their words; beside them the run is who is asked, and the seed of draws.
	r.id, err = judge.NewRun("steer", map[string]any{"voters": r.crew.asked.Identities(), "seed": j.Prompts.Seed})
	if err != nil {
		return nil, err
	}
	if err := r.begun(); err != nil {
		return nil, err
	}
	if stop, err := r.forecast(ctx); stop || err != nil {
		return nil, err
	}
	if err := fsutil.MakeFolders(j.Out); err != nil {
		return nil, fsutil.Classify(err, j.Out)
	}
	answers, err := r.answered(ctx)
	if err != nil {
		return nil, judge.Resumable(err)
	}
	if err := r.leftForScores(ctx); err != nil {
		return nil, judge.Resumable(err)
	}
	record := r.record(answers)
	unscored := r.score(ctx, answers, record)
	if unscored != nil && record.Scores == nil {
		return nil, unscored
	}
	return record, cmp.Or(audit.Write(filepath.Join(j.Out, audit.RecordFile), *record), unscored)
}

// begun refuses a folder that holds the record of a run with other settings: it would be replaced without a word, and
// figures that were made of it would stand beside another. More queries, values and regimes are no other settings.
func (r *run) begun() error {
	path := filepath.Join(r.job.Out, audit.RecordFile)
	if _, err := os.Lstat(path); err != nil || r.job.AllowChanged {
		return nil
	}
	was, err := audit.Read(path)
	if err == nil {
		err = judge.OtherSettings(judge.Changed(was.About.Depends(), r.record(nil).About.Depends()))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.job.Out, err)
	}
	return nil
}

// prepare reads queries and values and makes the cells. Flags come first: a database of millions of votes takes a
// while.
func (r *run) prepare() error {
	if err := cmp.Or(r.job.Prompts.Check(), r.job.Scoring.Validate()); err != nil {
		return err
	}
	all, err := queries.Read(r.job.Queries)
	if err != nil {
		return err
	}
	file, err := vidb.Open(r.job.VIDB, r.job.Known)
	if err != nil {
		return err
	}
	o := r.job.Prompts
	if len(o.Values) == 0 {
		for _, a := range file.Values {
			if _, err := prompts.Phrase(a.ValueID); err == nil {
				o.Values = append(o.Values, a.ValueID)
			}
		}
	}
	if len(o.Values) == 0 {
		return fault.Usage(fault.New(fault.Invalid, "vidb %s: holds none of the 32 values that there are prompts for",
			r.job.VIDB))
	}
	read := once(file.Full)
	if r.cells, err = prompts.Cells(o, read); err != nil {
		return err
	}
	r.values, r.hashes, r.parts = measured(r.cells, o.Values), map[string]string{}, parts(r.cells)
	for _, id := range r.values {
		v, err := read(id)
		if err != nil {
			return err
		}
		r.hashes[id] = v.Hash()
	}
	r.ask = &asker{queries: few(all, r.job.Count, o.Seed), seed: o.Seed}
	for _, c := range r.cells {
		if c.Skipped == "" {
			r.ask.cells = append(r.ask.cells, c)
		}
	}
	r.ask.refusal, err = rubrics.Load(r.crew.asked.Voters[rubric].Prompt)
	return err
}

// once reads each value once: one of thousands of texts takes a second.
func once(read func(string) (*vidb.Value, error)) func(string) (*vidb.Value, error) {
	known := map[string]*vidb.Value{}
	return func(id string) (v *vidb.Value, err error) {
		if known[id] == nil {
			known[id], err = read(id)
		}
		return known[id], err
	}
}

// few takes at most count queries of each source, by an order that hangs on the seed and the query alone: a larger
// count adds queries and changes none.
func few(all []audit.Query, count int, seed uint64) []audit.Query {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b audit.Query) int { return cmp.Compare(a.ID, b.ID) })
	if count <= 0 {
		return all
	}
	place := func(q audit.Query) uint64 { return ranking.Stream("steer count", seed, q.ID).Uint64() }
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b audit.Query) int { return cmp.Compare(place(a), place(b)) })
	taken, keep := map[string]int{}, map[string]bool{}
	for _, q := range order {
		if taken[q.Source]++; taken[q.Source] <= count {
			keep[q.ID] = true
		}
	}
	return slices.DeleteFunc(all, func(q audit.Query) bool { return !keep[q.ID] })
}

// answered asks the subject and the rubric.
func (r *run) answered(ctx context.Context) (answers []audit.Answer, err error) {
	store, err := judge.Open(r.votes())
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, r.crew.asked, r.id, store)
	if err != nil {
		return nil, err
	}
	step := func(label string, ask func(done func(bool)) error) error {
		bar := cli.NewProgress(label, "answers", int64(r.ask.pairs()), 0)
		defer bar.Close()
		return ask(func(new bool) {
			bar.Suffix(asked.Spent())
			if new {
				bar.Add(1)
			} else {
				bar.Replay(1)
			}
		})
	}
	if err := step("answers", func(done func(bool)) error {
		answers, err = r.ask.answers(ctx, asked, done)
		return err
	}); err != nil {
		return nil, err
	}
	return answers, step("refusals", func(done func(bool)) error { return r.ask.refusals(ctx, asked, answers, done) })
}

// leftForScores is the budget less what the answers took: one budget bounds both steps.
func (r *run) leftForScores(ctx context.Context) error {
	used, _, err := judge.Before(ctx, r.votes(), r.id.ID, nil)
	if err != nil {
		return err
	}
	b := &r.crew.judges.Budget
	spent := func() error {
		return fault.New(fault.Exhausted, "the budget is spent by the answers, before their scores: raise it to go on")
	}
	if b.Tokens > 0 {
		if b.Tokens -= used.Tokens; b.Tokens <= 0 {
			return spent()
		}
	}
	if b.Money > 0 {
		if b.Money -= float64(used.Micro) / 1e6; b.Money <= 0 {
			return spent()
		}
	}
	return nil
}

// forecast prints what it would take, and stops there for a dry run. Where somebody is paid, a budget or --yes must
// say so.
func (r *run) forecast(ctx context.Context) (stop bool, err error) {
	n := int64(r.ask.pairs())
	course := judge.Course{Name: "all", Estimate: judge.Estimate{Questions: 2 * n}}
	var in int64
	for at := range r.ask.pairs() {
		c, q := r.ask.pair(at)
		prompt, _ := c.Prompt(q)
		in += llm.EstimateTokens(prompt)
	}
	a, b := r.crew.asked.Voters[subject], r.crew.asked.Voters[rubric]
	const around, short = 200, 8 // tokens of the rubric's prompt without its texts, and of its answer
	course.Ask(a, n, in, n*int64(a.MaxTokens))
	course.Ask(b, n, n*(around+int64(a.MaxTokens)), n*short)
	scores, wait, err := r.scoring().Estimate(r.tasks(r.guessed()))
	if err != nil {
		return true, err
	}
	course.Questions += scores.Questions
	course.Requests += scores.Requests
	course.Tokens += scores.Tokens
	course.Micro += scores.Micro
	f := judge.Forecast{Items: int(n), Noun: "answers", Budget: r.crew.asked.Budget, Courses: []judge.Course{course}}
	if f.Stored, err = r.stored(ctx); err != nil {
		return true, err
	}
	out := cmp.Or(r.job.Stdout, io.Discard)
	r.describe(out, scores.Requests, wait)
	if err := f.Write(out); err != nil || r.job.DryRun {
		return true, err
	}
	return false, f.Agreed(r.job.Config.Voters, r.job.Yes, "lower --count")
}

// stored is what earlier starts took, of both steps.
func (r *run) stored(ctx context.Context) (judge.Estimate, error) {
	all, _, err := judge.Before(ctx, r.votes(), r.id.ID, nil)
	if err != nil {
		return all, err
	}
	if _, err := os.Stat(r.votes()); err != nil {
		return all, nil
	}
	scores, err := r.scoring().Stored(ctx)
	all.Requests, all.Tokens, all.Micro = all.Requests+scores.Requests, all.Tokens+scores.Tokens, all.Micro+scores.Micro
	return all, err
}

// describe says what is asked, for people.
func (r *run) describe(out io.Writer, windows int64, wait time.Duration) {
	sources := map[string]bool{}
	for _, q := range r.ask.queries {
		sources[q.Source] = true
	}
	fmt.Fprintf(out, "%d queries of %d sources under %d conditions: %d answers; %d values; %d windows of judges, about "+
		"%.1f hours of them\n", len(r.ask.queries), len(sources), len(r.ask.cells), r.ask.pairs(), len(r.values), windows,
		wait.Hours())
	if n := len(r.ask.queries); r.job.Ablate && n < ablationLeast {
		fmt.Fprintf(out, "an ablation of %d answers says little: %d or more are wanted\n", n, ablationLeast)
	}
	for _, c := range r.cells {
		if c.Skipped != "" {
			fmt.Fprintf(out, "left out: %s: %s\n", c.ID, c.Skipped)
		}
	}
}
