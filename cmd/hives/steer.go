package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/engine"
	"hives/internal/steer"
	"hives/internal/talk"
)

// steerCommand groups what moves a language model: by words in its prompt, and by numbers between its layers.
func steerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "steer",
		Short: "Move a language model towards a value, by words or between its layers",
		Long: `How far can a language model be moved towards a value? By words: queries, prompts and run ask it under prompts
that steer and score what it answers. See docs/AUDIT.md.

Can it be moved between its layers, without words? A persona vector is the difference of what
goes on there while the model answers as a person for a value and as one against it. Added while it answers, it may turn
the answers, or only break them. These commands make such vectors, measure them beside controls, and train small
networks that make pushes of a value's vector. See docs/STEER.md.`,
		Example: `  hives steer prompts --values power
  hives steer run --config audit.toml --vidb vidb.db --out out/audit/mine

  hives steer vector benevolence
  hives steer vector power
  hives steer sweep benevolence --other power
  hives steer kernel --values values.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(steerQueriesCommand(), steerPromptsCommand(), steerRunCommand(), steerGainCommand())
	c.AddCommand(steerVectorCommand(), steerSweepCommand(), steerKernelCommand())
	return c
}

// localFlags are those of a language model on this machine. An endpoint will not do: its states cannot be read.
// Template, precision and engine are those of hives ask-llm: what is measured here should be what answers there.
func localFlags(f *pflag.FlagSet, o *steer.Local) {
	f.StringVar(&o.Dir, "model", "", "folder or GGUF file of a language model (default "+talk.SmallModel+")")
	f.StringVar(&o.Template, "template", "", "chat template where the model's own is not known")
	f.StringVar(&o.Precision, "precision", "", "f32, mixed (bf16 operands) or bf16 (default f32)")
	f.StringVar(&o.Engine, "engine", "", engine.FlagUsage)
	f.IntVar(&o.Threads, "threads", 0, "threads of one computation, 0 for one a core")
}
