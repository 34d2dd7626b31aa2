package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

func runsListCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "list DIR…", Short: "Print a line for each run at or below the folders", Args: cobra.MinimumNArgs(1),
		Long: `Looks for runs in the folders and below them and prints of each its id, stage, state, steps and newest figures,
the latest run first.`,
		Example: "  hives runs list runs\n  hives runs list out/demo/runs --json",
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.List(c.Context(), j, args)
		},
	}
	runsFlags(c, &j)
	return c
}
