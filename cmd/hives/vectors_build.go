package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/fault"
	"hives/values"
)

// vectorsBuild is what the command's flags say. o holds all that the result depends on, besides rows, banks and the
// model.
type vectorsBuild struct {
	o        values.Options
	e        embedder.Options
	in, held string // rows, and those that vectors are held to
	out      string
	banks    []string
	asJSON   bool
}

// vectorsBuildCommand makes a file of value vectors.
//
//	work      values.BuildFile and Set.Write of package values
//	reads     rows, held-out rows, banks of anchor sentences, a model
//	writes    --out, one SQLite file, and the same tree as vectors show
//	refuses   rows that share a text or a group with the held-out rows; --out that is an input
//	Ctrl-C    no file is written
func vectorsBuildCommand() *cobra.Command {
	b := &vectorsBuild{o: values.Defaults()}
	c := &cobra.Command{
		Use:   "build --model DIR --data FILE --out values.db",
		Short: "Compute a vector for every value of every theory from annotated rows",
		Long: `Where does each value lie in this model's space? ` +
			`The command embeds annotated rows and writes a vector for every value
of every theory. There are four kinds. A value is directional if corpora have rows on both of its sides. It is a
prototype, without a sign, if it has other rows. It is unsupported if the validation rows bear out neither. It is absent
if it has no rows.

Regressions are stored with the vectors. They say how probable it is that a text is about a value, and which side it
takes. They are calibrated on the validation rows. A guard against nonsense is stored too.

embedd refuses vectors that another model made. The same rows, model and seed give the same bytes. See docs/VALUES.md.`,
		Example: `  # build them, then serve them with their model
  hives vectors build --model out/demo/model \
      --data out/demo/rows/train.parquet \
      --validation out/demo/rows/validation.parquet --out values.db
  embedd --model out/demo/model --vectors values.db

  # with the model of a running daemon
  hives vectors build --endpoint grpc://127.0.0.1:50051 \
      --data train.parquet --out values.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return b.run(c) },
	}
	b.register(c)
	cli.TakesStdin(c, ".csv", "data", "validation")
	return c
}

// register adds the flags.
func (b *vectorsBuild) register(c *cobra.Command) {
	b.e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&b.in, "data", "", "annotated rows, preferably those of training (.parquet or .csv)")
	f.StringVar(&b.held, "validation", "", "annotated rows on which vectors are tested and scores calibrated; "+
		"they must share no text and no group with --data (default: a quarter of the groups of --data)")
	// The default and its reason stand in docs/VALUES.md, with what each way measured.
	f.StringVar((*string)(&b.o.Sides), "sides", string(b.o.Sides),
		"how the two sides of a signed vector are taken: within each corpus, or pooled over all corpora as in the "+
			"paper")
	f.StringVar(&b.out, "out", "", "SQLite file to write")
	// The sentences take no part in making a value's vector; they are kept so that a text can be near one.
	f.StringArrayVar(&b.banks, "anchors", []string{values.Inventory},
		"bank of anchor sentences to embed too: a file, a folder of banks, 'inventory' for the built-in one, '' "+
			"for none (may be repeated)")
	f.Uint64Var(&b.o.Seed, "seed", b.o.Seed, "seed of the resamples")
	f.IntVar(&b.o.Resamples, "resamples", b.o.Resamples, "number of bootstrap draws over groups; spreads, weights "+
		"and intervals are taken from them")
	f.IntVar(&b.o.MinSide, "min-side", b.o.MinSide, "rows that each side of a directional vector needs; with "+
		"--sides within they must be in one corpus")
	f.IntVar(&b.e.Dimensions, "dimensions", 0, "keep the first numbers of each vector and normalise again; 0 keeps all")
	jsonFlag(c, &b.asJSON)
	required(c, "data", "out")
}

// run checks all that can be checked without a model, and only then opens one: a mistyped path is said in a moment, not
// after the rows were embedded.
func (b *vectorsBuild) run(c *cobra.Command) error {
	if err := b.o.Validate(); err != nil {
		return fault.Usage(err)
	}
	if err := spare(b.out, append(b.banks, b.in, b.held)...); err != nil {
		return err
	}
	// Banks are read before the engine opens: a file that is no bank is said at once.
	b.o.Theories = known(c)
	anchors, err := values.ReadBanks(b.banks, known(c))
	if err != nil {
		return err
	}
	if err := (places{known: known(c), rows: []string{b.in, b.held}, files: []string{b.out}}).check(); err != nil {
		return err
	}
	enc, done, err := embedder.Open(c.Context(), b.e, c.ErrOrStderr())
	if err != nil {
		return err
	}
	// What the build says of its steps goes to standard error: standard output is the tree, or one JSON object.
	b.o.Log = func(format string, a ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", a...) }
	set, err := values.BuildFile(c.Context(), b.in, b.held, anchors, enc, b.o)
	// The engine is not needed any more, and its bar would stand in the way of the tree.
	done()
	if err != nil {
		return err
	}
	if err := set.Write(b.out); err != nil {
		return err
	}
	// Read back from the file: what is shown is what embedd will open.
	return showVectors(c, b.out, b.asJSON)
}
