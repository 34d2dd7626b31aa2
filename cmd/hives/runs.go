package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

// runsCommand looks at folders that train made.
func runsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "runs", Short: "List, show and compare training runs", Args: cobra.NoArgs,
		Long: `What became of my training runs? These commands read the folders that train --out made, also while a run ` +
			`is under way.
"list" prints a line for each run, "show" one run in full, "compare" several side by side.

What was read is kept in an SQLite file, so that the next look reads only what is new. The file is runs.db in the
scanned folder, or what --db names. It holds nothing of its own and may be removed. See docs/RUNS.md for the figures.`,
		Example: `  hives runs list runs
  hives runs show runs/stage1
  hives runs compare runs/stage1 runs/control`,
	}
	c.AddCommand(runsListCommand(), runsShowCommand(), runsCompareCommand())
	return c
}

// runsFlags are those of all three; runs are named by folder, or by id in --in.
func runsFlags(c *cobra.Command, j *runs.Job) {
	c.Flags().StringVar(&j.DB, "db", "", "SQLite file of what was read (default: runs.db in the first folder of runs)")
	jsonFlag(c, &j.JSON)
}

// runFlags are for the two commands that name runs.
func runFlags(c *cobra.Command, j *runs.Job) {
	runsFlags(c, j)
	c.Flags().StringVar(&j.In, "in", ".", "folder below which a run named by the beginning of its id lies")
	c.Flags().StringVar(&j.Page, "html", "", "also write a self-contained page of tables and curves to this file")
}
