package main

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/vidb"
)

// scoreCommand scores responses against a database.
//
//	work      vidb.ScoreResponses of package vidb, which asks through internal/judge
//	reads     --in, responses; --vidb, texts of known score; --config, judges and endpoints; vectors of both
//	writes    --db, every answer; at the end --out
//	refuses   calls that nobody agreed to pay for; a database whose value has another definition by now; vectors that
//	          tell too little
//	stops     at the budget, at endpoints that fail, at a signal: exit 75, and the same command asks nothing twice
//	--dry-run says what it would take and asks nobody
//
// Why is it no step of hives vidb? A database stands when it is used here, and may come from somebody else.
func scoreCommand() *cobra.Command {
	j := vidb.ScoreJob{Options: vidb.DefaultScore()}
	var config cli.ConfigFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "score --in responses.jsonl --vidb vidb.db --config judges.toml --db votes.db --out scores.jsonl",
		Short: "Score responses by where judges put them among texts of known score",
		Long: `How strongly does each response support a value? Judges put it into order with texts whose scores a
value-intensity database knows, in --m windows of --k texts. Where it stands among them is its score from -10 to 10. The
judges see the response and not the query.

A response needs "id" and "response". "query" and "dataset" are kept; "refused" is kept and counted. Texts of its
"group" are no anchors, and responses of one "pair" meet the same anchors. Every score comes with its interval of 95 %:
with the defaults that of one response is about seven units wide, so means carry claims. A response without words is
"empty", one without a usable answer is "unranked", and neither has a score.

Every answer is stored in --db before it counts, and is not asked for again. See docs/INTENSITY.md.`,
		Example: `  # what would it take?
  hives score --in responses.jsonl --vidb vidb.db --value mft/care-harm \
      --config judges.toml --db votes.db --out scores.jsonl --dry-run

  # score
  hives score --in responses.csv --vidb vidb.db --config judges.toml --db votes.db \
      --out scores.parquet --yes

  # with what vectors tell as a prior: single scores from fewer windows
  hives score --in responses.jsonl --vidb vidb.db --value mft/care-harm --m 2 \
      --estimate posterior --prior-vectors pool.npy --response-vectors responses.npy \
      --config judges.toml --db votes.db --out scores.jsonl --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.GoesOn(c.Context())
			j.Known, j.Stdout, j.Bar = known(c), beside(c, asJSON), callsBar
			if err := spare(j.Out, j.In, j.Path, j.Votes, config.File, j.PriorVectors, j.ResponseVectors); err != nil {
				return err
			}
			if err := (places{known: j.Known, read: []string{j.In}}).check(); err != nil {
				return err
			}
			var err error
			if j.Config, err = judges(c, config, "HIVES_SCORE"); err != nil {
				return err
			}
			summaries, failed := vidb.ScoreResponses(c.Context(), j)
			if len(summaries) == 0 {
				return failed
			}
			return errors.Join(printSummaries(c, summaries, asJSON), failed)
		},
	}
	vidbFlag(c, &j.Path, &j.Values)
	config.Register(c.Flags())
	registerScore(c.Flags(), &j)
	jsonFlag(c, &asJSON)
	required(c, "in", "out", "db")
	return c
}

// registerScore adds what is scored, how, and where it goes.
func registerScore(f *pflag.FlagSet, j *vidb.ScoreJob) {
	f.StringVar(&j.In, "in", "", `responses: lines {"id": …, "response": …} (.jsonl), or a table (.csv, .tsv)`)
	f.StringVar(&j.Votes, "db", "", "votes file, created where there is none")
	f.StringVar(&j.Out, "out", "", "scores to write (.jsonl, .csv or .parquet)")
	o := &j.Options
	f.IntVar(&o.K, "k", o.K, "texts of a window, the response among them")
	f.IntVar(&o.M, "m", o.M, "windows of a response")
	f.StringVar(&o.Panel, "panel", o.Panel, "anchors: bucketed, one from each part of the scale; fixed, the same for "+
		"all; random")
	f.StringVar(&o.Format, "format", o.Format, "default: an order; oneshot: with an example")
	f.StringVar(&o.Utility, "utility", o.Utility, "anchors count by logit, their utilities, or by score, as the paper "+
		"has it")
	f.StringVar(&o.Scale, "scale", o.Scale, "a judge's sharpness: fit, to how it orders the anchors; one")
	f.StringVar(&o.Estimate, "estimate", o.Estimate, "mle; posterior: shrunk to the pool, for single texts alone")
	f.StringVar(&j.PriorVectors, "prior-vectors", "", "vectors of the pool's texts (.npy): what a response's vector "+
		"tells is its prior; with --estimate posterior, for one value")
	f.StringVar(&j.ResponseVectors, "response-vectors", "", "vectors of the responses that have words (.npy), in the "+
		"order of --in")
	f.Float64Var(&o.MaxSE, "max-se", 0, "largest standard error of an anchor in logits (0: any)")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of anchors and places")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.BoolVar(&j.DryRun, "dry-run", false, "say what it would take in calls, tokens, money and hours, and ask nobody")
}

// printSummaries prints a table, or one JSON list.
// The rows are in --out; what is printed sums them up.
func printSummaries(c *cobra.Command, summaries []vidb.ScoreSummary, asJSON bool) error {
	if asJSON {
		return printJSON(c.OutOrStdout(), summaries)
	}
	return vidb.WriteSummaries(c.OutOrStdout(), summaries)
}
