package main

import (
	"github.com/spf13/cobra"

	"hives/internal/ask"
)

// askCommand is a client: it opens no model and no engine, so it answers at once.
//
//	work      ask.Run of internal/ask
//	reads     a running embedd, over gRPC
//	writes    standard output: first what this model can tell at all, then an answer for each text
//	refuses   no text, --top below 0; what the daemon refuses comes as its own error
//	Ctrl-C    the answers printed so far stand; nothing is stored
//
// A daemon without value vectors is no error here: the heads of the texts' vectors are shown, and standard error
// says how to make value vectors.
func askCommand() *cobra.Command {
	var o ask.Options
	c := &cobra.Command{
		Use:   "ask TEXT…",
		Short: "Ask a running embedd which values sentences are about, and on which side they stand",
		Long: `Which values is a sentence about, and does it support or oppose them? ` +
			`The command sends each text to a running embedd
and prints the answers. Each answer has a calibrated probability and its interval. Where the doubt is too great, the
answer is "unsure".

The first lines say what this model can tell at all. This was measured on texts that it had not seen. With --json there
is one object for each text. See docs/VALUES.md for the figures.`,
		Example: `  # start a daemon with value vectors, then ask it
  embedd --model out/demo/model --vectors out/demo/values.db &
  hives ask "She shared her lunch with the new pupil."`,
		Args: cobra.MinimumNArgs(1),
		// MinimumNArgs has seen to it that there is a text; an empty one is the daemon's to refuse.
		RunE: func(c *cobra.Command, texts []string) error {
			o.Texts = texts
			return ask.Run(c.Context(), o, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&o.Endpoint, "endpoint", "grpc://127.0.0.1:50051",
		"address of the daemon: grpc://host:port, or grpcs://host:port for TLS")
	// A file and not the token itself: command lines stand in histories and process lists.
	c.Flags().StringVar(&o.TokenFile, "token-file", "", "file with a bearer token")
	c.Flags().StringVar(&o.Prompt, "prompt", "", "text that is put before each text")
	// All, but for values of which there is nothing to say; with --json every one.
	c.Flags().IntVar(&o.TopK, "top", 0, "largest number of values shown for each text; 0 shows all")
	c.Flags().StringSliceVar(&o.Theories, "theory", nil, "show only values of these theories")
	c.Flags().BoolVar(&o.JSON, "json", false, "print one JSON object a line for each text, with every value")
	return c
}
