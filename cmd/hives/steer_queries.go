package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/audit"
	"hives/internal/audit/queries"
	"hives/internal/embedder"
	"hives/internal/fault"
)

// steerQueriesCommand chooses what a model is asked in an audit.
//
//	work      queries.Choose of internal/audit/queries, source by source
//	reads     --source files; a model or an endpoint for sources of more texts than are wanted
//	writes    --out, a line a query
//	refuses   files without the columns of their source; a source that is too large, without an encoder
//	Ctrl-C    leaves no file: it takes a minute
func steerQueriesCommand() *cobra.Command {
	var e embedder.Options
	var sources []string
	var out string
	var seed uint64
	each := queries.Each
	c := &cobra.Command{
		Use:   "queries --source NAME=FILE … --out queries.jsonl",
		Short: "Choose queries that stand for whole collections",
		Long: `What should a model be asked in an audit? The program has 128 queries of its own: for each of 32 values two
dilemmas of everyday life and two questions of opinion, none of which names its value. hives steer run asks these where
it is given no others.

This command takes queries out of published collections: gpv, valuebench, opinionqa, moral-stories and moral-choice in
the forms in which their authors publish them, and any other table with a column "query". Of a source with more
distinct texts than --each, the vectors are grouped by k-means, and of each group the member nearest to its centre is
asked. "size" says how many texts it stands for. See docs/AUDIT.md.`,
		Example: `  # a hundred of each, by the vectors of a model
  hives steer queries --source moral-choice=high_ambiguity.csv \
      --source moral-stories=moral_stories.jsonl \
      --model out/demo/model --out queries.jsonl

  # a list of one's own, and ours
  hives steer queries --source mine=questions.csv --source own --each 128 --out queries.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			parsed, err := parseSources(sources, out)
			if err != nil {
				return err
			}
			all, err := chooseQueries(c, parsed, each, seed, e)
			if err != nil {
				return err
			}
			if err := queries.Write(out, all); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d queries of %d sources: %s\n", len(all), len(parsed), out)
			return err
		},
	}
	e.Register(c.Flags())
	f := c.Flags()
	f.StringArrayVar(&sources, "source", nil, "NAME=FILE[,FILE…], or own (may be repeated); NAME: "+
		strings.Join(queries.Published, ", ")+`, or any other for tables with a column "query"`)
	f.IntVar(&each, "each", each, "queries of a source")
	f.Uint64Var(&seed, "seed", 0, "seed of k-means")
	f.StringVar(&out, "out", "", "queries to write (.jsonl)")
	required(c, "source", "out")
	return c
}

// parseSources reads what --source says, and looks at all files before an engine opens.
func parseSources(all []string, out string) (parsed []queries.Source, err error) {
	if err := queries.CheckOut(out); err != nil {
		return nil, err
	}
	for _, text := range all {
		s, err := queries.ParseSource(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(parsed, func(p queries.Source) bool { return p.Name == s.Name }) {
			return nil, fault.Usage(fault.New(fault.Invalid, "--source %s stands twice: its queries would have equal ids; give "+
				"one --source %s=FILE,FILE", s.Name, s.Name))
		}
		if err := cmp.Or((places{read: s.Paths, files: []string{out}}).check(), spare(out, s.Paths...)); err != nil {
			return nil, err
		}
		parsed = append(parsed, s)
	}
	return parsed, nil
}

// chooseQueries opens the encoder only where one was named.
func chooseQueries(c *cobra.Command, all []queries.Source, each int, seed uint64, e embedder.Options,
) (out []audit.Query, err error) {
	var enc embedder.Embedder
	if e.Model != "" || e.Endpoint != "" {
		opened, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
		if err != nil {
			return nil, err
		}
		defer done()
		enc = opened
	}
	for _, s := range all {
		some, err := queries.Choose(c.Context(), s, each, seed, enc)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}
