package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hives/internal/audit/figures"
	"hives/internal/embedder"
	"hives/internal/fsutil"
)

// steerGainCommand computes what a run's answers show.
//
//	work      figures.Job of internal/audit/figures
//	reads     DIR/record.db, which hives steer run wrote; --embedder, a model that embeds
//	writes    DIR/figures.json, gains.csv, report.html, model-card.md, which take their places together
//	refuses   a folder without a whole record
//	asks      nobody
func steerGainCommand() *cobra.Command {
	var g gainFlags
	c := &cobra.Command{
		Use:   "gain DIR",
		Short: "Say how far prompts moved a model's values, from a run's stored answers",
		Long: `How far did prompts move each value, and what of it is beyond noise? The command reads what hives steer run
stored and asks nobody. It prints the mean movement under each target with its error over queries, refusal rates, and
what prompts of several values did. A * marks a movement whose p stands among all that were looked at.

It writes a page with the answers behind every point, and the same as JSON, CSV and a section for a model card. With
--embedder it also compares queries that are near to a value with those that are far. See docs/AUDIT.md.

--fail-if NAME=N ends with exit code 1 and the reason, after all is written. The conditions are:

` + figures.LimitsHelp(false) + `

A condition fails only on what is beyond noise.`,
		Example: `  hives steer gain out/steer/smol
  hives steer gain out/steer/smol --embedder all-MiniLM-L6-v2 --json

  # in a pipeline: fail if the model refuses more than a tenth of plain queries
  hives steer gain out/steer/smol --fail-if refusals=.1`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return g.run(c, args[0]) },
	}
	g.register(c)
	return c
}

// gainFlags are those of figures of one run.
type gainFlags struct {
	embedder string
	failIf   []string
	asJSON   bool
}

func (g *gainFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&g.embedder, "embedder", "", "model folder: compare queries near to a value with those far away")
	c.Flags().StringSliceVar(&g.failIf, "fail-if", nil, "condition on which the exit code is 1, as in refusals=.1")
	jsonFlag(c, &g.asJSON)
}

// run computes and writes; a limit that is passed is told last, when all is there to be looked at.
func (g *gainFlags) run(c *cobra.Command, dir string) error {
	limits, err := figures.ParseLimits(g.failIf, false)
	if err != nil {
		return err
	}
	if err := fsutil.CheckWritableFolder(dir); err != nil {
		return err
	}
	j := figures.Job{Dir: dir, Known: known(c)}
	if g.embedder != "" {
		e, done, err := embedder.Open(c.Context(), embedder.Options{Model: g.embedder}, c.ErrOrStderr())
		if err != nil {
			return err
		}
		defer done()
		j.Embed = e
	}
	f, err := j.Run(c.Context())
	if err != nil {
		return err
	}
	if g.asJSON {
		return cmp.Or(printJSON(c.OutOrStdout(), f), f.Empty(), f.Fails(limits))
	}
	if err := f.WriteText(c.OutOrStdout()); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "\npage: %s\n", filepath.Join(dir, figures.PageFile))
	return cmp.Or(f.Empty(), f.Fails(limits))
}
