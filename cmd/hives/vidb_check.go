package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/vidb"
)

// vidbCheckCommand has scores looked at.
//
//	work      vidb.Check of package vidb, which asks through internal/judge
//	reads     --vidb, scores; --config, voters and endpoints; --db, what people have decided
//	writes    --db, every answer, and the texts that wait for people; at the end --vidb
//	refuses   fewer than five voters; calls that nobody agreed to pay for
//	stops     as hives vidb build
func vidbCheckCommand() *cobra.Command {
	var j vidb.CheckJob
	var config cli.ConfigFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "check --vidb vidb.db --config voters.toml --db votes.db",
		Short: "Have voters look at each score, and blend in what people decide",
		Long: `Is each score plausible? The command asks every voter of --config, seven as a rule, whether a text's score is
plausible. A score that two voters doubt, or on which fewer than five give an answer, waits in --db for hives review.
Until people have decided it is no anchor.

Run the command again after the review. It asks nobody again. It blends what people said into the final score: half
the score and half their mean, or as --lambda says.`,
		Example: `  hives vidb check --vidb vidb.db --config voters.toml --db votes.db
  hives review --db votes.db
  hives vidb check --vidb vidb.db --config voters.toml --db votes.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			var err error
			j.Known, j.Out, j.Bar = known(c), beside(c, asJSON), callsBar
			if j.Config, err = judges(c, config, "HIVES_VIDB"); err != nil {
				return err
			}
			figures, err := vidb.Check(c.Context(), j)
			if err != nil {
				return err
			}
			return printFigures(c, figures, asJSON)
		},
	}
	vidbFlag(c, &j.Path, &j.Values)
	f := c.Flags()
	config.Register(f)
	f.StringVar(&j.Votes, "db", "", "votes file, in which the texts wait for people")
	f.Float64Var(&j.Lambda, "lambda", vidb.DefaultLambda, "weight of people in a final score, 0 to 1")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in calls, tokens and money, and ask nobody")
	jsonFlag(c, &asJSON)
	required(c, "config", "db")
	return c
}
