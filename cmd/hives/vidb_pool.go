package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/fault"
	"hives/vidb"
)

// vidbPool is hives vidb pool.
type vidbPool struct {
	o                  vidb.PoolOptions
	values             []string
	out, dedupe, texts string
	force, asJSON      bool
}

// vidbPoolCommand draws pools and freezes them.
//
//	work      vidb.Pools of package vidb
//	reads     --rows, all files of them
//	writes    --out: the values that are named; other values of the file stay
//	refuses   a bad row, --out or --texts that is a file of the others, a value named twice; another pool than a value
//	          was built on, unless --force
//	Ctrl-C    --out stays as it was
//
// Why frozen? Scores compare the texts of one pool with each other. A text more would be a text that never met the
// others.
func vidbPoolCommand() *cobra.Command {
	var p vidbPool
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
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c) },
	}
	f := c.Flags()
	f.StringSliceVar(&p.o.Rows, "rows", nil, "files of rows (.parquet or .csv)")
	f.StringSliceVar(&p.values, "value", nil, "value_id, such as mft/care-harm; several are parted by commas")
	f.StringVar(&p.out, "out", "", "database to write; its other values stay")
	f.StringVar(&p.texts, "texts", "", "also write the pool of one value as lines that hives embed reads (.jsonl)")
	f.IntVar(&p.o.Size, "size", vidb.DefaultPool, "texts of the pool")
	f.IntVar(&p.o.MaxChars, "max-chars", vidb.DefaultMaxChars, "longer texts are left out")
	f.StringVar(&p.dedupe, "dedupe", "text_id", "which texts are one: of the same text_id, or exact for the same bytes")
	f.Uint64Var(&p.o.Seed, "seed", 0, "seed of the draws")
	f.BoolVar(&p.force, "force", false, "replace a pool that was built on")
	jsonFlag(c, &p.asJSON)
	required(c, "rows", "value", "out")
	return c
}

// run draws all values or none: the file is written once, at the end.
func (p *vidbPool) run(c *cobra.Command) error {
	// Before any file is read.
	if p.dedupe != "text_id" && p.dedupe != "exact" {
		return fault.Usage(fault.New(fault.Invalid, "--dedupe %q: want text_id or exact", p.dedupe))
	}
	p.o.Theories = known(c)
	p.o.Exact = p.dedupe == "exact"
	if err := errors.Join(spare(p.out, p.o.Rows...), spare(p.texts, append([]string{p.out}, p.o.Rows...)...)); err != nil {
		return err
	}
	if err := (places{known: p.o.Theories, rows: p.o.Rows, files: []string{p.out, p.texts}}).check(); err != nil {
		return err
	}
	drawn, err := vidb.Pools(p.out, p.o, p.values, p.force)
	if err == nil && p.texts != "" {
		err = vidb.WriteTexts(p.texts, p.out, p.values, p.o.Theories)
	}
	if err != nil {
		return err
	}
	if p.asJSON {
		return printJSON(c.OutOrStdout(), drawn)
	}
	for _, v := range drawn {
		v.Pool.Write(c.OutOrStdout(), v.ValueID)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "→ %s\n", p.out)
	return err
}
