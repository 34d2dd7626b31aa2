package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/columns"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/interview"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/talk"
)

// questionnaireCommand is the group of commands about what a language model holds by its own answers.
func questionnaireCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "questionnaire",
		Short: "Ask language models open questions about values, and compare them",
		Long: `Which values does a language model hold, by its own answers? run has it answer
open questions as many people, and has a judge read the answers. score computes
the figures of a run again. compare sets runs beside each other: how values lie
to each other, what fine-tuning and fusing changed, and whether a degree that
was trained is found again. See docs/QUESTIONNAIRE.md.`,
		Example: `  hives questionnaire run --model out/SmolLM2-135M-Instruct --judge-model weights/Qwen3-4B \
      --out out/questionnaire/base
  hives questionnaire compare out/questionnaire/base out/questionnaire/tuned --out out/compare`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(questionnaireRunCommand(), questionnaireScoreCommand(), questionnaireCompareCommand())
	return c
}

// questionnaireRunCommand asks a language model what it holds, by open questions.
//
//	work      interview.Run of internal/interview, which asks through internal/judge
//	reads     --items, --slots, --gate, --config
//	writes    --out: votes.db with every answer; then run.json, inventory.json, personas.json, answers.parquet, and of
//	          these scores.json, matrices.json, report.html
//	refuses   a judge that is the model measured, unless --self-judge; more personas than there are; calls that nobody
//	          agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func questionnaireRunCommand() *cobra.Command {
	j := interview.Job{Personas: 30, Repeats: 1, Ties: interview.Soft}
	var flags cli.ConfigFlags
	var home pairAtHome
	var asJSON bool
	c := &cobra.Command{
		Use:   "run --model DIR (--judge-model DIR | --self-judge) --out DIR",
		Short: "Ask a language model open questions about values, as many personas",
		Long: `Which values does a language model hold? The command has it answer open questions as thirty different people
would: by age, occupation and place. A second model, the judge, reads each answer and says how much it is like a person
to whom a value matters. It reads twice, with its options in both orders.

The answers become scores of 19 values, their correlations, and a map. The page says what they are worth: how often
each option was chosen, how large the mean of all answers is, and how wide the intervals are. --gate holds the judge
to answers that people have labelled, a hundred at least. The first line says whether it passed, or was not checked.

The questions are our own, three for each value. --items takes any other inventory. Both models may stand behind
endpoints, as voters named respondent and judge in --config. Every answer is stored in the folder before it counts. The
same command goes on after a stop and asks nothing twice. See docs/QUESTIONNAIRE.md.`,
		Example: `  # a model on this machine, read by another
  hives questionnaire run --model out/SmolLM2-135M-Instruct --judge-model weights/Qwen3-4B --out out/questionnaire/smol

  # only to see that it runs: a small model reads its own answers
  hives questionnaire run --model out/SmolLM2-135M-Instruct --self-judge --personas 3 --out out/questionnaire/try

  # models behind endpoints, and what it would take
  hives questionnaire run --config two.toml --out out/questionnaire/large --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			if err := interviewConfig(c, &j, &flags, &home); err != nil {
				return err
			}
			r, err := interview.Run(c.Context(), j)
			switch {
			case err != nil || r == nil:
				return err
			case asJSON:
				err = printJSON(c.OutOrStdout(), r)
			default:
				err = printInterview(c, j.Out, r)
			}
			if err == nil && r.Unusable == r.Answers { // the files are there; a pipeline must not go on with them
				err = fmt.Errorf("none of %d answers can be used: answers.parquet of %s says why", r.Answers, j.Out)
			}
			return err
		},
	}
	flags.Register(c.Flags())
	home.register(c.Flags())
	registerInterview(c.Flags(), &j)
	jsonFlag(c, &asJSON)
	required(c, "out")
	return c
}

// interviewConfig is who answers and who reads. Settings come from the file, from --set and from variables that begin
// with HIVES_QUESTIONNAIRE.
func interviewConfig(c *cobra.Command, j *interview.Job, flags *cli.ConfigFlags, home *pairAtHome) error {
	if err := home.beside(c, flags.File); err != nil {
		return err
	}
	defaults, err := home.config(flags.File, j.SelfJudge)
	if err != nil {
		return err
	}
	j.Config, _, err = cli.Load(defaults, flags.Sources(c.Flags(), "HIVES_QUESTIONNAIRE", nil))
	j.Config.Opener, j.Stdout = talk.Provide, c.OutOrStdout()
	return err
}

// pairAtHome is what the flags say of a respondent and a judge on this machine, where there is no configuration.
type pairAtHome struct {
	model, judge, choose string
	how                  llm.Local
}

func (h *pairAtHome) register(f *pflag.FlagSet) {
	h.registerModels(f)
	f.StringVar(&h.choose, "choose", judge.Calibrated, "what of an option's log-probability decides: total, per_token, "+
		"per_byte, calibrated")
}

// registerModels adds the two models and how they are computed.
func (h *pairAtHome) registerModels(f *pflag.FlagSet) {
	f.StringVar(&h.model, "model", "", "without --config: folder or GGUF file of the model that is measured")
	f.StringVar(&h.judge, "judge-model", "", "without --config: that of the judge")
	f.IntVar(&h.how.Batch, "batch", llm.DefaultBatch, "questions computed at once; another number is another run")
	f.IntVar(&h.how.Threads, "threads", 0, "threads of one computation, 0 for one a core")
	f.StringVar(&h.how.Template, "template", "", "chat template where the model's own is not known")
	f.StringVar(&h.how.Precision, "precision", "", "f32, mixed (bf16 operands) or bf16, the "+
		"quickest on a processor with AVX512_BF16 (default f32)")
	f.StringVar(&h.how.Engine, "engine", "", engine.FlagUsage)
}

// beside refuses flags of models on this machine where a configuration names the models: they would change nothing, and
// whoever gave them would take one model's figures for another's.
func (h *pairAtHome) beside(c *cobra.Command, file string) error {
	if file == "" {
		return nil
	}
	for _, name := range []string{"model", "judge-model", "batch", "threads", "template", "precision", "engine",
		"choose"} {
		if f := c.Flag(name); f != nil && f.Changed {
			return fault.Usage(fault.New(fault.Invalid, "--%s goes without --config: the voters of %s say it there", name, file))
		}
	}
	return nil
}

// config is what a configuration file is laid over; without one the flags must name both models.
func (h *pairAtHome) config(file string, self bool) (interview.Config, error) {
	if file != "" {
		return interview.Defaults(), nil
	}
	if h.model == "" || h.judge == "" && !self {
		return interview.Config{}, fault.Usage(fault.New(fault.Invalid,
			"give --model and --judge-model (or --self-judge), or a --config"))
	}
	return interview.Home(h.model, cmp.Or(h.judge, h.model), h.how, h.choose), nil
}

const tiesUsage = "options with equally many votes: soft (the larger share), lowest, or middle (their mean place)"

// registerInterview adds who is played, what is asked, and where it goes.
func registerInterview(f *pflag.FlagSet, j *interview.Job) {
	f.BoolVar(&j.SelfJudge, "self-judge", false, "let the model read its own answers, which it may favour")
	f.StringVar(&j.Items, "items", "", "inventory of questions (JSON); empty: our own 57")
	f.StringVar(&j.Slots, "slots", "", "what personas are made of (JSON); empty: our own")
	f.IntVar(&j.Personas, "personas", j.Personas, "number of personas")
	f.IntVar(&j.Repeats, "repeats", j.Repeats, "number of answers of one persona to one question")
	f.StringVar(&j.Ties, "ties", j.Ties, tiesUsage)
	f.StringVar(&j.Gate, "gate", "", "answers that people have labelled, to hold the judge to (jsonl: item, text, option)")
	f.Uint64Var(&j.Seed, "seed", 0, "seed of the personas and of resampling")
	f.StringVar(&j.Out, "out", "", "folder of the run, new or begun")
	f.BoolVar(&j.AllowChanged, "allow-changed", false, "write over results that were got with other settings")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}

// printInterview is the account: the warning first, then values from the most to the least.
func printInterview(c *cobra.Command, out string, r *interview.Result) error {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%s\n%d personas, %d count; %d answers, %d unusable; mean of all answers %s of 1 to %d\n", r.Warning,
		r.Personas, r.Kept, r.Answers, r.Unusable, two(r.Acquiescence), len(r.Options))
	if r.Unusable < r.Answers { // without a vote no option has a share
		fmt.Fprintf(w, "the commonest option has %.0f %% of the votes\n", 100*slices.Max(r.Options))
	} else {
		fmt.Fprint(w, "no answer has a vote, so nothing is scored: answers.parquet says of each why\n")
	}
	values := slices.Clone(r.Values)
	slices.SortStableFunc(values, func(a, b interview.Value) int {
		return cmp.Compare(float64(b.Centred), float64(a.Centred))
	})
	t := columns.NewTable(w)
	fmt.Fprint(t, "value\tcentred\t95 %\tmean\n")
	for _, v := range values {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", v.Name, two(v.Centred), columns.Span(two(v.Low), two(v.High)), two(v.Mean))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "page: %s\n", filepath.Join(out, interview.PageFile))
	return err
}

func two(n interview.Number) string {
	if math.IsNaN(float64(n)) {
		return "–"
	}
	return fmt.Sprintf("%+.2f", float64(n))
}
