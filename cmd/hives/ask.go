package main

import (
	"github.com/spf13/cobra"

	"hives/internal/ask"
)

func askCommand() *cobra.Command {
	var o ask.Options
	c := &cobra.Command{
		Use:   "ask TEXT…",
		Short: "Ask a running embedd which values sentences are about, and on which side they stand",
		Long: `Says of each text which values it is about and, where this model can tell, whether it supports or opposes
them, with calibrated probabilities and their intervals; and says "unsure" where the doubt is too great. What
the model cannot tell at all, measured on held-out texts, is listed first. --json prints one object a text.
docs/VALUES.md says what the figures mean.`,
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
	c.Flags().IntVar(&o.TopK, "top", 0, "most values shown for each text; 0: all")
	c.Flags().StringSliceVar(&o.Theories, "theory", nil, "only values of these theories")
	c.Flags().BoolVar(&o.JSON, "json", false, "JSON Lines: one object a text, with every value")
	return c
}
