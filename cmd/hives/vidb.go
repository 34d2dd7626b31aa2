package main

import (
	"io"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/talk"
	"hives/vidb"
)

// Where to find what: a step is a file of its name, vidb_tables.go has export and import. What a step does is in
// package vidb; a command looks at paths, reads flags and makes one call.

// vidbCommand groups the steps of a value-intensity database. Each step is a function of package vidb, and each may
// be done again without the ones before it: orders are paid for once and fitted often.
func vidbCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vidb",
		Short: "Make and read a database of how strongly texts support values",
		Long: `How strongly does a text support a value? Asked for a number, judges answer on scales of their own. Asked
which of two texts supports a value more, they agree far better. So a value-intensity database (VIDB) is made of
orders.

"pool" draws the texts of a value from rows. "build" has windows of texts put into order, by language models or by
people's own grades. "fit" computes scores with errors from the stored orders and asks nobody. "check" has voters look
at each score. "show" prints a value. "export" and "import" carry values to and from other programs. See
docs/INTENSITY.md.`,
		Example: `  hives vidb pool --rows rows.parquet --value mft/care-harm --out vidb.db
  hives vidb build --vidb vidb.db --judge annotations
  hives vidb show --vidb vidb.db --value mft/care-harm`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	// In the order of the work.
	cmd.AddCommand(vidbPoolCommand(), vidbBuildCommand(), vidbFitCommand(), vidbCheckCommand(), vidbShowCommand(),
		vidbVectorsCommand(), vidbExportCommand(), vidbImportCommand())
	return cmd
}

// vidbFlag names the database, alike in all steps; values are all that it holds unless some are named.
func vidbFlag(c *cobra.Command, path *string, values *[]string) {
	c.Flags().StringVar(path, "vidb", "", "value-intensity database, which hives vidb pool begins")
	c.Flags().StringSliceVar(values, "value", nil, "value_id, such as mft/care-harm (default: every value of the file)")
	required(c, "vidb")
}

// named are the values to work on, in the order in which they were named or stand in the file.
func named(file *vidb.File, ids []string) []string {
	if len(ids) > 0 {
		return ids
	}
	for _, a := range file.Values {
		ids = append(ids, a.ValueID)
	}
	return ids
}

// judges are those that the file names, and --set, and variables that begin with prefix. They may lie on this machine.
func judges(c *cobra.Command, from cli.ConfigFlags, prefix string) (vidb.Config, error) {
	cfg, _, err := cli.Load(vidb.Defaults(), from.Sources(c.Flags(), prefix, nil))
	cfg.Opener = talk.Provide
	return cfg, err
}

// callsBar shows how many calls are answered.
func callsBar(label string, calls int64) vidb.Bar { return cli.NewProgress(label, "calls", calls, 0) }

// beside is where an estimate goes: standard output, unless that is to hold one JSON object.
func beside(c *cobra.Command, asJSON bool) io.Writer {
	if asJSON {
		return c.ErrOrStderr()
	}
	return c.OutOrStdout()
}
