package main

import (
	"github.com/spf13/cobra"

	"hives/internal/anchors"
	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/talk"
)

// anchorsBuild is what the command's flags say. It is a type of its own, since the command has more flags than one
// function can show: register adds them, run uses them.
type anchorsBuild struct {
	j   anchors.BuildJob
	e   embedder.Options
	llm string // file of the model that writes the sentences
}

// anchorsBuildCommand makes a bank of anchors.
//
//	work      anchors.RunBuild of internal/anchors
//	reads     training rows, a model; with --previous an earlier bank, with --llm a language model
//	writes    --out, the bank; --html, its page; --review, anchors that wait for people; --db, the answers of
//	          the language model
//	refuses   rows that share a text or a group with held-out rows; the weights that the anchors are to train
//	Ctrl-C    no bank is written; with --llm the answers stay in --db, and the same command goes on
//
// Why are those rows and weights refused? An anchor fitted on test rows would teach the examination. An anchor
// fitted by the model itself would teach it its own opinion.
func anchorsBuildCommand() *cobra.Command {
	b := &anchorsBuild{j: anchors.BuildJob{Options: anchors.Defaults()}}
	c := &cobra.Command{
		Use:   "build --rows train.parquet --model DIR --out anchors.parquet",
		Short: "Cluster training rows into anchors",
		Long: `Which sentences stand for what the training rows are about? ` +
			`The command embeds the distinct texts with a model that is
not trained. It groups them by spherical k-means and merges clusters that nearly coincide. It drops small clusters. Each
of the others becomes an anchor with a sentence and an id.

The file says which rows and which model it was made from. Rows of validation or test are refused, since the anchors are
for training. The weights that will be trained are refused too (--not-for). See docs/ANCHORS.md.`,
		Example: `  # a bank, and a page that draws it
  hives anchors build --rows rows/train.parquet --model out/demo/model \
      --out anchors.parquet --html anchors.html

  # let people look over the sentences with hives review
  hives anchors build --rows rows/train.parquet --model DIR \
      --out anchors.parquet --review review.db

  # keep the ids and the reviewed sentences of an earlier bank
  hives anchors build --rows rows/train.parquet --model DIR \
      --previous reviewed.parquet --out new.parquet`,
		Args: cobra.NoArgs,
		// A closure over b: the flags are read into it before RunE is called.
		RunE: func(c *cobra.Command, _ []string) error { return b.run(c) },
	}
	b.register(c)
	return c
}

// register adds the flags.
func (b *anchorsBuild) register(c *cobra.Command) {
	b.e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&b.j.Options.Rows, "rows", "", "training rows (.parquet or .csv)")
	f.StringVar(&b.j.Out, "out", "", "bank to write (.parquet)")
	f.StringVar(&b.j.Page, "html", "", "also draw the space on a self-contained page")
	// Without the flag the neighbours of --rows are held out, since that is how hives data split leaves them.
	f.StringArrayVar(&b.j.Options.HeldOut, "held-out", nil, "rows that must share no text and no group with "+
		"--rows (default: validation and test beside it)")
	f.StringArrayVar(&b.j.NotFor, "not-for", nil, "model that these anchors will train: its folder, or the "+
		"SHA-256 of its weights; it is refused as the embedder")
	// Ids matter because rows name anchors by them: a new bank with new ids would make every assigned row wrong.
	f.StringVar(&b.j.Options.Previous, "previous", "", "earlier bank; where a cluster continues one of its "+
		"anchors, it keeps the id and the reviewed sentence")
	f.StringVar(&b.j.Review, "review", "", "votes file in which the anchors wait for hives review; it is created "+
		"if it is not there")
	// The defaults of the clustering are those of anchors.Defaults: a flag shows what the package would do anyway.
	k := &b.j.Options.KMeans
	f.IntVar(&k.K, "k", k.K, "number of clusters to begin with")
	f.Uint64Var(&k.Seed, "seed", 1, "seed of the starts")
	f.IntVar(&k.Restarts, "restarts", k.Restarts, "number of fits from different starts; the best is kept")
	f.IntVar(&k.MaxPasses, "max-passes", k.MaxPasses, "largest number of passes over all texts in one fit")
	f.IntVar(&k.BatchSize, "mini-batch", 0, "texts in a mini-batch; 0 uses mini-batches only for more than "+
		"200,000 texts, -1 never")
	f.IntVar(&b.j.Options.Exemplars, "exemplars", b.j.Options.Exemplars, "largest number of exemplars of an anchor")
	f.IntVar(&b.j.Options.MinExemplars, "min-exemplars", b.j.Options.MinExemplars,
		"clusters with fewer exemplars are dropped")
	f.Float64Var(&b.j.Options.Merge, "merge", b.j.Options.Merge,
		"merge clusters whose centres are at most this far apart, in spreads (a spread is the mean distance of "+
			"two texts)")
	f.Float64Var(&b.j.Options.Match, "match", b.j.Options.Match,
		"how far a cluster may be from the earlier anchor that it continues, in spreads")
	f.StringVar(&b.llm, "llm", "", "TOML file that names the model that writes the sentences, at an endpoint or local "+
		"(default: the medoid's text)")
	f.StringVar(&b.j.DB, "db", "", "file that keeps the model's answers, with --llm")
	// A language model without a file for its answers would be asked, and paid, again after every stop.
	c.MarkFlagsRequiredTogether("llm", "db")
	jsonFlag(c, &b.j.JSON)
	required(c, "rows", "out")
}

// run looks at every path before it opens a model. With a language model to write the sentences a stopped run goes on:
// its answers so far are stored.
func (b *anchorsBuild) run(c *cobra.Command) error {
	// The model's own file is read first, since a mistake in it is found without any rows.
	if b.llm != "" {
		cli.GoesOn(c.Context())
		cfg, _, err := cli.Load(anchors.DefaultLLM(), cli.Sources{File: b.llm})
		if err != nil {
			return err
		}
		cfg.Opener = talk.Provide
		b.j.LLM = &cfg
	}
	b.j.Options.Theories = known(c)
	o := b.j.Options
	p := places{known: known(c), rows: []string{o.Rows}, read: []string{o.Previous},
		files: []string{b.j.Out, b.j.Page, b.j.Review, b.j.DB}}
	if err := p.check(); err != nil {
		return err
	}
	enc, done, err := embedder.Open(c.Context(), b.e, c.ErrOrStderr())
	if err != nil {
		return err
	}
	// The account goes to standard output, restarts and what waits for review to standard error.
	b.j.Stdout, b.j.Log = c.OutOrStdout(), c.ErrOrStderr()
	defer done()
	return anchors.RunBuild(c.Context(), enc, b.j)
}
