package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/data/survey"
	"hives/encoder"
	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/opinion"
)

// profileBuildCommand makes profiles of the groups of a survey.
//
//	work      opinion.Build of internal/opinion, which asks through internal/judge and scores by package vidb
//	reads     --survey; --vidb, texts of known score; --config, a writer and judges; --model, which makes vectors
//	writes    --out: votes.db with every answer, then statements, scores, profiles.json, profiles.csv, profiles.html
//	refuses   a survey of which no question makes a profile or none is left; calls that nobody agreed to pay for
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
func profileBuildCommand() *cobra.Command {
	b := opinion.DefaultBuild()
	var config cli.ConfigFlags
	var e embedder.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "build --survey PATH --vidb vidb.db --model DIR --config judges.toml --out DIR",
		Short: "Make profiles of the groups of a survey from some of its questions",
		Long: `Which values do the answers of a group support? The command takes a share of the questions of OpinionQA.
A language model, the writer, puts each option into a sentence. Judges score each sentence for each value, as hives
score does. A vector model says how near it is to the value. The profile sums this up by the group's shares.

--survey is a folder of Pew's waves, or the JSON list of Modular Pluralism. The other questions are kept for hives
opinionqa: a question never makes a profile and tests it. The configuration holds a voter named writer, and judges of
other names.

The page and the table say of each figure how far it lies from the other groups, and whether that is more than noise.
Every answer is stored in --out before it counts. See docs/PROFILES.md.`,
		Example: `  # what would it take?
  hives profile build --survey opinionqa.json --vidb vidb.db --model out/demo/model \
      --config judges.toml --out out/profiles --dry-run

  # the made-up survey of this repository, half of its questions
  hives profile build --survey data/survey/testdata/madeup --share .5 --vidb vidb.db \
      --model out/demo/model --config judges.toml --out out/madeup --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			cli.GoesOn(c.Context())
			if err := e.Validate(); err != nil {
				return err
			}
			b.Known, b.Stdout, b.Bar = known(c), beside(c, asJSON), callsBar
			b.Embed = func(ctx context.Context) (encoder.Encoder, func(), error) {
				return embedder.Open(ctx, e, c.ErrOrStderr())
			}
			if b.Config, err = judges(c, config, "HIVES_PROFILE"); err != nil {
				return err
			}
			return runBuild(c, b, asJSON)
		},
	}
	vidbFlag(c, &b.VIDB, &b.Values)
	config.Register(c.Flags())
	e.Register(c.Flags())
	registerBuild(c.Flags(), &b)
	jsonFlag(c, &asJSON)
	required(c, "survey", "out")
	return c
}

// runBuild makes the profiles and shows them.
func runBuild(c *cobra.Command, b opinion.Build, asJSON bool) error {
	p, err := b.Run(c.Context())
	if err != nil || p == nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), p)
	}
	if err := p.WriteText(c.OutOrStdout()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "page: %s\n", filepath.Join(b.Out, opinion.PageFile))
	return err
}

// registerBuild adds the survey, what is made of it, and where it goes.
func registerBuild(f *pflag.FlagSet, b *opinion.Build) {
	f.StringVar(&b.Survey, "survey", "", "OpinionQA: a folder of Pew's waves, or the list of Modular Pluralism (JSON)")
	f.Float64Var(&b.Share, "share", survey.DefaultShare, "share of the questions that make the profiles")
	f.StringVar((*string)(&b.Weighting), "weighting", string(b.Weighting), "paper: mean of weight and intensity; joint: "+
		"the weight within the sum; weighted_mean: in units of intensity")
	f.IntVar(&b.Nearest, "nearest", 0, "score a statement for so many values, those nearest to it; 0 for all: cheaper, "+
		"but values far from all statements get none")
	f.IntVar(&b.Score.K, "k", b.Score.K, "texts of a window, the statement among them")
	f.IntVar(&b.Score.M, "m", b.Score.M, "windows of a statement and value")
	f.StringVar(&b.Score.Utility, "utility", b.Score.Utility, "anchors count by logit, their utilities, or by score")
	f.Uint64Var(&b.Seed, "seed", 0, "seed that deals questions to the profile or to its test")
	f.StringVar(&b.Out, "out", "", "folder of the run, new or begun")
	f.BoolVar(&b.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&b.DryRun, "dry-run", false, "say what it would take in requests, tokens and money, and ask nobody")
}
