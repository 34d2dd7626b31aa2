package main

import (
	"github.com/spf13/cobra"

	"hives/internal/interview"
)

// questionnaireScoreCommand computes a run's figures again from what is stored.
//
//	work      interview.Score of internal/interview
//	reads     a folder of questionnaire run: run.json, inventory.json, personas.json, answers.parquet
//	writes    scores.json, matrices.json, report.html in it
//	refuses   a run that has not ended, files of several runs
//	Ctrl-C    each file is replaced as a whole or not at all
func questionnaireScoreCommand() *cobra.Command {
	ties := interview.Soft
	var asJSON bool
	c := &cobra.Command{
		Use:   "score DIR",
		Short: "Compute a questionnaire's scores again, without asking",
		Long: `What would a questionnaire say if votes were counted by another rule? The command computes scores,
correlations and the page of a finished run again, from its stored answers. Nobody is asked. --ties takes another rule
for options with equally many votes.`,
		Example: `  hives questionnaire score out/questionnaire/base --ties middle`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := interview.Score(args[0], ties)
			switch {
			case err != nil:
				return err
			case asJSON:
				return printJSON(c.OutOrStdout(), r)
			}
			return printInterview(c, args[0], r)
		},
	}
	c.Flags().StringVar(&ties, "ties", ties, tiesUsage)
	jsonFlag(c, &asJSON)
	return c
}
