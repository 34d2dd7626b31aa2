package answers

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/interview"
	"hives/internal/judge"
	"hives/ranking"
)

// What follows an attempt that is not near enough.
const (
	Rewrite  = "rewrite"  // its text is rewritten towards the level
	Resample = "resample" // the question is answered anew
)

// Which judgements the degree is the mean of.
const (
	All     = "all"     // all of them
	Touched = "touched" // those of parts that any role found touched
)

// Job is hives vcai build.
type Job struct {
	Config Config
	Known  theories.Set

	Questions     string // file of questions, or
	Statements    string // rows of which questions are made
	Number        int    // of statements a value; 0: all
	Decomposition string // "": our own
	Values        []string
	Levels        []Level
	Slots         string // what roles are made of; "": our own
	Roles         int    // k, a question
	Near          float64
	Rewrites      int
	Retry         string
	Aggregate     string
	Seed          uint64

	Out          string // folder
	AllowChanged bool   // go on although the folder was begun with other settings
	DryRun       bool
	Yes          bool // ask although no budget is set, or it is too small
	Stdout       io.Writer

	full bool // judge everything: what early rejection is compared with
}

// DefaultJob has five roles, a gap of half a level, and at most eight rewrites. The paper has no gap, and 500 rewrites:
// where ±2 is out of reach all of them are used.
func DefaultJob() Job {
	return Job{Levels: slices.Clone(Levels), Roles: 5, Near: .5, Rewrites: 8, Retry: Rewrite, Aggregate: All}
}

// Files of a run's folder.
const (
	RunFile    = "run.json"
	VotesFile  = "votes.db"
	RowsFile   = "mlvalues.parquet"
	FailedFile = "failed.jsonl"
	PageFile   = "report.html"
)

// pool is how many personas roles are drawn from. Fewer would judge every question; with all that the slots make, each
// question has roles of its own, and no role's leniency could be seen.
const pool = 30

// builder holds what all questions of a run share.
//
// Invariant: all but questions and failed is fixed before anybody is asked, and questions before the first is answered.
// So which answers are asked for is a function of the job and the votes, not of time or threads.
type builder struct {
	job        Job
	cfg        judge.Config    // complete: the writer stands at place writer, the judge at reader
	write      *judge.Template // blocks question, answer, rewrite
	judge      *judge.Template // block part
	values     []*Value        // those asked for, in the decomposition's order
	known      *Decomposition
	pool       []interview.Persona // roles are drawn from it, for each question its own
	statements []statement         // or questions from the start
	questions  []Question
	identities []string // of the voters, as JSON
	failed     []Failure
}

// Build asks, and writes the folder. Every answer is in the votes file first: the same job goes on after a stop, asks
// nothing twice and ends with the same bytes.
func Build(ctx context.Context, j Job) (*Stats, error) {
	b, err := newBuilder(j)
	if err != nil {
		return nil, err
	}
	if b.cfg, err = b.cfg.Open(ctx); err != nil {
		return nil, err
	}
	defer b.cfg.Close()
	for _, id := range b.cfg.Identities() {
		b.identities = append(b.identities, compact(id))
	}
	run, err := runOf(b.cfg)
	if err != nil {
		return nil, err
	}
	if stop, err := b.forecast(ctx, run); err != nil || stop {
		return nil, err
	}
	return b.ask(ctx, run)
}

// runOf is the run that a folder's answers are kept in. What they depend on beside the voters is in their prompts.
func runOf(cfg judge.Config) (judge.Run, error) {
	return judge.NewRun("vcai", map[string]any{"voters": cfg.Identities()})
}

// newBuilder reads all that the job names, and refuses what could not work, before a model is loaded.
func newBuilder(j Job) (*builder, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	cfg, err := j.Config.complete(Writer, Judge)
	if err != nil {
		return nil, err
	}
	b := &builder{job: j, cfg: cfg.Config}
	if b.known, err = ReadDecomposition(j.Decomposition, j.Known); err != nil {
		return nil, err
	}
	if b.values, err = b.known.Select(j.Values); err != nil {
		return nil, err
	}
	if j.Questions != "" {
		b.questions, err = readQuestions(j.Questions, b.known, b.values)
	} else {
		b.statements, err = readStatements(j.Statements, j.Known, b.values, j.Number, j.Seed)
	}
	if err != nil {
		return nil, err
	}
	slots, err := interview.ReadSlots(j.Slots)
	if err != nil {
		return nil, err
	}
	if b.pool, err = slots.Judges(pool, j.Seed); err != nil {
		return nil, fault.Usage(err)
	}
	if b.write, err = prompts.Load(b.cfg.Voters[writer].Prompt); err == nil {
		b.judge, err = prompts.Load(b.cfg.Voters[reader].Prompt)
	}
	return b, err
}

