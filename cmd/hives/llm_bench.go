package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/llmbench"
	"hives/internal/talk"
)

// llmBenchCommand measures a language model on a published test set that the user has.
//
//	work      llmbench.Run of internal/llmbench, which asks through internal/judge
//	reads     --data, the file as its authors publish it; --config
//	writes    --out: votes.db with every answer, then result.json, figures.csv, items.jsonl
//	refuses   a file whose rows lack a field (the first is named), a task that needs a judge without one, calls that
//	          nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func llmBenchCommand() *cobra.Command {
	j := llmbench.Job{}
	var flags cli.ConfigFlags
	var home pairAtHome
	var asJSON bool
	c := &cobra.Command{
		Use:   "llm-bench TASK --data FILE --model DIR --out DIR",
		Short: "Measure a language model on a published test set",
		Long: `How useful, safe and fair is a language model, before and after it was trained? The command puts a published
test set to it. The file is yours, as its authors publish it. These tasks are known:

` + benchTasks() + `
Where answers are given, the model's log-probabilities decide: acc takes the largest sum, acc_norm the largest sum
a byte. Beside them stands what guessing gives, and the same options without the question. Where answers are
written, a judge reads them (--judge-model), or for refusals a list of phrases. All shares have 95 % intervals.

The questions stand in the model's chat template, and the end of an answer counts. So compare models within this
command and not with figures of other programs. Prompts that ask for harm are kept by hash and never printed. See
docs/LLM_BENCH.md.`,
		Example: `  hives llm-bench hellaswag --data hellaswag_val.jsonl --number 500 \
      --model out/SmolLM2-135M-Instruct --out out/bench/hellaswag
  hives llm-bench bbq --data Age.jsonl --model weights/Qwen3-4B --out out/bench/age

  # answers for and against a value, held out in training
  hives llm-bench pairs --data sft.jsonl --model runs/answers/final --out out/bench/pairs`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cli.GoesOn(c.Context())
			if err := benchConfig(c, args, &j, &flags, &home); err != nil {
				return err
			}
			r, err := llmbench.Run(c.Context(), j)
			switch {
			case err != nil || r == nil:
				return err
			case asJSON:
				return printJSON(c.OutOrStdout(), r)
			}
			return printBench(c, j.Out, r)
		},
	}
	flags.Register(c.Flags())
	home.registerModels(c.Flags())
	registerBench(c, &j)
	jsonFlag(c, &asJSON)
	required(c, "data", "out")
	return c
}

// benchConfig is the task, and the models that flags or a file name. Settings come from the file, from --set and from
// variables that begin with HIVES_LLM_BENCH.
func benchConfig(c *cobra.Command, args []string, j *llmbench.Job, flags *cli.ConfigFlags, home *pairAtHome) error {
	if len(args) == 0 {
		return fault.Usage(fault.New(fault.Invalid, "name a task: %s", strings.Join(llmbench.Names(), ", ")))
	}
	if err := home.beside(c, flags.File); err != nil {
		return err
	}
	defaults := llmbench.Defaults()
	if flags.File == "" {
		if home.model == "" {
			return fault.Usage(fault.New(fault.Invalid, "give --model, or a --config with a voter named %s", llmbench.Model))
		}
		defaults = llmbench.Home(home.model, home.judge, home.how)
	}
	var err error
	j.Task, j.Stdout = args[0], c.OutOrStdout()
	j.Config, _, err = cli.Load(defaults, flags.Sources(c.Flags(), "HIVES_LLM_BENCH", nil))
	j.Config.Opener = talk.Provide
	return err
}

func registerBench(c *cobra.Command, j *llmbench.Job) {
	f := c.Flags()
	f.StringVar(&j.Data, "data", "", "file of the test set, as its authors publish it")
	f.StringVar(&j.System, "system", "", "system message; empty: the one of the model's template")
	f.IntVar(&j.Number, "number", 0, "number of items, drawn by --seed; 0: all")
	f.Uint64Var(&j.Seed, "seed", 0, "seed of what is drawn and of resampling")
	f.IntVar(&j.MaxTokens, "max-tokens", 0, "most tokens of a written answer; 0: 256")
	f.StringVar(&j.Out, "out", "", "folder of the run, new or begun")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}

// benchTasks is the list of the help.
func benchTasks() string {
	var b strings.Builder
	for _, name := range llmbench.Names() {
		fmt.Fprintf(&b, "  %-14s %s\n", name, llmbench.About(name))
	}
	return b.String()
}

func printBench(c *cobra.Command, out string, r *llmbench.Result) error {
	w := c.OutOrStdout()
	if r.Note != "" {
		fmt.Fprintln(w, r.Note)
	}
	fmt.Fprintf(w, "%s: %d items, %d unusable\n", r.Task, r.Items, r.Unusable)
	t := columns.NewTable(w)
	fmt.Fprint(t, "group\tfigure\tvalue\t95 %\tn\n")
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\n", f.Group, f.Name, three(f.Value),
			columns.Span(three(f.Low), three(f.High)), f.N)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "data: %s\n", filepath.Join(out, llmbench.FiguresFile))
	return err
}

func three(n llmbench.Number) string {
	if !n.Known() {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(n))
}
