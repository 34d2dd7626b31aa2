package main

import (
	"github.com/spf13/cobra"

	"hives/internal/answers"
)

// vcaiValuesCommand prints what answers are judged by.
//
//	work      answers.ReadDecomposition of internal/answers
//	reads     --decomposition, in place of our own
//	writes    nothing but what it prints
//	refuses   a value without sub-values, an indicator that is missing
//	Ctrl-C    nothing is lost
func vcaiValuesCommand() *cobra.Command {
	var file string
	var names []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "values",
		Short: "Print the values and the parts that answers are judged by",
		Long: `By what is an answer found to agree with a value? A value has parts, and each part says what a text does that
agrees with it, and what one does that disagrees. The command prints them: our own ten values of Schwartz's theory
with 72 sub-values, or those of a file. --json prints the form that --decomposition takes, so a copy of ours can
be changed.`,
		Example: `  hives vcai values --values benevolence
  hives vcai values --json > mine.json
  hives vcai values --decomposition mine.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := answers.ReadDecomposition(file, known(c))
			if err != nil {
				return err
			}
			values, err := d.Select(names)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), d.Of(values))
			}
			return answers.Print(c.OutOrStdout(), values)
		},
	}
	decompositionFlags(c, &file, &names)
	jsonFlag(c, &asJSON)
	return c
}
