package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/fault"
	"hives/values"
)

func vectorsBuildCommand() *cobra.Command {
	o := values.Defaults()
	var e embedder.Options
	var in, held, out string
	var banks []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "build --model DIR --data FILE --out values.db",
		Short: "Compute a vector for every value of every theory from annotated rows",
		Long: `Embeds the rows and writes a vector for every node of every theory: directional where corpora have rows
on both sides of a value, an unsigned prototype where it has other rows, unsupported where the validation rows
do not bear either out, absent without rows. With them go regressions that say of a text how probable it is
that it is about a value, and on which side it stands, calibrated on the validation rows, and a guard against
nonsense. embedd refuses the vectors of another model. The same rows, model and seed give the same bytes.
docs/VALUES.md.`,
		Example: `  hives vectors build --model out/demo/model --data out/demo/rows/train.parquet \
    --validation out/demo/rows/validation.parquet --out values.db
  hives vectors build --endpoint grpc://127.0.0.1:50051 --data train.parquet --out values.db
  embedd --model out/demo/model --vectors values.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return fault.Usage(err)
			}
			if err := spare(out, append(banks, in, held)...); err != nil {
				return err
			}
			anchors, err := values.ReadBanks(banks)
			if err != nil {
				return err
			}
			if err := (places{rows: []string{in, held}, files: []string{out}}).check(); err != nil {
				return err
			}
			enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
			if err != nil {
				return err
			}
			o.Log = func(format string, a ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", a...) }
			set, err := values.BuildFile(c.Context(), in, held, anchors, enc, o)
			done()
			if err != nil {
				return err
			}
			if err := set.Write(out); err != nil {
				return err
			}
			return showVectors(c, out, asJSON)
		},
	}
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&in, "data", "", "annotated rows, best those of training (.parquet or .csv)")
	f.StringVar(&held, "validation", "", "annotated rows that share no text and no group with those of --data: what vectors are held to and scores calibrated on (left out: a quarter of the groups of --data)")
	f.StringVar((*string)(&o.Sides), "sides", string(o.Sides), "where a signed vector's sides come from: within corpora, or pooled over them as in the paper")
	f.StringVar(&out, "out", "", "SQLite file to write")
	f.StringArrayVar(&banks, "anchors", []string{values.Inventory}, "bank of anchor sentences to embed too: a file, a folder of banks, 'inventory' for the built-in one, '' for none (may be repeated)")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of the resamples")
	f.IntVar(&o.Resamples, "resamples", o.Resamples, "draws of the rows' groups that spreads, weights and intervals are taken from")
	f.IntVar(&o.MinSide, "min-side", o.MinSide, "rows that each side of a directional vector needs, within corpora in one corpus")
	f.IntVar(&e.Dimensions, "dimensions", 0, "keep the first numbers of each vector and normalise again; 0 keeps all")
	jsonFlag(c, &asJSON)
	required(c, "data", "out")
	cli.TakesStdin(c, ".csv", "data", "validation")
	return c
}
