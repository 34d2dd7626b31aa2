package main

import (
	"cmp"
	"errors"

	"github.com/spf13/cobra"

	"hives/internal/answers"
	"hives/internal/cli"
)

// vcaiQualityCommand measures whether answers have the degree that was asked for.
//
//	work      answers.MeasureQuality of internal/answers, which asks through internal/judge
//	reads     --in: mlvalues.parquet, votes.db with people's decisions; --config
//	writes    --in: votes.db with every answer, what waits for people, quality.json, report.html
//	refuses   calls that nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func vcaiQualityCommand() *cobra.Command {
	var j answers.QualityJob
	var models writerAndJudge
	var asJSON bool
	c := &cobra.Command{
		Use:   "quality --in DIR (--judge-model DIR | --config FILE | --people N)",
		Short: "Say whether a judge, and people, find the level that each answer was made for",
		Long: `Do the answers have the degree that was asked for? A judge who has not made them reads each answer and says its
level; the pass rate is the share that is right, .2 by chance. It also puts the five answers to a question into order;
Kendall's τ says how far the order follows the levels. With five answers p is .017 for the perfect order and .083 after
one swap, so a mean p is printed and means little. The p of all questions together does.

--people N puts the answers to N questions up for hives review, without their levels. The command that is run again
after people have decided counts them, and holds the judge to them: over 100 decisions Cohen's κ must be .6. Until then
the first line says that the judge is not checked. Without a judge the command counts people alone.`,
		Example: `  hives vcai quality --in out/vcai/run --config two.toml --people 20
  hives review --db out/vcai/run/votes.db
  hives vcai quality --in out/vcai/run --config two.toml

  # a model on this machine
  hives vcai quality --in out/vcai/try --judge-model out/SmolLM2-135M-Instruct`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			if models.file.File != "" || models.model != "" || models.judge != "" {
				var err error
				if j.Config, err = models.config(c); err != nil {
					return err
				}
			}
			j.Known, j.Stdout = known(c), c.OutOrStdout()
			q, err := answers.MeasureQuality(c.Context(), j)
			switch {
			case err != nil || q == nil:
				return err
			case asJSON:
				err = printJSON(c.OutOrStdout(), q)
			default:
				err = errors.Join(q.Write(c.OutOrStdout()), printPage(c, j.In))
			}
			return cmp.Or(err, q.Nothing())
		},
	}
	f := c.Flags()
	f.StringVar(&j.In, "in", "", "folder of hives vcai build")
	models.register(c)
	decompositionFlag(c, &j.Decomposition)
	f.IntVar(&j.Number, "number", 0, "questions to measure, drawn by --seed; 0: all")
	f.IntVar(&j.People, "people", 0, "questions whose answers are put up for hives review")
	f.Uint64Var(&j.Seed, "seed", 0, "seed of draws, orders and intervals")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
	jsonFlag(c, &asJSON)
	required(c, "in")
	return c
}
