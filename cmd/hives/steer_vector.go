package main

import (
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/steer"
)

// steerVectorCommand makes the vector of one value.
//
//	work      steer.RunVector of internal/steer
//	reads     a local model, questions (ours, or --questions), with --filter judge an endpoint
//	writes    --out: vector.safetensors and samples.parquet
//	refuses   fewer than 8 kept pairs of answers; a vector that is there, unless --force; other weights or settings
//	          than it was begun with
//	Ctrl-C    answers that came are kept; exit 75, and the same command ends with the same bytes
//
// The questions are about other values than the one that the vector is of (internal/steer, chooseQuestions, says why).
func steerVectorCommand() *cobra.Command {
	j := steer.VectorDefaults()
	c := &cobra.Command{
		Use:   "vector VALUE",
		Short: "Make the direction between layers that stands for a value",
		Long: `What is a value between the layers of a model? The command asks questions about other values, each under
instructions to be a person for whom this value matters most, and to be one who does not care. A filter keeps the pairs
of answers that show the difference. The vector of a layer is the mean of its states over the answers for, less the mean
over those against. Fewer than 8 kept pairs are refused.

It writes vector.safetensors and samples.parquet into out/steer/VALUE. Ctrl-C keeps the answers that came; the same
command goes on and ends with the same bytes. The vector belongs to these weights: others are refused by their hash.`,
		Example: `  # what would it take?
  hives steer vector benevolence --dry-run

  # the small model of scripts/download_smollm2.sh, no judge
  hives steer vector benevolence

  # a judge behind an endpoint says which answers show the value
  hives steer vector svt/self-enhancement/power --model DIR --filter judge \
      --judge-endpoint http://127.0.0.1:8080/v1 --judge-model qwen3`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cli.GoesOn(c.Context())
			j.Value, j.Theories, j.Stdout, j.Log = args[0], known(c), c.OutOrStdout(), c.ErrOrStderr()
			return steer.RunVector(c.Context(), j)
		},
	}
	f := c.Flags()
	localFlags(f, &j.Model)
	f.StringVar(&j.Out, "out", "", "folder to write (default out/steer/VALUE)")
	f.StringVar(&j.QuestionsFile, "questions", "", "inventory of questions to draw from (default: our 57)")
	f.IntVar(&j.Questions, "count", j.Questions, "how many of the questions about other values are asked")
	f.IntVar(&j.Instructions, "instructions", j.Instructions, "how many of the five instructions of each side are used")
	f.IntVar(&j.Draws, "draws", j.Draws, "answers to each question under each instruction; one is greedy, more are "+
		"sampled")
	f.IntVar(&j.MaxTokens, "max-tokens", j.MaxTokens, "most tokens of an answer")
	f.Float64Var(&j.Temperature, "temperature", j.Temperature, "of several draws")
	f.StringVar(&j.Filter, "filter", j.Filter, "which pairs count: "+strings.Join(steer.Filters, ", "))
	f.Float64Var(&j.Threshold, "threshold", j.Threshold, "of a judge's grades from 0 to 100: value and coherence at "+
		"least, value on the other side below")
	f.StringVar(&j.Judge.Endpoint, "judge-endpoint", "", "address of a judge: http://host:port/v1 (OpenAI's shape)")
	f.StringVar(&j.Judge.Model, "judge-model", "", "name of the judge at its endpoint")
	f.StringVar(&j.Judge.KeyEnv, "api-key-env", "", "environment variable that holds the endpoint's bearer token")
	f.Uint64Var(&j.Seed, "seed", j.Seed, "of the questions, the draws and the shuffled control")
	f.BoolVar(&j.Force, "force", false, "make a vector that is there anew")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take, and open nothing")
	return c
}
