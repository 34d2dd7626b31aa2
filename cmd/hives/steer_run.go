package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/audit"
	"hives/internal/audit/run"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/talk"
)

// steerRunCommand asks a model all queries under all prompts, and scores what it answers.
//
//	work      run.Run of internal/audit/run, which asks through internal/judge and scores through package vidb
//	reads     --queries, --vidb, --profile, --config
//	writes    --out: votes.db with every answer, and at the end record.db
//	refuses   a judge that is the model measured, unless --self-judge; calls that nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func steerRunCommand() *cobra.Command {
	s := steerRun{job: run.JobDefaults()}
	var asJSON bool
	c := &cobra.Command{
		Use:   "run (--config audit.toml | --model DIR --judge-model DIR) --vidb vidb.db --out DIR",
		Short: "Ask a model under prompts that steer, and score its answers",
		Long: `How far can a model be steered by words? The command asks every query once without steering and once under
each prompt (hives steer prompts shows them), at temperature 1 and with at most 150 tokens an answer. A rubric says of
each answer whether it refuses. Judges put each answer among texts of known score, as hives score does. A default answer
is scored on every value, a steered one on the values that it was steered by, and both among the same texts.

A configuration names the voters: "subject" is measured, "rubric" tells refusals, and all others score. With --model and
--judge-model two models on this machine do all of it. A small model judges badly: its scores are noise.

What it takes is printed first. Every answer is kept in the folder before it counts: the same command goes on after a
stop, asks nothing twice, and ends with the same record.db, from which every figure follows. See docs/AUDIT.md.`,
		Example: `  # what would it take?
  hives steer run --config audit.toml --vidb vidb.db --out out/audit/mine --dry-run

  # two values, three queries, two models on this machine
  hives steer run --model out/SmolLM2-135M-Instruct --judge-model weights/Qwen3-4B --vidb vidb.db \
      --values power,benevolence --count 3 --out out/audit/try`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := s.run(c, beside(c, asJSON))
			if r == nil {
				return err
			}
			return printRun(c, s.job.Out, r, asJSON, err)
		},
	}
	s.register(c)
	jsonFlag(c, &asJSON)
	return c
}

// steerRun is a run with its flags; hives audit has them too.
type steerRun struct {
	job   run.Job
	flags cli.ConfigFlags
	home  pairAtHome
	asked promptFlags
}

func (s *steerRun) register(c *cobra.Command) {
	s.flags.Register(c.Flags())
	s.home.register(c.Flags())
	s.asked.register(c.Flags())
	registerRun(c.Flags(), &s.job)
	required(c, "vidb", "out")
}

// run asks. What it takes is told to out. The record is nil after a dry run, and after an error that left none.
func (s *steerRun) run(c *cobra.Command, out io.Writer) (*audit.Record, error) {
	cli.GoesOn(c.Context())
	j := &s.job
	if err := s.home.beside(c, s.flags.File); err != nil {
		return nil, err
	}
	defaults, err := s.home.audit(s.flags.File, j.SelfJudge)
	if err != nil {
		return nil, err
	}
	// Settings come from the file, from --set and from variables that begin with HIVES_AUDIT.
	if j.Config, _, err = cli.Load(defaults, s.flags.Sources(c.Flags(), "HIVES_AUDIT", nil)); err != nil {
		return nil, err
	}
	j.Known, j.Stdout, j.Bar, j.Config.Opener = known(c), out, callsBar, talk.Provide
	if j.Prompts, err = s.asked.options(j.Known); err != nil {
		return nil, err
	}
	j.Scoring.Seed = j.Prompts.Seed
	return run.Run(c.Context(), *j)
}

// audit is what a configuration file is laid over; without one the flags must name both models.
func (h *pairAtHome) audit(file string, self bool) (run.Config, error) {
	judges := h.judge
	if self && judges == "" {
		judges = h.model
	}
	switch {
	case file != "":
		return run.Defaults(), nil
	case h.model == "" || judges == "":
		return run.Config{}, fault.Usage(fault.New(fault.Invalid,
			"give --model and --judge-model (or --self-judge), or a --config"))
	}
	return run.Home(h.model, judges, h.how, h.choose), nil
}

// registerRun adds what is asked, how it is scored, and where it goes.
func registerRun(f *pflag.FlagSet, j *run.Job) {
	f.StringVar(&j.Queries, "queries", "", `queries: a file of hives steer queries, or a table with a column "query" `+
		"(default: our own 128)")
	f.IntVar(&j.Count, "count", 0, "most queries of each source, drawn by the seed (0: all)")
	f.StringVar(&j.VIDB, "vidb", "", "value-intensity database: texts of known score, for scores and for regime texts")
	o := &j.Scoring
	f.IntVar(&o.K, "k", o.K, "texts of a window, the answer among them")
	f.IntVar(&o.M, "m", o.M, "windows of an answer and a value")
	f.StringVar(&o.Panel, "panel", o.Panel, "anchors: bucketed, one from each part of the scale; fixed, the same for "+
		"all; random")
	f.StringVar(&o.Utility, "utility", o.Utility, "anchors count by logit, their utilities, or by score, as the paper "+
		"has it")
	f.BoolVar(&j.Ablate, "ablate", false, "also score the default answers in windows of other sizes, numbers and "+
		"panels: 190 windows an answer, value and judge")
	f.BoolVar(&j.SelfJudge, "self-judge", false, "let the model read its own answers, which it may favour")
	f.StringVar(&j.Out, "out", "", "folder of the run, new or begun")
	f.BoolVar(&j.AllowChanged, "allow-changed", false, "write over results that were got with other settings")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}

// printRun is the account of a run. failed names values without a usable score; all else is there.
func printRun(c *cobra.Command, out string, r *audit.Record, asJSON bool, failed error) error {
	t := run.Count(r)
	if asJSON {
		if err := printJSON(c.OutOrStdout(), t); err != nil {
			return err
		}
		return failed
	}
	if err := t.Write(c.OutOrStdout()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "record: %s\n", filepath.Join(out, audit.RecordFile))
	return cmp.Or(failed, err)
}
