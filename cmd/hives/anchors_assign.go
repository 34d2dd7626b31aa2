package main

import (
	"github.com/spf13/cobra"

	"hives/internal/anchors"
	"hives/internal/cli"
	"hives/internal/embedder"
)

// anchorsAssignCommand writes theory_anchor into rows. The output may be the input: it is written beside it and
// renamed.
//
//	work      anchors.RunAssign of internal/anchors
//	reads     a bank, a model, rows
//	writes    --out: the same rows with theory_anchor set; an account on standard output
//	refuses   a model that did not make the bank, a bank without centres (one of individual anchors), limits
//	          below zero
//	Ctrl-C    --out stays as it was
//
// Why two limits? A text far from every anchor belongs to none. A text between two anchors would be given to one of
// them by chance: the next embedder would decide otherwise. What each limit costs in coverage stands in
// docs/ANCHORS.md.
func anchorsAssignCommand() *cobra.Command {
	j := anchors.AssignJob{Limits: anchors.DefaultLimits()}
	var e embedder.Options
	c := &cobra.Command{
		Use:   "assign --anchors anchors.parquet --model DIR --in FILE --out FILE",
		Short: "Write the nearest anchor of each row's text into theory_anchor",
		Long: `Which anchor is nearest to each row's text? The command embeds the texts and writes the id of the ` +
			`nearest anchor into
the column theory_anchor. It writes -1 where no anchor is near enough.

An anchor is near enough if two things hold. Its distance is at most --max-distance. It leads the second nearest anchor
by at least --margin. Both limits are counted in spreads. A spread is the mean distance (1 − cosine) of two of the texts
that the bank was made from.

The model must be the one that made the anchors.`,
		Example: `  hives anchors assign --anchors anchors.parquet --model DIR \
      --in rows/train.parquet --out assigned.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// All paths are tried before the engine opens, --out among them: an hour of embedding must not end at a
			// folder that cannot be written.
			if err := (places{known: known(c), rows: []string{j.In}, read: []string{j.Bank},
				files: []string{j.Out}}).check(); err != nil {
				return err
			}
			enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
			if err != nil {
				return err
			}
			// Taken now and not when the command was made: with --out - standard output is another writer by then
			// (cli.TakesStdout).
			j.Stdout, j.Theories = c.OutOrStdout(), known(c)
			defer done()
			return anchors.RunAssign(c.Context(), enc, j)
		},
	}
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&j.Bank, "anchors", "", "bank that hives anchors build made")
	f.StringVar(&j.In, "in", "", "rows to read (.parquet or .csv)")
	f.StringVar(&j.Out, "out", "", "rows to write; may be the same file")
	f.Float64Var(&j.Limits.Margin, "margin", j.Limits.Margin,
		"how far the nearest anchor must lead the second nearest, in spreads")
	f.Float64Var(&j.Limits.MaxDistance, "max-distance", j.Limits.MaxDistance,
		"how far a text may be from its anchor, in spreads")
	jsonFlag(c, &j.JSON)
	required(c, "anchors", "in", "out")
	// These wrap RunE, so they come after it is set and after the flags that they name are there.
	cli.TakesStdin(c, ".csv", "in")
	cli.TakesStdout(c, "out", ".csv")
	return c
}
