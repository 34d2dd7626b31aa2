package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
)

// configCommand prints the effective configuration. It is how one asks "which of four places won?" before a run of
// weeks begins.
//
//	work      load, as a run calls it: what is printed is what would run
//	writes    standard output, TOML that --config reads
//	refuses   what load refuses; it opens no engine and looks at no rows
//
// The settings are not checked against their domains here: who looks for a mistake must see it.
func configCommand(o *options) *cobra.Command {
	parent := &cobra.Command{
		Use: "config", Short: "Look at the settings of a run",
		Long: `Which settings would a run have? Settings come from the defaults, --config FILE, the environment,
--set and the named flags, each over the one before. "train config show" prints what comes out. It
takes the same flags as train itself.`,
		Example: "  train config show --origin --config configs/stage1.toml",
	}
	var origin bool
	show := &cobra.Command{
		Use: "show", Short: "Print the effective settings as TOML", Args: cobra.NoArgs,
		Long: `What would a run do with this command line? The command prints every setting as TOML. The output can
be given to --config. With --origin each line says where its value came from. With --resume and
--out it shows the settings of a run that was begun.`,
		Example: "  train config show --origin --config configs/stage1.toml --set loss.temperature=0.07",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, origins, err := load(cmd.Flags(), o)
			if err != nil {
				return err
			}
			if origin {
				return cli.PrintOrigins(cmd.OutOrStdout(), cfg, origins)
			}
			raw, err := cli.EncodeTOML(cfg)
			if err == nil {
				_, err = cmd.OutOrStdout().Write(raw)
			}
			return err
		},
	}
	show.Flags().BoolVar(&origin, "origin", false, "say of each setting where its value came from")
	parent.AddCommand(show)
	return parent
}
