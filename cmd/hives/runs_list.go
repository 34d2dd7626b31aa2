package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

// runsListCommand prints a table of all runs below some folders, the latest first: it is what is asked for after a
// night.
func runsListCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "list DIR…", Short: "Print a line for each run at or below the folders", Args: cobra.MinimumNArgs(1),
		Long: `Which runs are there, and how far are they? The command looks for runs in the folders and below them. ` +
			`For each it
prints the id, stage, state, steps and newest figures. The latest run comes first.`,
		Example: `  hives runs list runs
  hives runs list out/demo/runs --json`,
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.List(c.Context(), j, args)
		},
	}
	// The folders are arguments and not --in: list takes several.
	runsFlags(c, &j)
	return c
}
