package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/embedder"
	"hives/profiles"
)

// profileFit is what the command's flags say.
type profileFit struct {
	job    profiles.TextJob
	e      embedder.Options
	out    string
	asJSON bool
}

// profileFitCommand fits a profile model.
//
//	work      profiles.FitTextModel and TextModel.Write
//	reads     --vidb, scored texts; --rows, which texts are about what; a model
//	writes    --out, one SQLite file without a text; standard output: how good it is
//	refuses   values whose definition has changed since; theories without rows; --out that is an input
//	Ctrl-C    no file is written
func profileFitCommand() *cobra.Command {
	p := &profileFit{job: profiles.TextJob{Rules: profiles.TextDefaults()}}
	c := &cobra.Command{
		Use:   "fit --vidb vidb.db --rows rows.parquet --model DIR --out profile.db",
		Short: "Fit what reads values off texts, and say how good it is on groups that it has not seen",
		Long: `How strongly does a text support a value, as far as its vector tells? For every value of a database the
command fits a ridge from vectors to scores, an interval that should hold 90 % of unseen texts, and the probability that
a text is about the value at all. Rows say what texts are about.

It then leaves out a fifth of the groups five times and prints what the model does on them: how many texts its intervals
hold, how many it answers, beside the same for vectors dealt out anew and for the constant mean. A second table does so
for made-up authors, sets of 20 to 80 texts whose true mean is known. A value with fewer than 200 scored texts, or of
whose scores vectors tell less than a tenth, is unsupported: nothing will be said of it.

The file holds vectors and ids of the texts, and no text. The same inputs and seed give the same bytes. See
docs/PROFILES.md.`,
		Example: `  hives profile fit --vidb vidb.db --rows rows.parquet --model out/demo/model --out profile.db

  # of one value, with the model of a running daemon
  hives profile fit --vidb vidb.db --value mft/care-harm --rows rows.parquet \
      --endpoint grpc://127.0.0.1:50051 --out profile.db`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c) },
	}
	vidbFlag(c, &p.job.VIDB, &p.job.Values)
	p.e.Register(c.Flags())
	f := c.Flags()
	f.StringSliceVar(&p.job.Rows, "rows", nil, "annotated rows of the values' theories (.parquet or .csv)")
	f.StringVar(&p.out, "out", "", "SQLite file to write")
	f.Uint64Var(&p.job.Rules.Seed, "seed", 0, "seed of the parts that groups are dealt to")
	jsonFlag(c, &p.asJSON)
	required(c, "rows", "out")
	return c
}

// run looks at all paths before an engine opens.
func (p *profileFit) run(c *cobra.Command) error {
	p.job.Known = known(c)
	if err := spare(p.out, append([]string{p.job.VIDB}, p.job.Rows...)...); err != nil {
		return err
	}
	where := places{known: p.job.Known, rows: p.job.Rows, read: []string{p.job.VIDB}, files: []string{p.out}}
	if err := where.check(); err != nil {
		return err
	}
	enc, done, err := embedder.Open(c.Context(), p.e, c.ErrOrStderr())
	if err != nil {
		return err
	}
	p.job.Log = func(format string, a ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", a...) }
	model, err := profiles.FitTextModel(c.Context(), p.job, enc)
	done()
	if err != nil {
		return err
	}
	if err := model.Write(p.out); err != nil {
		return err
	}
	// Read back from the file: what is shown is what will answer.
	if model, err = profiles.OpenTextModel(p.out); err != nil {
		return err
	}
	if p.asJSON {
		return printJSON(c.OutOrStdout(), model)
	}
	if err := model.WriteReport(c.OutOrStdout()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "→ %s\n", p.out)
	return err
}
