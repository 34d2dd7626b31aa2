package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

// runsShowCommand prints one run in full: what was set, how it went, and where it can be gone on from.
func runsShowCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "show RUN", Short: "Print settings, newest figures, checkpoints and curves of a run",
		Args: cobra.ExactArgs(1),
		Long: `How did one run go? Name it by its folder, or by the beginning of its id below --in. ` +
			`The command prints the settings
that are not the defaults, the newest figures, the checkpoints, and the curves as rows of bars. With --html it draws
them on a page.`,
		Example: `  hives runs show runs/stage1 --html stage1.html
  hives runs show 3f2a --in runs`,
		RunE: func(c *cobra.Command, args []string) error {
			// Show is Compare with one run: the tables are the same with one column.
			j.Stdout = c.OutOrStdout()
			return runs.Show(c.Context(), j, args[0])
		},
	}
	runFlags(c, &j)
	return c
}
