package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/fault"
	"hives/internal/serve/secure"
)

// tokenCommand makes a bearer token. The two go to different places on purpose: >> tokens takes the line, and the
// token is seen by whoever runs the command and is in no file.
//
//	work      secure.New of internal/serve/secure
//	writes    standard output: a line for --tokens-file; standard error: the token, this once
//	refuses   a name that could not stand in a figure or a log
//
// The line holds a hash, so whoever reads the file cannot call. A lost token cannot be found again; make another.
func tokenCommand() *cobra.Command {
	var e secure.Entry
	cmd := &cobra.Command{
		Use: "token --name NAME", Short: "Make a token for --tokens-file", Args: cobra.NoArgs,
		Long: `How does a caller get in when --tokens-file asks for tokens? The command makes a token. ` +
			`It prints the token itself on
standard error, this once. It prints a line for the tokens file on standard output. The line holds the token's SHA-256,
not the token. A running embedd reads the file again at SIGHUP.`,
		Example: `  embedd token --name evaluation --tokens-per-second 20000 >> tokens
  # the line:  evaluation sha256:767f09f3ccdd9… tokens_per_second=20000`,
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
	cmd.Flags().StringVar(&e.Name, "name", "", "name of whoever will have the token: letters, digits, - _ and . "+
		"only; it appears in figures and logs")
	// Both bounds are written into the line, so they can be changed there without another token.
	cmd.Flags().Float64Var(&e.TokensPerSecond, "tokens-per-second", 0, "quota in text tokens a second; 0 sets none")
	cmd.Flags().IntVar(&e.Streams, "max-token-streams", 0, "streams that the token may have open; 0 sets no bound")
	return cmd
}
