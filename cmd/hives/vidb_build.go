package main

import (
	"github.com/spf13/cobra"

	"hives/vidb"
)

// vidbBuildCommand has windows answered.
//
//	work      vidb.Build of package vidb
//	reads     --vidb, with the pools that vidb pool drew
//	writes    the same file, once, when all values are done; standard output: the figures of each
//	refuses   windows that the design cannot fill, a judge that there is not, a pool on which nobody gave grades
//	Ctrl-C    the file stays as it was
//
// The design's defaults are the paper's: pairs, 30 windows a text, opponents at random.
func vidbBuildCommand() *cobra.Command {
	j := vidb.BuildJob{Design: vidb.DefaultDesign()}
	var flags fitFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "build --vidb vidb.db --judge annotations",
		Short: "Have windows of texts put into order, and score the texts",
		Long: `Which of these texts supports the value more? The command draws windows of texts from each value's pool, has
them put into order, and computes the scores.

--judge annotations takes the orders from people's own grades, which the pool keeps. No model is asked. A text is
drawn against others, and of each text one person's grade is drawn: the higher one wins, equal ones tie.`,
		Example: `  hives vidb build --vidb vidb.db --judge annotations
  hives vidb build --vidb vidb.db --value mft/care-harm --judge annotations \
      --m 10 --ties half`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			// Values are looked up in the trees of this command line: a definition belongs to the question.
			j.Known = known(c)
			if j.Fit, err = flags.options(); err != nil {
				return err
			}
			figures, err := vidb.Build(c.Context(), j)
			if err != nil {
				return err
			}
			return printFigures(c, figures, asJSON)
		},
	}
	vidbFlag(c, &j.Path, &j.Values)
	f := c.Flags()
	f.StringVar(&j.Judge, "judge", "", "annotations: people's own grades")
	// Defaults are those of vidb.DefaultDesign, the paper's.
	f.IntVar(&j.Design.K, "k", j.Design.K, "texts of a window")
	f.IntVar(&j.Design.M, "m", j.Design.M, "windows that each text is drawn for")
	f.StringVar(&j.Design.Pairing, "pairing", j.Design.Pairing, "uniform, matching or active")
	f.StringVar(&j.Design.Order, "order", j.Design.Order, "balanced: a text stands at each place alike often; random")
	f.Float64Var(&j.Design.Overlap, "overlap", j.Design.Overlap, "share of windows that all judges get, in both orders")
	f.Uint64Var(&j.Design.Seed, "seed", 0, "seed of the windows")
	flags.register(f)
	jsonFlag(c, &asJSON)
	return c
}
