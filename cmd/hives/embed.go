package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/encoder/local"
	"hives/internal/cli"
	"hives/internal/embedfile"
	"hives/internal/engine"
)

// embedOptions are the flags of hives embed.
type embedOptions struct {
	model, in, out, prompt, engine, precision string
	dimensions, threads                       int
}

func embedCommand() *cobra.Command {
	var o embedOptions
	c := &cobra.Command{
		Use:   "embed --model DIR --in FILE.jsonl --out FILE.npy",
		Short: "Embed a file of lines into a matrix of unit vectors",
		Long: `Embeds lines {"text": "…"} or {"ids": [1, 2, …]} and writes float32 [N, d] in NumPy's format: unit rows in
input order. Texts are cut to the model's length and get its end token; ids are used as they are, so
their last one should be the end token. A bad line fails with its number and leaves no file.`,
		Example: `  echo '{"text": "I owe her the truth."}' > lines.jsonl
  hives embed --model out/demo/model --in lines.jsonl --out vectors.npy
  python3 -c "import numpy; print(numpy.load('vectors.npy').shape)"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runEmbed(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.model, "model", "", "model folder")
	f.StringVar(&o.in, "in", "", "JSON lines")
	f.StringVar(&o.out, "out", "", "matrix to write (.npy)")
	f.StringVar(&o.prompt, "prompt", "", "put before every text, for queries: 'Instruct: …\\nQuery:'")
	f.IntVar(&o.dimensions, "dimensions", 0, "keep the first numbers of each vector and normalise again; 0 keeps all")
	f.StringVar(&o.precision, "precision", "f32", "f32, mixed (bf16 operands) or bf16 (all of it; quicker, differs by about 1e-2)")
	f.StringVar(&o.engine, "engine", "", engine.FlagUsage)
	f.IntVar(&o.threads, "threads", 0, "threads of one computation, 0 for one a core")
	required(c, "model", "in", "out")
	return c
}

func runEmbed(c *cobra.Command, o embedOptions) error {
	eng, err := engine.Open(c.Context(), engine.Options{Kind: engine.Kind(o.engine), Threads: o.threads})
	if err != nil {
		return err
	}
	defer eng.Close()
	c.PrintErrln(eng.Choice)
	var bar *cli.Progress
	last := 0
	enc, err := local.Open(o.model, eng.Backend, string(eng.Name), local.Options{
		Precision: o.precision, Dimensions: o.dimensions,
		Progress: func(done, total int) {
			if bar == nil {
				bar = cli.NewProgress("embed", "texts", int64(total), 0)
			}
			bar.Add(int64(done - last))
			last = done
		},
	})
	if err != nil {
		return err
	}
	defer enc.Close()
	n, id, err := embedfile.Run(c.Context(), enc, o.in, o.out, o.prompt)
	bar.Close()
	if err == nil {
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d vectors of %d numbers\n", o.out, n, id.Dimension)
	}
	return err
}
