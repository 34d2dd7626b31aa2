package main

import (
	"context"

	"github.com/spf13/cobra"

	"hives/data/theories"
)

// theoriesCommand prints the value theories, and holds what belongs to them.
//
//	work      Set.List of data/theories, with the theories of this command line (known)
//	reads     the built-in trees, and files of one's own
//	writes    standard output
//	refuses   a theory that is not there, a file of a theory that is no tree
//
// It is also how a theory of one's own is tried: a file that is wrong is refused here as it is everywhere, and
// nothing else is at stake.
func theoriesCommand() *cobra.Command {
	var o theories.ListOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "theories",
		Short: "Print the value theories, their definitions and the 32 target values",
		Long: `Which values are there, and what do they mean? The command prints the trees of the four theories: svt, mft,
duty and right. It prints those of theories added by file too. Some values stand under two parents. They are shown under
both, with a note that says which of the two rows carry.

A theory of your own is one TOML file. docs/THEORIES.md describes it. Any command takes it with --theories FILE. Every
program takes it from the environment variable ` + theories.EnvFiles + `.`,
		Example: `  hives theories --theory mft
  # → mft: moral foundations theory (foundation › virtue)
  # →   care/harm *
  # →     caring …

  # definitions; the 32 values of the published evaluation
  hives theories --theory svt --definitions
  hives theories --targets

  # check a theory of your own
  hives theories --theories craft.toml --theory craft`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := known(cmd).List(o)
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

// ownTheories lets every command of root accept theories added by file, before it reads any rows. It runs before
// every command (PersistentPreRunE), since rows of an unknown theory are refused when they are read. A command with
// a PersistentPreRunE of its own goes without; version and man have one, since they need no theories.
func ownTheories(root *cobra.Command) {
	var paths []string
	root.PersistentFlags().StringArrayVar(&paths, "theories", nil,
		"file of a theory of one's own (TOML; may be repeated; also "+theories.EnvFiles+")")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		// Files of the flag come beside those of the environment; a file that both name counts once.
		set, err := theories.Load(paths...)
		if err == nil {
			cmd.SetContext(context.WithValue(cmd.Context(), knownKey{}, set))
		}
		return err
	}
}

// knownKey is where the context of a command holds its theories.
type knownKey struct{}

// known is the theories of this command line: the four and those added by file. They go by way of the command, not of
// the program: two command lines in one process, as tests have them, may name unlike theories alike.
func known(cmd *cobra.Command) theories.Set {
	set, _ := cmd.Context().Value(knownKey{}).(theories.Set)
	return set
}
