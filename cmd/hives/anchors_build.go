package main

import (
	"github.com/spf13/cobra"

	"hives/internal/anchors"
	"hives/internal/cli"
	"hives/internal/embedder"
)

func anchorsBuildCommand() *cobra.Command {
	j := anchors.BuildJob{Options: anchors.Defaults()}
	var e embedder.Options
	var config string
	c := &cobra.Command{
		Use:   "build --rows train.parquet --model DIR --out anchors.parquet",
		Short: "Cluster training rows into anchors",
		Long: `Embeds the distinct texts of the rows with a frozen model, groups them by spherical k-means, merges
near-duplicate clusters, drops small ones and gives each of the others a sentence and an id. The file says
what it rests on. Rows of validation or test and the weights to be trained are refused. docs/ANCHORS.md.`,
		Example: `  hives anchors build --rows rows/train.parquet --model out/demo/model --out anchors.parquet --html anchors.html

  # put the sentences up for hives review
  hives anchors build --rows rows/train.parquet --model DIR --out anchors.parquet --review review.db

  # keep the ids and the reviewed sentences of an earlier bank
  hives anchors build --rows rows/train.parquet --model DIR --previous reviewed.parquet --out new.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if config != "" {
				cli.GoesOn(c.Context()) // with the model's answers so far
				cfg, _, err := cli.Load(anchors.DefaultLLM(), cli.Sources{File: config})
				if err != nil {
					return err
				}
				j.LLM = &cfg
			}
			p := places{rows: []string{j.Options.Rows}, read: []string{j.Options.Previous}, files: []string{j.Out, j.Page, j.Review, j.DB}}
			if err := p.check(); err != nil {
				return err
			}
			enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
			if err != nil {
				return err
			}
			j.Stdout, j.Log = c.OutOrStdout(), c.ErrOrStderr()
			defer done()
			return anchors.RunBuild(c.Context(), enc, j)
		},
	}
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&j.Options.Rows, "rows", "", "training rows (.parquet or .csv)")
	f.StringVar(&j.Out, "out", "", "bank to write (.parquet)")
	f.StringVar(&j.Page, "html", "", "also draw the space on a self-contained page")
	f.StringArrayVar(&j.Options.HeldOut, "held-out", nil, "rows that may share no text or group with --rows (default: validation and test beside it)")
	f.StringArrayVar(&j.NotFor, "not-for", nil, "model folder, or SHA-256 of its weights, that these anchors will train: refused as embedder")
	f.StringVar(&j.Options.Previous, "previous", "", "earlier bank, whose ids and reviewed sentences are kept where clusters continue")
	f.StringVar(&j.Review, "review", "", "votes file in which the anchors wait for hives review; created where there is none")
	k := &j.Options.KMeans
	f.IntVar(&k.K, "k", k.K, "number of clusters to begin with")
	f.Uint64Var(&k.Seed, "seed", 1, "seed of the starts")
	f.IntVar(&k.Restarts, "restarts", k.Restarts, "fits from different starts, of which the best is kept")
	f.IntVar(&k.MaxPasses, "max-passes", k.MaxPasses, "most passes over all texts in one restart")
	f.IntVar(&k.BatchSize, "mini-batch", 0, "texts of a mini-batch; 0 takes batches beyond 200,000 texts only, -1 never")
	f.IntVar(&j.Options.Exemplars, "exemplars", j.Options.Exemplars, "most exemplars of an anchor")
	f.IntVar(&j.Options.MinExemplars, "min-exemplars", j.Options.MinExemplars, "clusters with fewer are dropped")
	f.Float64Var(&j.Options.Merge, "merge", j.Options.Merge, "two clusters are one up to this distance of their centres, in spreads (mean distance of two texts)")
	f.Float64Var(&j.Options.Match, "match", j.Options.Match, "furthest that a cluster may be from the earlier anchor it continues, in spreads")
	f.StringVar(&config, "llm", "", "TOML file of the endpoint and model that write the sentences (default: the medoid's text)")
	f.StringVar(&j.DB, "db", "", "file that keeps the model's answers, with --llm")
	c.MarkFlagsRequiredTogether("llm", "db")
	jsonFlag(c, &j.JSON)
	required(c, "rows", "out")
	return c
}
