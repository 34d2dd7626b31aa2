package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/embedfiles"
	"hives/internal/fault"
)

// embedCorpus is what the command's flags say. j is the shard's work as package embedfiles knows it, but for what
// run must first parse.
type embedCorpus struct {
	// What Run takes, what embeds, and the two flags that are neither.
	j      embedfiles.Job
	e      embedder.Options
	shard  string
	asJSON bool
}

// embedCorpusCommand embeds a shard; the commands below it look at what the shards wrote.
//
//	work      embedfiles.Run of internal/embedfiles; FORMAT.md there draws the folder
//	reads     a Parquet file with a column text; a model folder or an endpoint
//	writes    --out: parts of --block rows, and a manifest when the shard is done
//	refuses   an --out begun with another input, model, prompt or number of shards; a shard that another
//	          process holds
//	Ctrl-C    finished parts stay; exit 75, and the same command goes on with the next one
//
// Why parts of a fixed number of rows? Which shard does which part then follows from arithmetic, and no process
// needs to hear of another.
func embedCorpusCommand() *cobra.Command {
	k := &embedCorpus{}
	c := &cobra.Command{
		Use:   "embed-corpus --in FILE.parquet --shard i/n --model DIR|--endpoint grpc://… --out DIR",
		Short: "Embed a Parquet file of texts in shards that can be killed and started again",
		Long: `How do I embed millions of texts, on several machines, if any of them may be killed? ` +
			`The command embeds the column text
of a Parquet file. It writes Parquet parts with the columns row, text_id and vector. Each part holds a fixed number of
rows and is written as a whole.

Start n processes. Give each a shard i/n, with i from 0 to n−1. The processes share the folder --out and need nothing
else of each other. After a kill, run the same command again. It goes on with the first part that is missing. A shard
that is finished says so and exits with 0. A shard that a signal stops exits with 75, so that Kubernetes starts it
again.

Under one --out everything must stay the same: the input, the model, the prompt and the number of shards. Otherwise the
command refuses. See docs/DEPLOY.md for an indexed Job.`,
		Example: `  # two shards, on one machine or on two
  hives embed-corpus --in rows.parquet --shard 0/2 \
      --endpoint grpc://127.0.0.1:50051 --out vectors
  hives embed-corpus --in rows.parquet --shard 1/2 \
      --endpoint grpc://127.0.0.1:50051 --out vectors

  # is all of it there? then put it into one file
  hives embed-corpus verify vectors
  hives embed-corpus merge vectors vectors.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return k.run(c) },
	}
	k.register(c)
	c.AddCommand(embedCorpusVerifyCommand(), embedCorpusMergeCommand())
	return c
}

// register adds the flags.
func (k *embedCorpus) register(c *cobra.Command) {
	k.e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&k.j.In, "in", "", "Parquet file with a column text, and text_id if it has one")
	f.StringVar(&k.j.Out, "out", "", "folder that all shards write to")
	// One shard of one is the default, so that a single machine needs no flag.
	f.StringVar(&k.shard, "shard", "0/1", "which shard this is, i/n with i from 0")
	// 4,096 rows: 16 MiB with 1,024 numbers a vector (embedfiles.DefaultBlock).
	f.IntVar(&k.j.BlockRows, "block", embedfiles.DefaultBlock, "rows in a part; a kill costs at most one part")
	f.StringVar(&k.j.Prompt, "prompt", "", "text that is put before every text")
	jsonFlag(c, &k.asJSON)
	required(c, "in", "out")
}

// run looks at the input and the folder before it opens a model. An endpoint has its own precision, so only that of a
// model folder is part of the shard's identity.
func (k *embedCorpus) run(c *cobra.Command) (err error) {
	// A stop prints the same command again: given once more, the shard goes on with its next part.
	cli.GoesOn(c.Context())
	if k.j.Shard, err = embedfiles.ParseShard(k.shard); err != nil {
		return fault.Usage(err)
	}
	// Vectors of two precisions under one folder would be vectors of two models.
	if k.e.Endpoint == "" {
		k.j.Precision = k.e.Precision
	}
	if err := (places{read: []string{k.j.In}, folders: []string{k.j.Out}}).check(); err != nil {
		return err
	}
	if err := embedfiles.CheckInput(k.j.In); err != nil {
		return err
	}
	m, done, err := embedder.Open(c.Context(), k.e, c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer done()
	k.j.Progress = blockLines(c, k.j.Shard)
	r, err := embedfiles.Run(c.Context(), m, k.j)
	if err != nil {
		return err
	}
	if k.asJSON {
		return printJSON(c.OutOrStdout(), r.Manifest)
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), r)
	return err
}

// blockLines counts rows on stderr. Parts that an earlier start wrote are counted in silence: the first line says
// how far the shard was.
func blockLines(c *cobra.Command, s embedfiles.Shard) func(int, bool) {
	rows := 0
	return func(n int, before bool) {
		if rows += n; !before {
			c.PrintErrf("shard %s: %d rows\n", s, rows)
		}
	}
}
