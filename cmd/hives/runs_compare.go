package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

func runsCompareCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "compare RUN RUN…", Short: "Settings that differ, figures side by side, curves over each other", Args: cobra.MinimumNArgs(2),
		Example: "  hives runs compare out/demo/runs/after out/demo/runs/control --html compare.html",
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.Compare(c.Context(), j, args)
		},
	}
	runFlags(c, &j)
	return c
}
