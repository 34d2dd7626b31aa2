package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/data/card"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// cardCommand sums up a file of rows: sources, licences, directions, hashes. With --out the card goes to the file
// and a line to standard output; without it the card itself does.
//
//	work      card.Describe of data/card
//	reads     a file of rows, twice: for its counts and for its hash
//	writes    --out, Markdown; else standard output
//	refuses   --out that is the file of rows or one of --imports; an account that names no corpus
//	Ctrl-C    --out stays as it was
//
// A card holds counts, names and hashes and no text, so it may be shared where the rows may not.
func cardCommand() *cobra.Command {
	var out string
	var imports []string
	var skipBad, asJSON bool
	cmd := &cobra.Command{
		Use:   "card FILE",
		Short: "Sum up sources, licences, directions and hashes of a file of rows",
		Long: `Where do these rows come from, and under which terms? ` +
			`The card names the sources of a file of rows and their licences.
It counts directions and lists hashes. The same file gives the same card, byte for byte.

With --imports the card also says what the importers left out. It reads that from the output of hives import --json.`,
		Example: `  hives data card rows.parquet

  # with the account of the importer
  hives import mfrc --in mfrc --out rows.parquet --json > import.json
  hives data card rows.parquet --imports import.json --out card.md`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.Usage(fault.New(fault.Invalid, "card: name a file of rows"))
			}
			if err := spare(out, append(imports, args[0])...); err != nil {
				return fmt.Errorf("card: %w", err)
			}
			// Accounts are small and come first: a wrong one is said before a large file is read twice.
			accounts, err := card.ReadImports(imports)
			if err != nil {
				return fmt.Errorf("card: %w", err)
			}
			// The hash is of the file's bytes, the digests of corpora are of their rows: a card tells both.
			c, err := card.Describe(args[0], data.ReadOptions{SkipBad: skipBad, Theories: known(cmd)}, accounts)
			if err != nil {
				return fmt.Errorf("card: %w", err)
			}
			if out != "" {
				// Whole or not at all, as every file of these programs.
				if err := fsutil.WriteFile(out, func(w io.Writer) error { return c.WriteMarkdown(w) }); err != nil {
					return err
				}
			}
			// Markdown on standard output is the default, since a card is to be read.
			switch {
			case asJSON:
				return printJSON(cmd.OutOrStdout(), c)
			case out != "":
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows of %d corpora\n", out, c.Rows, len(c.Corpora))
				return nil
			}
			return c.WriteMarkdown(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the card to this file, in Markdown")
	cmd.Flags().StringArrayVar(&imports, "imports", nil, "file with what hives import --json printed (may be repeated)")
	skipBadFlag(cmd, &skipBad)
	jsonFlag(cmd, &asJSON)
	cli.TakesStdin(cmd, ".csv", "")
	return cmd
}
