package main

import (
	"github.com/spf13/cobra"

	"hives/internal/runs"
)

// runsCommand looks at folders that train made.
//
//	work      runs.List, runs.Show and runs.Compare of internal/runs
//	reads     run folders, also of runs that are under way; of a log only what is new
//	writes    --db, an index that may be removed; --html, a page. The runs themselves are never touched
//	Ctrl-C    the index keeps what was read
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

// runsFlags are those of all three; runs are named by folder, or by id in --in. The index lies beside the runs by
// default, so that two people who look at the same runs read them once.
func runsFlags(c *cobra.Command, j *runs.Job) {
	c.Flags().StringVar(&j.DB, "db", "", "SQLite file of what was read (default: runs.db in the first folder of runs)")
	jsonFlag(c, &j.JSON)
}

// runFlags are for the two commands that name runs. An id is a hash: its first digits are enough where they are
// unique below --in.
func runFlags(c *cobra.Command, j *runs.Job) {
	runsFlags(c, j)
	// The working directory by default, as paths of runs are mostly relative to it.
	c.Flags().StringVar(&j.In, "in", ".", "folder below which a run named by the beginning of its id lies")
	c.Flags().StringVar(&j.Page, "html", "", "also write a self-contained page of tables and curves to this file")
}
