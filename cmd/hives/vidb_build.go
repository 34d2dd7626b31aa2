package main

import (
	"errors"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/vidb"
)

// vidbBuild is hives vidb build: the job, and the flags that have a form of their own.
type vidbBuild struct {
	job    vidb.BuildJob
	config cli.ConfigFlags
	fit    fitFlags
	asJSON bool
}

// vidbBuildCommand has windows answered.
//
//	work      vidb.Build of package vidb, which asks through internal/judge
//	reads     --vidb, pools; --config, judges and endpoints
//	writes    --db, every answer; at the end --vidb
//	refuses   calls that nobody agreed to pay for; a pool whose value has another definition by now
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func vidbBuildCommand() *cobra.Command {
	b := vidbBuild{job: vidb.BuildJob{Design: vidb.DefaultDesign()}}
	c := &cobra.Command{
		Use:   "build --vidb vidb.db (--judge annotations | --config judges.toml --db votes.db)",
		Short: "Have windows of texts put into order, and score the texts",
		Long: `Which of these texts supports the value more? The command draws windows of texts from each value's pool, has
them put into order, and computes the scores.

The judges are the voters of --config: language models. The command first prints what the calls would take. It goes on
if the budget of the configuration bears that, or with --yes. Every answer is stored in --db before it counts. A run
may be stopped by a signal, by an endpoint that fails or by its budget; the same command goes on and asks nothing
twice. A judge of whose first 200 answers more than a fifth cannot be used ends the run.

--judge annotations takes the orders from people's own grades, which the pool keeps. No model is asked. A text is
drawn against others, and of each text one person's grade is drawn: the higher one wins, equal ones tie.`,
		Example: `  # what would it take?
  hives vidb build --vidb vidb.db --config judges.toml --db votes.db --dry-run

  # ask
  hives vidb build --vidb vidb.db --config judges.toml --db votes.db --yes

  # by people's grades alone
  hives vidb build --vidb vidb.db --judge annotations --ties half`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return b.run(c) },
	}
	b.register(c)
	return c
}

// register adds the flags: of what is asked, of the windows, and those that a fit has too.
func (b *vidbBuild) register(c *cobra.Command) {
	j := &b.job
	vidbFlag(c, &j.Path, &j.Values)
	f := c.Flags()
	b.config.Register(f)
	f.StringVar(&j.Votes, "db", "", "votes file, created where there is none")
	f.StringVar(&j.Judge, "judge", "", "annotations: people's own grades in place of the judges of --config")
	f.StringVar(&j.Format, "format", vidb.FormatBinary, "binary: which of two; default: an order; oneshot: with an "+
		"example")
	f.StringVar(&j.Wording, "wording", vidb.WordingOurs, "ours, or paper: numbers in place of letters, for comparison")
	f.IntVar(&j.Design.K, "k", j.Design.K, "texts of a window")
	f.IntVar(&j.Design.M, "m", j.Design.M, "windows that each text is drawn for")
	f.StringVar(&j.Design.Pairing, "pairing", j.Design.Pairing, "uniform, matching or active")
	f.StringVar(&j.Design.Order, "order", j.Design.Order, "balanced: a text stands at each place alike often; random")
	f.StringVar(&j.Design.Rotation, "judges", j.Design.Rotation, "rotate: a window goes to one judge; all: to every judge")
	f.StringVar(&j.PriorVectors, "prior-vectors", "", "vectors of the pool's texts (.npy), for --pairing active")
	f.Float64Var(&j.Design.Overlap, "overlap", j.Design.Overlap, "share of windows that all judges get, in both orders")
	f.Uint64Var(&j.Design.Seed, "seed", 0, "seed of the windows")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in calls, tokens, money and hours, and ask nobody")
	b.fit.register(f)
	jsonFlag(c, &b.asJSON)
}

// run shows the values that were written also where others failed: a failure is told last, and decides the exit code.
func (b *vidbBuild) run(c *cobra.Command) error {
	cli.GoesOn(c.Context())
	var err error
	j := b.job
	j.Known, j.Out, j.Bar = known(c), beside(c, b.asJSON), callsBar
	if j.Fit, err = b.fit.options(); err != nil {
		return err
	}
	if j.Judge != "" && b.config.File != "" {
		return fault.Usage(fault.New(fault.Invalid, "--judge %s asks no model, and --config names some: give one of the two",
			j.Judge))
	}
	if j.Judge == "" {
		if j.Config, err = judges(c, b.config, "HIVES_VIDB"); err != nil {
			return err
		}
	}
	figures, failed := vidb.Build(c.Context(), j)
	if len(figures) == 0 {
		return failed
	}
	return errors.Join(printFigures(c, figures, b.asJSON), failed)
}
