package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

// runsCompareCommand, like the two others, only translates flags: package runs does the work. Settings that are
// alike are left out: the few that differ are what is looked for.
func runsCompareCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "compare RUN RUN…", Short: "Print the settings that differ and the figures of runs side by side",
		Args: cobra.MinimumNArgs(2),
		Long: `In what do two runs differ, and which does better? The command takes two or more runs. ` +
			`Name each by its folder, or by
the beginning of its id below --in. It prints the settings in which they differ and their newest figures. With --html
it also draws their curves over each other.`,
		Example: `  hives runs compare out/demo/runs/after out/demo/runs/control \
      --html compare.html`,
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.Compare(c.Context(), j, args)
		},
	}
	runFlags(c, &j)
	return c
}
