package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

func runsShowCommand() *cobra.Command {
	var j runs.Job
	c := &cobra.Command{
		Use: "show RUN", Short: "Print settings, newest figures, checkpoints and curves of a run", Args: cobra.ExactArgs(1),
		Long: `Shows a run, named by its folder or by the beginning of its id below --in: the settings that are not the defaults,
its newest figures, its checkpoints, and its curves as rows of bars. With --html it draws them on a page.`,
		Example: "  hives runs show runs/stage1 --html stage1.html\n  hives runs show 3f2a --in runs",
		RunE: func(c *cobra.Command, args []string) error {
			j.Stdout = c.OutOrStdout()
			return runs.Show(c.Context(), j, args[0])
		},
	}
	runFlags(c, &j)
	return c
}
