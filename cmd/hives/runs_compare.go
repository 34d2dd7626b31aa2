package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

func runsCompareCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "compare RUN RUN…", Short: "Print the settings that differ and the figures of runs side by side", Args: cobra.MinimumNArgs(2),
		Long: `Compares two or more runs, each named by its folder or by the beginning of its id below --in: the settings in which
they differ and their newest figures. With --html it draws their curves over each other.`,
		Example: "  hives runs compare out/demo/runs/after out/demo/runs/control --html compare.html",
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.Compare(c.Context(), j, args)
		},
	}
	runFlags(c, &j)
	return c
}
