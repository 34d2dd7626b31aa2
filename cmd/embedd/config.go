package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
)

// configCommand prints the effective settings. It takes embedd's own flags, so that "what would this command line
// do" is asked with that command line.
func configCommand(o *options) *cobra.Command {
	parent := &cobra.Command{
		Use: "config", Short: "Look at the daemon's settings",
		Long: `Which settings does the daemon have, and where do they come from? There are four sources: ` +
			`the defaults, the file of
--config, the environment and the flags. Each overrides the one before it. "embedd config show" prints the result. It
takes the same flags as embedd itself.`,
		Example: `  embedd config show --origin --model out/demo/model`,
	}
	// It opens nothing and checks no file: the settings of a machine can be looked at on another.
	var origin bool
	show := &cobra.Command{
		Use: "show", Short: "Print the effective settings as TOML", Args: cobra.NoArgs,
		Long: `What would the daemon do with this command line? The command prints every setting as TOML. ` +
			`The output can be given to
--config. With --origin each line says where its value came from: a default, the file, a variable or a flag.`,
		Example: `  EMBEDD_MAX_TEXTS=64 embedd config show --origin --model out/demo/model
  # → max_texts                                64         # EMBEDD_MAX_TEXTS`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, origins, err := o.load(c.Flags())
			if err != nil {
				return err
			}
			// PrintOrigins writes a table with comments behind, which is no TOML: it is for a person.
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
