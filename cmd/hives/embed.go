package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/embedfiles"
)

// embedCommand turns a file of texts into a matrix of unit vectors.
//
//	work      embedfiles.ReadLines and embedfiles.EmbedLines of internal/embedfiles
//	reads     --in, a text a line; a model folder or an endpoint
//	writes    --out: float32 [N, d] in NumPy's format, row i for line i
//	refuses   a line that is wrong, by its number; --out that is --in
//	Ctrl-C    --out stays as it was; for work that is to go on after a stop there is embed-corpus
//
// The lines and the matrix stand in memory: this is the command for files that fit there.
func embedCommand() *cobra.Command {
	var e embedder.Options
	var in, out, prompt string
	c := &cobra.Command{
		Use:   "embed --model DIR --in FILE.jsonl --out FILE.npy",
		Short: "Embed a file of lines into a matrix of unit vectors",
		Long: `How do I get vectors for a file of texts? The command reads one text a line. A line is {"text": ` +
			`"…"} or {"ids": [1, 2,
…]}. In a .txt file each line is a text as it stands. It writes a float32 matrix [N, d] in NumPy's format. Row i is the
unit vector of line i.

A text that is too long is cut to the model's length. The model's end token is put behind it. Token ids are used as they
are, so the last of them should be the end token. If a line is wrong, the command names its number and writes no file.`,
		Example: `  echo '{"text": "I owe her the truth."}' > lines.jsonl
  hives embed --model out/demo/model --in lines.jsonl --out vectors.npy
  # → vectors.npy: 1 vectors of 384 numbers

  # through pipes, and from a running embedd
  printf '%s\n' "I owe her the truth." |
      hives embed --model out/demo/model --in - --out - > vectors.npy
  hives embed --endpoint grpc://127.0.0.1:50051 --in lines.jsonl --out v.npy

  # the matrix in Python
  python3 -c "import numpy; print(numpy.load('vectors.npy').shape)"
  # → (1, 384)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return embedFile(c, e, in, out, prompt) },
	}
	// RunE's closure sees the values as they are when it runs, after the flags were read.
	e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&in, "in", "", `texts to embed: JSON lines (.jsonl), or a text a line (.txt)`)
	f.StringVar(&out, "out", "", "matrix to write (.npy)")
	f.StringVar(&prompt, "prompt", "", "text that is put before every text; for queries: 'Instruct: …\\nQuery:'")
	f.IntVar(&e.Dimensions, "dimensions", 0, "keep the first numbers of each vector and normalise again; 0 keeps all")
	required(c, "in", "out")
	cli.TakesStdin(c, ".txt", "in")
	cli.TakesStdout(c, "out", ".npy")
	return c
}

// embedFile checks paths and reads all lines before it opens a model: a bad line costs no time of the engine's. Its
// order is that of every command that embeds: spare, places, input, engine, work, result.
func embedFile(c *cobra.Command, e embedder.Options, in, out, prompt string) error {
	// The input is read whole before the output is written, so writing over it would work once and lose the
	// texts.
	if err := spare(out, in); err != nil {
		return err
	}
	if err := (places{files: []string{out}}).check(); err != nil {
		return err
	}
	inputs, err := embedfiles.ReadLines(in, prompt)
	if err != nil {
		return err
	}
	enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
	if err != nil {
		return err
	}
	// done ends the progress line before a result is printed below it.
	n, id, err := embedfiles.EmbedLines(c.Context(), enc, inputs, in, out)
	done()
	if err == nil {
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d vectors of %d numbers\n", out, n, id.Dimension)
	}
	return err
}
