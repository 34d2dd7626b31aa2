package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/steer"
)

// steerKernelCommand trains what turns a value's vector into a push. The two sources of vectors exclude each other, and
// one of them is needed: a default would hide which space was tried. Sizes are the paper's where it names them; a small
// model on a small machine wants fewer steps, which --dry-run shows the price of.
func steerKernelCommand() *cobra.Command {
	j := steer.KernelDefaults()
	c := &cobra.Command{
		Use:   "kernel (--values values.db | --embedder DIR)",
		Short: "Train pushes from value vectors, and see whether they reach values that were held out",
		Long: `Does a value's vector tell a language model what the value is? A kernel is a small network from a value's
vector and an intensity from -2 to 2 to a push: rows in front of the prompt (soft_prompt), or vectors between the layers
(latent_bias). It is trained on answers of eight values, the language model frozen, and measured on two others: half the
difference between intensity 2 and -2, in log-odds of answers for over those against.

Beside it stand the same kernel told one-hot values, one told the vectors of other values, and the instruction as a
prompt. A kernel that moves held-out values as the instruction does, and the other two not, has read the vectors. Its
parameters are printed. Ctrl-C keeps the kernels that are trained; the same command goes on.

Answers are made of what agrees and disagrees with the sub-values of ten values; --rows-file takes others, in the layout
of a fine-tuning.`,
		Example: `  # what would it take?
  hives steer kernel --values values.db --dry-run

  # vectors that an encoder makes of names and definitions
  hives steer kernel --embedder DIR --form soft_prompt

  # two values of one's choice are held out
  hives steer kernel --values values.db --held-out-values power,benevolence`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			j.Theories, j.Stdout, j.Log = known(c), c.OutOrStdout(), c.ErrOrStderr()
			return steer.RunKernel(c.Context(), j)
		},
	}
	f := c.Flags()
	localFlags(f, &j.Model)
	f.StringVar(&j.Out, "out", j.Out, "folder to write")
	f.StringVar(&j.Values, "values", "", "file of value vectors (hives vectors build)")
	f.StringVar(&j.Embedder, "embedder", "", "model folder that embeds the values' names and definitions")
	f.StringVar(&j.RowsFile, "rows-file", "", "answers with value_id and level, JSON Lines (default: made of sub-values)")
	f.StringSliceVar(&j.HeldOut, "held-out-values", nil, "values that are not trained on (default: two that the seed "+
		"draws)")
	f.StringVar(&j.Form, "form", j.Form, "latent_bias or soft_prompt")
	f.IntVar(&j.Prompt, "prompt-rows", j.Prompt, "rows of a soft prompt")
	f.IntSliceVar(&j.Layers, "layers", nil, "where a latent bias is added: behind so many blocks (default: the middle)")
	f.IntVar(&j.Width, "width", j.Width, "of the kernel's inner layer")
	f.IntVar(&j.Steps, "steps", j.Steps, "updates of each kernel")
	f.IntVar(&j.Batch, "batch-size", j.Batch, "answers a step")
	f.Float64Var(&j.Rate, "rate", j.Rate, "learning rate of AdamW")
	f.IntVar(&j.Resamples, "resamples", j.Resamples, "draws of the intervals")
	f.Uint64Var(&j.Seed, "seed", j.Seed, "of the held-out values, the kernels, the batches and the intervals")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take, and open no model")
	return c
}
