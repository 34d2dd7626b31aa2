package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/steer"
)

// steerSweepCommand measures a vector. Its flags are of three kinds: what is tried (layers, coefficients, unit), what
// it is compared with (other, random-vectors, pairs), and how much is spent (answers, max-tokens, resamples). A file of
// pairs is an input like any other; the result goes beside the vector, so there is one folder to name.
func steerSweepCommand() *cobra.Command {
	j := steer.SweepDefaults()
	c := &cobra.Command{
		Use:   "sweep VALUE",
		Short: "Measure what a value's vector does, beside controls",
		Long: `Does a vector move the model towards the value, or would any vector of that length? The command scores short
answers for and against the value under the vector at several layers and strengths, with both signs. It chooses layer
and strength on half of the questions and reports on the other half, since the best of a sweep is the best partly by
chance.

What it reports is half the difference between + and −, in log-odds of the answers for over those against, with a 95 %
interval over pairs. Beside it stand ten random vectors of equal length, the vector of shuffled sides, another value's
(--other) and the instruction as a prompt. An effect counts if its interval lies outside all random ones. What breaks
the model stands beside it: texts that it writes are read by the model without steering.

It wants the value's vector (hives steer vector) and writes sweep.json and sweep.html beside it. Ctrl-C keeps what was
scored, and the same command goes on. Pairs of answers are there for benevolence, power and stimulation; --pairs takes
a file of others.`,
		Example: `  # what would it take?
  hives steer sweep benevolence --dry-run

  # with another value's vector as one more control
  hives steer sweep benevolence --other power

  # strengths in lengths of the model's own states, at three layers
  hives steer sweep power --unit relative --coefficients 0.1,0.2,0.4 --layers 10,15,20`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cli.GoesOn(c.Context())
			j.Value, j.Theories, j.Stdout, j.Log = args[0], known(c), c.OutOrStdout(), c.ErrOrStderr()
			return steer.RunSweep(c.Context(), j)
		},
	}
	f := c.Flags()
	localFlags(f, &j.Model)
	f.StringVar(&j.Out, "out", "", "folder that holds the value's vector, and gets the result (default out/steer/VALUE)")
	f.StringVar(&j.Other, "other", "", "another value, or the file of its vector: a control")
	f.StringVar(&j.PairsFile, "pairs", "", "file of answers for and against the value (default: ours)")
	f.IntSliceVar(&j.Layers, "layers", nil, "where the vector is added: behind so many blocks (default: five over the "+
		"depth)")
	f.Float64SliceVar(&j.Coefficients, "coefficients", j.Coefficients, "strengths; each is tried with both signs")
	f.StringVar(&j.Unit, "unit", j.Unit, "of the strengths: absolute (times the vector) or relative (times the mean "+
		"length of the states at that layer)")
	f.Float64Var(&j.MaxCost, "max-cost", j.MaxCost, "how much less probable a strength may make the answers of both "+
		"sides, in nats a token, to be chosen")
	f.IntVar(&j.Random, "random-vectors", j.Random, "random vectors of equal length")
	f.IntVar(&j.Answers, "answers", j.Answers, "texts to write under each push, for the damage")
	f.IntVar(&j.MaxTokens, "max-tokens", j.MaxTokens, "most tokens of such a text")
	f.IntVar(&j.Resamples, "resamples", j.Resamples, "draws of the intervals")
	f.Uint64Var(&j.Seed, "seed", j.Seed, "of the halves, the random vectors, the texts and the intervals")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take, and open no model")
	return c
}
