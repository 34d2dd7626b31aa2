package main

import (
	"github.com/spf13/cobra"

	"hives/data/theories"
)

// theoriesCommand prints the value theories, and holds what belongs to them.
func theoriesCommand() *cobra.Command {
	var o theories.ListOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "theories",
		Short: "Print the value theories, their definitions and the 32 target values",
		Long: `Prints the trees of the four theories (svt, mft, duty, right) and of those added by file. A value that
stands under two parents is shown under both, and says which one rows carry.

An own theory is one TOML file (docs/THEORIES.md). Add it to any command with --theories FILE, or to every
program with the environment variable ` + theories.EnvFiles + `.`,
		Example: `  hives theories --theory svt --definitions
  hives theories --targets

  # check a theory of one's own
  hives theories --theories craft.toml --theory craft`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := theories.List(o)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			return list.WriteText(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Theories, "theory", nil, "theory to print (may be repeated; default all)")
	flags.BoolVar(&o.Definitions, "definitions", false, "with each value's definition and the works it rests on")
	flags.BoolVar(&o.Targets, "targets", false, "print the 32 target values of the published evaluation alone")
	jsonFlag(cmd, &asJSON)
	cmd.AddCommand(inventoryCommand())
	return cmd
}

// ownTheories lets every command of root accept theories added by file, before it reads any rows.
func ownTheories(root *cobra.Command) {
	var paths []string
	root.PersistentFlags().StringArrayVar(&paths, "theories", nil,
		"file of a theory of one's own (TOML; may be repeated; also "+theories.EnvFiles+")")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return theories.RegisterFiles(paths...) }
}
