package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/fault"
	"hives/vidb"
)

// vidbPoolCommand draws pools and freezes them.
//
//	work      vidb.Pools of package vidb
//	reads     --rows, all files of them
//	writes    --out: the values that are named; other values of the file stay
//	refuses   a bad row, --out that is one of --rows, another pool than a value was built on, unless --force
//	Ctrl-C    --out stays as it was
//
// Why frozen? Scores compare the texts of one pool with each other. A text more would be a text that never met the
// others.
func vidbPoolCommand() *cobra.Command {
	o := vidb.PoolOptions{}
	var values []string
	var out, dedupe, texts string
	var force, asJSON bool
	c := &cobra.Command{
		Use:   "pool --rows FILE --value ID --out vidb.db",
		Short: "Draw the texts of a value and freeze them",
		Long: `Which texts is a value measured on? The command takes the texts that a row of the value names. Where they are
fewer than --size, it fills up with other texts, so that supporting and opposing ones come out as equal as the rows
allow. It prints how many of each side it took.

The pool is frozen: it stands in the database under a hash, and every later step refuses another one. Grades that
people gave are kept beside the texts (hives import social-chem, moral-stories, mfrc).`,
		Example: `  hives vidb pool --rows rows.parquet --value mft/care-harm --out vidb.db
  hives vidb pool --rows a.parquet,b.parquet --value svt/openness-to-change/hedonism \
      --size 2000 --out vidb.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Before any file is read.
			if dedupe != "text_id" && dedupe != "exact" {
				return fault.Usage(fault.New(fault.Invalid, "--dedupe %q: want text_id or exact", dedupe))
			}
			o.Theories = known(c)
			o.Exact = dedupe == "exact"
			if err := (places{known: o.Theories, rows: o.Rows, files: []string{out, texts}}).check(); err != nil {
				return err
			}
			if err := spare(out, o.Rows...); err != nil {
				return err
			}
			// All values or none: the file is written once, at the end.
			drawn, err := vidb.Pools(out, o, values, force)
			if err == nil && texts != "" {
				err = vidb.WriteTexts(texts, out, values, o.Theories)
			}
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), drawn)
			}
			for _, v := range drawn {
				v.Pool.Write(c.OutOrStdout(), v.ValueID)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "→ %s\n", out)
			return err
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.Rows, "rows", nil, "files of rows (.parquet or .csv)")
	f.StringSliceVar(&values, "value", nil, "value_id, such as mft/care-harm; several are parted by commas")
	f.StringVar(&out, "out", "", "database to write; its other values stay")
	f.StringVar(&texts, "texts", "", "also write the pool of one value as lines that hives embed reads (.jsonl)")
	f.IntVar(&o.Size, "size", vidb.DefaultPool, "texts of the pool")
	f.IntVar(&o.MaxChars, "max-chars", vidb.DefaultMaxChars, "longer texts are left out")
	f.StringVar(&dedupe, "dedupe", "text_id", "which texts are one: of the same text_id, or exact for the same bytes")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the draws")
	f.BoolVar(&force, "force", false, "replace a pool that was built on")
	jsonFlag(c, &asJSON)
	required(c, "rows", "value", "out")
	return c
}
