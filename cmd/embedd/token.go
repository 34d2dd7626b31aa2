package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/fault"
	"hives/internal/serve/secure"
)

// tokenCommand makes a bearer token.
func tokenCommand() *cobra.Command {
	var e secure.Entry
	cmd := &cobra.Command{
		Use: "token --name NAME", Short: "Make a token for --tokens-file", Args: cobra.NoArgs,
		Long: `token prints the line of a new token for the file of --tokens-file on standard output, and the token itself on
standard error, this once: the file holds its SHA-256 only. A running embedd reads the file again at SIGHUP.`,
		Example: "  embedd token --name evaluation --tokens-per-second 20000 --max-token-streams 4 >> tokens",
		RunE: func(c *cobra.Command, _ []string) error {
			token, line, err := secure.New(e)
			if err != nil {
				return fault.Usage(err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "%s\n", token)
			fmt.Fprintf(c.OutOrStdout(), "%s\n", line)
			return nil
		},
	}
	cmd.Flags().StringVar(&e.Name, "name", "", "who will have it: letters, digits, - _ and .; stands in figures and logs")
	cmd.Flags().Float64Var(&e.TokensPerSecond, "tokens-per-second", 0, "text tokens a second, 0 for no quota")
	cmd.Flags().IntVar(&e.Streams, "max-token-streams", 0, "streams that it may have open, 0 for no bound")
	return cmd
}
