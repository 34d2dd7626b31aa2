package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

func runsListCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "list DIR…", Short: "A line for each run at or below the folders", Args: cobra.MinimumNArgs(1),
		Example: "  hives runs list runs\n  hives runs list out/demo/runs --json",
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.List(c.Context(), j, args)
		},
	}
	runsFlags(c, &j)
	return c
}
