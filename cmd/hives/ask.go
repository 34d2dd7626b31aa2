package main

import (
	"github.com/spf13/cobra"

	"hives/internal/ask"
)

func askCommand() *cobra.Command {
	var o ask.Options
	c := &cobra.Command{
		Use:   "ask TEXT…",
		Short: "Ask a running embedd for the vectors and values of sentences",
		Long: `Prints the head of each text's vector and, where the daemon was started with --vectors, the values that are
strongest in it. A signed value says which side the text is on; a prototype says only that it is about the value.`,
		Example: `  embedd --model out/demo/model --vectors out/demo/values.db &
  hives ask "She shared her lunch with the new pupil."`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, texts []string) error {
			o.Texts = texts
			return ask.Run(c.Context(), o, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&o.Endpoint, "endpoint", "grpc://127.0.0.1:50051", "the daemon: grpc://host:port, grpcs://host:port for TLS")
	c.Flags().StringVar(&o.TokenFile, "token-file", "", "file with a bearer token")
	c.Flags().StringVar(&o.Prompt, "prompt", "", "put before each text")
	c.Flags().IntVar(&o.TopK, "top", 3, "values shown for each text, of each kind")
	c.Flags().StringSliceVar(&o.Theories, "theory", nil, "only values of these theories")
	c.Flags().BoolVar(&o.JSON, "json", false, "one JSON object with whole vectors")
	return c
}