// mostRewrites is twenty times the paper's: more can only be a slip.
const mostRewrites = 10_000

func (j Job) check() error {
	switch {
	case (j.Questions == "") == (j.Statements == ""):
		return usage("give --questions or --statements, one of them")
	case j.Questions != "" && j.Number != 0:
		return usage("--number is of --statements: a file of questions is answered whole")
	case j.Number < 0:
		return usage("--number %d: want 1 or more, or 0 for all", j.Number)
	case len(j.Levels) == 0:
		return usage("no level is asked for")
	case j.Roles < 1 || j.Roles > pool:
		return usage("--roles %d: want 1 to %d", j.Roles, pool)
	case !(j.Near >= 0) || math.IsInf(j.Near, 1):
		return usage("--near %v: want 0 or more", j.Near)
	case j.Rewrites < 0 || j.Rewrites > mostRewrites:
		return usage("--rewrites %d: want 0 to %d", j.Rewrites, mostRewrites)
	case j.Retry != Rewrite && j.Retry != Resample:
		return usage("--retry %q: want %s or %s", j.Retry, Rewrite, Resample)
	case j.Aggregate != All && j.Aggregate != Touched:
		return usage("--aggregate %q: want %s or %s", j.Aggregate, All, Touched)
	}
	return nil
}

// roles are drawn for a question, the same for its levels and attempts: otherwise two degrees would differ because
// their judges do.
func (b *builder) roles(q *Question) (out []interview.Persona) {
	for _, at := range ranking.Stream("vcai roles", b.job.Seed, q.ID).Perm(len(b.pool))[:b.job.Roles] {
		out = append(out, b.pool[at])
	}
	return out
}

// ask runs the searches and writes what came of them.
func (b *builder) ask(ctx context.Context, run judge.Run) (*Stats, error) {
	if err := fsutil.MakeFolders(b.job.Out); err != nil {
		return nil, fsutil.Classify(err, b.job.Out)
	}
	if err := b.begin(run); err != nil {
		return nil, err
	}
	store, err := judge.Open(filepath.Join(b.job.Out, VotesFile))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, b.cfg, run, store)
	if err != nil {
		return nil, err
	}
	rows, err := b.all(ctx, asked)
	if err != nil {
		return nil, judge.Resumable(err)
	}
	if err := b.writeRows(rows); err != nil {
		return nil, err
	}
	now := b.about(run)
	now.Finished = true
	if err := b.writeAbout(now); err != nil {
		return nil, err
	}
	stats := statsOf(rows, b.failed)
	return stats, writePage(b.job.Out, stats, readQuality(b.job.Out))
}

// all makes the questions, and answers each at each level. Rows come in the order of questions and levels, whatever
// the order in which they were found.
func (b *builder) all(ctx context.Context, asked *judge.Judge) ([]Row, error) {
	if b.statements != nil {
		bar := cli.NewProgress("questions", "statements", int64(len(b.statements)), 0)
		err := b.askQuestions(ctx, asked, b.statements, counting(bar, asked))
		bar.Close()
		if err != nil {
			return nil, err
		}
	}
	levels := b.job.Levels
	found := make([]*Row, len(b.questions)*len(levels))
	failed := make([]*Failure, len(found))
	bar := cli.NewProgress("vcai build", "answers", int64(len(found)), 0)
	defer bar.Close()
	err := asked.Each(len(found), func(i int, t *judge.Turn) (err error) {
		q := &b.questions[i/len(levels)]
		s := &search{b: b, turn: t, q: q, level: levels[i%len(levels)], roles: b.roles(q)}
		if found[i], failed[i], err = s.run(ctx); err != nil {
			return fmt.Errorf("question %s, level %s: %w", q.ID, s.level, err)
		}
		return nil
	}, counting(bar, asked))
	var rows []Row
	for i := range found {
		if found[i] != nil {
			rows = append(rows, *found[i])
		}
		if failed[i] != nil {
			b.failed = append(b.failed, *failed[i])
		}
	}
	return rows, err
}

// counting moves a bar by one item. In a run that goes on, items whose answers are stored count as replayed, so that
// the time left is a matter of the others.
func counting(bar *cli.Progress, asked *judge.Judge) func(bool) {
	return func(anybody bool) {
		bar.Suffix(asked.Spent())
		if anybody {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	}
}
