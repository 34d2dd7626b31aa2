package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"hives/internal/audit/figures"
)

// auditCompareCommand holds two audits against each other.
//
//	work      figures.Drifted of internal/audit/figures
//	reads     two folders of hives audit or hives steer run
//	writes    standard output alone
//	refuses   audits that were made in two ways: other judges, windows, scales, prompts, or another temperature
//	asks      nobody
func auditCompareCommand() *cobra.Command {
	var failIf []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare BEFORE AFTER",
		Short: "Say what changed between two audits, query by query",
		Long: `Did a model change between two audits, or do two models differ? The command pairs the answers to the same
queries. It compares every value's level without steering, every movement under a prompt, and every refusal rate. Each
p is corrected for how many there are (Holm): the chance that any listed change is luck alone is at most .05.

Both audits must have been made in one way. Only the model may differ.

--fail-if NAME or NAME=N ends with exit code 1 and the reason. The conditions are:

` + figures.LimitsHelp(true) + `

A condition fails only on what is beyond noise.`,
		Example: `  hives audit compare out/audit/before out/audit/after
  hives audit compare out/audit/before out/audit/after --json

  # in a pipeline: fail if a value moved by half a unit or more, or any refusal rate changed
  hives audit compare out/audit/before out/audit/after \
      --fail-if drift=.5 --fail-if refusal-change`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			limits, err := figures.ParseLimits(failIf, true)
			if err != nil {
				return err
			}
			d, err := figures.Drifted(args[0], args[1])
			if err != nil {
				return err
			}
			if asJSON {
				return cmp.Or(printJSON(c.OutOrStdout(), d), d.Fails(limits))
			}
			return cmp.Or(d.WriteText(c.OutOrStdout()), d.Fails(limits))
		},
	}
	c.Flags().StringSliceVar(&failIf, "fail-if", nil, "condition on which the exit code is 1, as in drift=.5")
	jsonFlag(c, &asJSON)
	return c
}
