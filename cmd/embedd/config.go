package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
)

// configCommand prints the effective settings.
func configCommand(o *options) *cobra.Command {
	parent := &cobra.Command{
		Use: "config", Short: "Look at the daemon's settings",
		Long: `Settings come from defaults, --config FILE, the environment and the flags, each over the one before. "embedd config
show" prints what comes out, and takes the same flags as embedd itself.`,
		Example: "  embedd config show --origin --model out/demo/model",
	}
	var origin bool
	show := &cobra.Command{
		Use: "show", Short: "Print the effective settings as TOML", Args: cobra.NoArgs,
		Long: `Prints every setting as the daemon would have it, in the form of a file for --config. With --origin it says of
each where its value came from: a default, the file, a variable or a flag.`,
		Example: "  EMBEDD_MAX_TEXTS=64 embedd config show --origin --model out/demo/model",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, origins, err := o.load(c.Flags())
			if err != nil {
				return err
			}
			if origin {
				return cli.PrintOrigins(c.OutOrStdout(), cfg, origins)
			}
			raw, err := cli.EncodeTOML(cfg)
			if err == nil {
				_, err = c.OutOrStdout().Write(raw)
			}
			return err
		},
	}
	show.Flags().BoolVar(&origin, "origin", false, "say of each setting where its value came from")
	parent.AddCommand(show)
	return parent
}
