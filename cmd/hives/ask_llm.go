package main

import (
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/chat"
	"hives/internal/engine"
	"hives/internal/llm"
	"hives/internal/talk"
	"hives/internal/talk/terminal"
)

// askLLMCommand asks a language model, here or behind an endpoint.
//
//	work      terminal.Run of internal/talk/terminal; internal/talk computes here, internal/llm asks an endpoint
//	reads     questions from the arguments, or a line each from standard input
//	writes    standard output: answers; standard error: which model answers, and the prompt sign
//	refuses   --model beside --endpoint, flags of the one with the other, --json or --choices without a question
//	Ctrl-C    what was said so far stays on the screen
//
// The flags of sampling fill an llm.Sampling, which both kinds of provider take: what was tried at an endpoint can
// be tried here with the same flags.
func askLLMCommand() *cobra.Command {
	var o terminal.Options
	var choices []string
	c := &cobra.Command{
		Use:   "ask-llm [QUESTION…]",
		Short: "Ask a language model, on this machine or behind an endpoint",
		Long: `Who answers? A language model in a folder or a GGUF file (--model), computed here, without a server; ` +
			`or one behind
an endpoint of OpenAI's shape (--endpoint). Each question is asked by itself. Without a question it is a conversation:
a question a line. The answer appears as it is written, and Ctrl-C keeps what came.

The answer of a local model depends on the question, the model and the seed alone. At temperature 0 it is the most
probable one. With --choices the answer is one of a list, the most probable; --scores prints how probable each is. With
--schema the answer is JSON of a schema and always parses: tokens that do not fit are never taken. docs/LLM.md lists
what a schema may say.

What a question says is text to the model, never a command to the program: control tokens in it stay letters.`,
		Example: `  scripts/download_smollm2.sh
  hives ask-llm "Name three human values."
  hives ask-llm --choices yes,no --scores "Is it right to keep a promise?"
  hives ask-llm --choice "Yes, always." --choice "No, never." "May one lie?"
  hives ask-llm --schema verdict.json "Which value does this serve: …?"
  hives ask-llm --endpoint http://127.0.0.1:8080/v1 --endpoint-model qwen3 "What is a duty?"`,
		RunE: func(c *cobra.Command, questions []string) error {
			o.Questions, o.Choices = questions, append(o.Choices, choices...)
			return terminal.Run(c.Context(), o, c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	// What answers, then how it is asked, then how its tokens are drawn.
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "folder or GGUF file of a language model (default "+talk.SmallModel+")")
	f.StringVar(&o.Adapter, "adapter", "", "folder of a low-rank adapter that was made for the model (PEFT's layout)")
	// A template is code of the model's publisher; only those that are known here are followed (package talk).
	f.StringVar(&o.Template, "template", "",
		"chat template where the model's own is not known: "+strings.Join(chat.Templates, ", "))
	f.StringVar(&o.Precision, "precision", "", "f32, mixed (bf16 operands) or bf16, the "+
		"quickest on a processor with AVX512_BF16 (default f32)")
	f.StringVar(&o.Engine, "engine", "", engine.FlagUsage)
	f.IntVar(&o.Threads, "threads", 0, "threads of one computation, 0 for one a core")
	f.StringVar(&o.Endpoint, "endpoint", "", "ask there and not here: http://host:port/v1 (OpenAI's shape)")
	f.StringVar(&o.EndpointModel, "endpoint-model", "", "name of the model at the endpoint")
	// The variable's name and never the token: command lines stand in histories and process lists.
	f.StringVar(&o.KeyEnv, "api-key-env", "", "environment variable that holds the endpoint's bearer token")
	f.StringVar(&o.System, "system", "", "system message, in the place of the template's own")
	f.StringSliceVar(&o.Choices, "choices", nil, "answers to choose from, separated by commas")
	f.StringArrayVar(&choices, "choice", nil, "one more answer to choose from, commas and all (may be repeated)")
	f.StringVar(&o.Schema, "schema", "", "file of a JSON schema that the answer keeps to (docs/LLM.md)")
	f.BoolVar(&o.Scores, "scores", false, "print how probable each of the choices is")
	f.Float64Var(&o.Sampling.Temperature, "temperature", 0, "0: the most probable token; 1: as the model says; "+
		"above: bolder")
	f.IntVar(&o.Sampling.TopK, "top-k", 0, "keep the k most probable tokens; 0: all")
	f.Float64Var(&o.Sampling.TopP, "top-p", 0, "keep the most probable tokens until their sum reaches this; 0: all")
	f.Float64Var(&o.Sampling.MinP, "min-p", 0, "keep tokens of at least this share of the largest probability; 0: all")
	f.Uint64Var(&o.Sampling.Seed, "seed", 1, "of the draws; the same seed gives the same answer")
	f.IntVar(&o.Sampling.MaxTokens, "max-tokens", llm.DefaultMaxTokens, "most tokens of an answer")
	f.StringArrayVar(&o.Sampling.Stop, "stop", nil, "end the answer before these letters (may be repeated)")
	f.BoolVar(&o.DryRun, "dry-run", false, "say how long the prompt is and what memory its cache takes, and ask nobody")
	f.BoolVar(&o.JSON, "json", false, "JSON Lines: one object a question")
	return c
}
