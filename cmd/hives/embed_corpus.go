package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/embedfiles"
	"hives/internal/fault"
)

func embedCorpusCommand() *cobra.Command {
	var e embedder.Options
	var shard string
	var asJSON bool
	j := embedfiles.Job{}
	c := &cobra.Command{
		Use:   "embed-corpus --in FILE.parquet --shard i/n --model DIR|--endpoint grpc://… --out DIR",
		Short: "Embed a Parquet file of texts in shards that can be killed and started again",
		Long: `Embeds the column text of a Parquet file, one vector a row, into Parquet parts (row, text_id, vector) of a
fixed number of rows. Each of n processes takes a shard i/n, with i from 0; they need not hear of each other
and share --out only. A part is written as a whole: a shard that was killed goes on with its first missing
part when the same command runs again, and a finished one says so and exits 0. Another input, model, prompt
or number of shards under the same --out is refused. A stop by a signal exits 75, so that Kubernetes counts
the shard as not done. See docs/DEPLOY.md for an indexed Job.`,
		Example: `  hives embed-corpus --in rows.parquet --shard 0/2 --endpoint grpc://127.0.0.1:50051 --out vectors
  hives embed-corpus --in rows.parquet --shard 1/2 --endpoint grpc://127.0.0.1:50051 --out vectors
  hives embed-corpus verify vectors
  hives embed-corpus merge vectors vectors.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			cli.GoesOn(c.Context())
			if j.Shard, err = embedfiles.ParseShard(shard); err != nil {
				return fault.Usage(err)
			}
			if e.Endpoint == "" {
				j.Precision = e.Precision
			}
			if err := (places{read: []string{j.In}, folders: []string{j.Out}}).check(); err != nil {
				return err
			}
			if err := embedfiles.CheckInput(j.In); err != nil {
				return err
			}
			m, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
			if err != nil {
				return err
			}
			defer done()
			j.Progress = blockLines(c, j.Shard)
			r, err := embedfiles.Run(c.Context(), m, j)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r.Manifest)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), r)
			return err
		},
	}
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&j.In, "in", "", "Parquet file with a column text, and text_id if it has one")
	f.StringVar(&j.Out, "out", "", "folder that all shards write to")
	f.StringVar(&shard, "shard", "0/1", "which shard of how many, from 0")
	f.IntVar(&j.BlockRows, "block", embedfiles.DefaultBlock, "rows of a part: what a kill can cost")
	f.StringVar(&j.Prompt, "prompt", "", "put before every text")
	jsonFlag(c, &asJSON)
	required(c, "in", "out")
	c.AddCommand(embedCorpusVerifyCommand(), embedCorpusMergeCommand())
	return c
}

// blockLines counts rows on stderr.
func blockLines(c *cobra.Command, s embedfiles.Shard) func(int, bool) {
	rows := 0
	return func(n int, before bool) {
		if rows += n; !before {
			c.PrintErrf("shard %s: %d rows\n", s, rows)
		}
	}
}
