package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/answers"
	"hives/internal/cli"
)

// vcaiBuildCommand has answers written and judged.
//
//	work      answers.Build of internal/answers, which asks through internal/judge
//	reads     --questions or --statements, --decomposition, --slots, --config
//	writes    --out: run.json, votes.db with every answer, then mlvalues.parquet, failed.jsonl, report.html
//	refuses   a folder that was begun with other settings, unless --allow-changed; calls that nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func vcaiBuildCommand() *cobra.Command {
	j := answers.DefaultJob()
	var models writerAndJudge
	levels := []string{"all"}
	var asJSON bool
	c := &cobra.Command{
		Use:   "build (--questions FILE | --statements FILE) --out DIR (--model DIR | --config FILE)",
		Short: "Have answers written at each level, judged, and rewritten until they have it",
		Long: `How is an answer made that agrees with a value to a chosen degree? A writer answers a question at a level, from
-2 (strongly disagree) to +2 (strongly agree). A judge reads the answer as five people would, one after another, and
says of each part of the value whether the answer agrees (1), disagrees (-1) or neither (0). Twice the mean is the
degree D′. An answer whose D′ is within --near of its level is kept. Another is rewritten, at most --rewrites times;
then the nearest attempt is kept.

A part that an answer does not touch counts 0. So short answers seldom reach ±2, and their search runs to its end.
--aggregate touched leaves such parts out; the file has both degrees in any case.

Questions come from a file (JSON Lines: question, value), or are made of statements: rows of hives data about the
values. Every answer and judgement is stored in --out before it counts. The same command goes on after a stop and asks
nothing twice. See docs/VCAI.md.`,
		Example: `  # what would it take?
  hives vcai build --statements rows.parquet --number 100 --config two.toml \
      --out out/vcai/large --dry-run

  # ask
  hives vcai build --statements rows.parquet --number 100 --config two.toml \
      --out out/vcai/large --yes

  # a small model on this machine, only to see that it runs
  hives vcai build --questions questions.jsonl --levels -2,+2 --rewrites 1 \
      --roles 2 --model out/SmolLM2-135M-Instruct --out out/vcai/try`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if j.Levels, err = answers.ParseLevels(levels); err != nil {
				return err
			}
			if j.Config, err = models.config(c); err != nil {
				return err
			}
			return runVCAI(c, j, asJSON)
		},
	}
	models.register(c)
	decompositionFlags(c, &j.Decomposition, &j.Values)
	registerVCAI(c.Flags(), &j, &levels)
	jsonFlag(c, &asJSON)
	required(c, "out")
	return c
}

// runVCAI builds and tells what came.
func runVCAI(c *cobra.Command, j answers.Job, asJSON bool) error {
	cli.GoesOn(c.Context())
	j.Known, j.Stdout = known(c), c.OutOrStdout()
	stats, err := answers.Build(c.Context(), j)
	switch {
	case err != nil || stats == nil:
		return err
	case asJSON:
		err = printJSON(c.OutOrStdout(), stats)
	default:
		err = errors.Join(stats.Write(c.OutOrStdout()), printPage(c, j.Out))
	}
	return cmp.Or(err, stats.Nothing(j.Out))
}

// registerVCAI adds what is asked, how long it is searched for, and where it goes.
func registerVCAI(f *pflag.FlagSet, j *answers.Job, levels *[]string) {
	f.StringVar(&j.Questions, "questions", "", "questions to answer (.jsonl): question, value")
	f.StringVar(&j.Statements, "statements", "", "rows of hives data, of which the writer makes a question each")
	f.IntVar(&j.Number, "number", 0, "statements of a value, drawn by --seed; 0: all")
	f.StringSliceVar(levels, "levels", *levels, "levels to answer at, such as -2,+2")
	f.StringVar(&j.Slots, "slots", "", "what roles are made of (JSON); empty: our own")
	f.IntVar(&j.Roles, "roles", j.Roles, "people as whom the judge reads the answers to a question")
	f.Float64Var(&j.Near, "near", j.Near, "largest gap between degree and level that is near enough")
	f.IntVar(&j.Rewrites, "rewrites", j.Rewrites, "most rewrites of an answer that is not near enough")
	f.StringVar(&j.Retry, "retry", j.Retry, "rewrite: the last answer is rewritten; resample: answered anew")
	f.StringVar(&j.Aggregate, "aggregate", j.Aggregate, "all: every part counts; touched: those that the answer touches")
	f.Uint64Var(&j.Seed, "seed", 0, "seed of statements, roles, draws and the order of judgements")
	f.StringVar(&j.Out, "out", "", "folder of the run, new or begun")
	f.BoolVar(&j.AllowChanged, "allow-changed", false, "go on in a folder that was begun with other settings")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}

// printPage says where the page of a run is.
func printPage(c *cobra.Command, dir string) error {
	_, err := fmt.Fprintf(c.OutOrStdout(), "page: %s\n", answers.PageOf(dir))
	return err
}
