package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/vidb"
)

// vidbExportCommand writes the tables of a database for other programs.
//
//	work      vidb.Export of package vidb
//	reads     --vidb
//	writes    --out, five files that take their places together
//	refuses   rows whose licence forbids handing them on, unless --licence-ok
//	Ctrl-C    files of an earlier export stay as they were
func vidbExportCommand() *cobra.Command {
	var path, out, form string
	var values []string
	var licenceOK bool
	c := &cobra.Command{
		Use:   "export --vidb vidb.db --out DIR",
		Short: "Write values as Parquet or CSV tables",
		Long: `How does another program read a database? The command writes its tables into a folder, a file each: about,
windows, rankings, scores and judges. Texts stand in scores. hives vidb import reads them back to the byte.

Some corpora forbid handing their texts on, and of some nobody said that it is allowed. Rows of such a licence are
refused. --licence-ok exports them for those who may have them.`,
		Example: `  hives vidb export --vidb vidb.db --out tables
  hives vidb export --vidb vidb.db --value mft/care-harm --format csv --out tables`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			names, err := vidb.Export(path, out, form, values, known(c), licenceOK)
			if err != nil {
				return err
			}
			for _, name := range names {
				fmt.Fprintln(c.OutOrStdout(), "→", name)
			}
			return nil
		},
	}
	vidbFlag(c, &path, &values)
	f := c.Flags()
	f.StringVar(&out, "out", "", "folder to write into, created where there is none")
	f.StringVar(&form, "format", vidb.Parquet, "parquet or csv")
	f.BoolVar(&licenceOK, "licence-ok", false, "export also rows whose licence forbids handing them on")
	required(c, "out")
	return c
}

// vidbImportCommand reads tables into a database.
//
//	work      vidb.Import and vidb.ImportAuthors of package vidb
//	reads     --in, or --authors, folders
//	writes    --out, whose other values stay
//	refuses   a table without one of its columns, a number that is no utility, with file and row
func vidbImportCommand() *cobra.Command {
	var in, authors, out string
	c := &cobra.Command{
		Use:   "import (--in DIR | --authors DIR) --out vidb.db",
		Short: "Read exported tables, or the files of the paper's authors",
		Long: `How does a database come from elsewhere? With --in the command reads the tables that hives vidb export wrote,
Parquet or CSV. It checks every hash and every number.

With --authors it reads the files that the paper's authors published, {value}_{theory}_flag_aggregated.csv. They hold
scores without utilities, so such a value serves as anchors by its scores alone.`,
		Example: `  hives vidb import --in tables --out vidb.db
  hives vidb import --authors published --out vidb.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			read, folder := vidb.Import, in
			if authors != "" {
				read, folder = vidb.ImportAuthors, authors
			}
			ids, err := read(folder, out, known(c))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d values → %s\n", len(ids), out)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&in, "in", "", "folder of exported tables")
	f.StringVar(&authors, "authors", "", "folder of the authors' files")
	f.StringVar(&out, "out", "", "database to write; its other values stay")
	c.MarkFlagsMutuallyExclusive("in", "authors")
	c.MarkFlagsOneRequired("in", "authors")
	required(c, "out")
	return c
}
