package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/internal/answers"
	"hives/internal/fault"
)

// vcaiExportCommand writes rows to train on.
//
//	work      answers.Export of internal/answers
//	reads     --in: mlvalues.parquet; --decomposition, for the names of values
//	writes    --out, JSON Lines as train --stage=sft reads them
//	refuses   several levels without a condition; a value that has no answer at the level
//	Ctrl-C    --out stays as it was
func vcaiExportCommand() *cobra.Command {
	j := answers.DefaultExport()
	fractions := j.Split.Fractions[:]
	var levels []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "export-sft --in DIR --level +2 --out FILE",
		Short: "Write the answers of a level as rows for train --stage=sft",
		Long: `How do answers become a model? The command writes those of one level as a file for train --stage=sft: one
value makes an expert, several make a hybrid set, shuffled by --seed. --balance equal gives each value as many questions
as the value with the fewest.

Questions are split by group and text, and the split does not hang on level or values: an expert for +2 and one for -2
hold out the same questions. Held-out parts also have the answers of the opposite level, so that a validation can
compare the two. No row of that level is trained on.

With --condition system each row says value and level in its system message. One model then learns several levels.`,
		Example: `  # an expert for benevolence, and a hybrid set of all values
  hives vcai export-sft --in out/vcai/run --level +2 --values benevolence \
      --out benevolence.jsonl
  hives vcai export-sft --in out/vcai/run --level +2 --balance equal \
      --out hybrid.jsonl

  # one model for all levels
  hives vcai export-sft --in out/vcai/run --level all --condition system \
      --out all.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(fractions) != data.NumParts {
				return fault.Usage(fault.New(fault.Invalid, "--fractions needs %d numbers, has %d", data.NumParts,
					len(fractions)))
			}
			copy(j.Split.Fractions[:], fractions)
			var err error
			if j.Levels, err = answers.ParseLevels(levels); err != nil {
				return err
			}
			j.Known = known(c)
			out, err := answers.Export(j)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), out)
			}
			if err := out.Write(c.OutOrStdout()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "→", j.Out)
			return err
		},
	}
	registerExport(c, &j, &levels, &fractions)
	jsonFlag(c, &asJSON)
	required(c, "in", "level", "out")
	return c
}

// registerExport adds what is taken, and how it is divided.
func registerExport(c *cobra.Command, j *answers.ExportJob, levels *[]string, fractions *[]float64) {
	f := c.Flags()
	f.StringVar(&j.In, "in", "", "folder of hives vcai build, or its file of answers")
	f.StringVar(&j.Out, "out", "", "file of rows to write (.jsonl)")
	f.StringSliceVar(levels, "level", nil, "level to train on, -2 to +2; with --condition system several, or all")
	decompositionFlags(c, &j.Decomposition, &j.Values)
	f.StringVar(&j.Condition, "condition", j.Condition, "none, or system: a message that says value and level")
	f.StringVar(&j.Balance, "balance", j.Balance, "none, or equal: each value has as many questions to train on")
	f.Float64SliceVar(fractions, "fractions", *fractions, "shares of train, validation and test, with commas between them")
	f.Uint64Var(&j.Split.Seed, "seed", 0, "seed of split, balance and order")
}
