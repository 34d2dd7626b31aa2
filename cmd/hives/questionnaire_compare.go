package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hives/internal/columns"
	"hives/internal/embedder"
	"hives/internal/interview"
	"hives/internal/interview/compare"
)

// questionnaireCompareCommand sets finished runs beside each other.
//
//	work      compare.Run of internal/interview/compare
//	reads     folders of questionnaire run, --points, --bench; with --questions a file of questions and an encoder
//	writes    --out: compare.json, a CSV a table, an SVG a picture, and all of it in report.html
//	refuses   runs of other inventories, files of several runs, points that name what is not there
//	Ctrl-C    --out appears whole or not at all
func questionnaireCompareCommand() *cobra.Command {
	j := compare.Job{Ties: interview.Soft}
	var e embedder.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare BASE [RUN…] --out DIR",
		Short: "Set questionnaires of several models beside each other",
		Long: `What did fine-tuning or fusing change in what a model holds by its own answers? The command sets finished runs
of one inventory beside each other, the first of them as the base. It writes one page, and all figures as CSV, JSON
and SVG.

It shows how values correlate, raw and centred; a map of them, each model's turned onto the base's; how well the map
follows the theory's circle, against permuted values; what changed from the base, with intervals over personas; and
every scale on a radar. --points says which value and degree each run was trained on: then there are curves of
degree and score, with Kendall's τ. --bench adds figures of llm-bench. --questions draws the questions of data and
questionnaire by the principal components of their vectors.`,
		Example: `  hives questionnaire compare out/questionnaire/base out/questionnaire/plus out/questionnaire/minus \
      --points points.json --out out/compare
  hives questionnaire compare out/q/base out/q/tuned --bench out/bench/base --bench out/bench/tuned --out out/compare
  hives questionnaire compare out/q/base out/q/tuned --questions sft.jsonl --model out/demo/model --out out/compare`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			j.Runs = args
			if j.Questions != "" {
				enc, done, err := embedder.Open(c.Context(), e, c.ErrOrStderr())
				if err != nil {
					return err
				}
				defer done()
				j.Encoder = enc
			}
			r, err := compare.Run(c.Context(), j)
			switch {
			case err != nil:
				return err
			case asJSON:
				return printJSON(c.OutOrStdout(), r)
			}
			return printCompared(c, j.Out, r)
		},
	}
	f := c.Flags()
	f.StringVar(&j.Out, "out", "", "folder to write, which must not be there")
	f.StringVar(&j.Points, "points", "", "which value and degree each run was trained on (JSON)")
	f.StringArrayVar(&j.Bench, "bench", nil, "folder of a run of llm-bench, several times")
	f.StringVar(&j.Questions, "questions", "", "questions of the data (jsonl, rows of train --stage=sft), to be drawn by "+
		"their vectors")
	f.Uint64Var(&j.Seed, "seed", 0, "seed of resampling and of permutations")
	f.StringVar(&j.Ties, "ties", j.Ties, tiesUsage)
	e.Register(f)
	jsonFlag(c, &asJSON)
	required(c, "out")
	return c
}

func printCompared(c *cobra.Command, out string, r *compare.Result) error {
	w := c.OutOrStdout()
	fmt.Fprintln(w, r.Warning)
	t := columns.NewTable(w)
	fmt.Fprint(t, "model\tpersonas\tmean r raw\tcentred\tstress\tcircle r\tp\tmap from base\n")
	for _, m := range r.Models {
		fmt.Fprintf(t, "%s\t%d of %d\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Kept, m.Personas, two(m.MeanRaw),
			two(m.MeanCentred),
			two(m.Stress), two(m.CircleR), two(m.CircleP), two(m.Disparity))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, x := range r.Curves {
		fmt.Fprintf(w, "%s, %s: τ %s of degree and score\n", x.Name, x.Strategy, two(x.Tau))
	}
	_, err := fmt.Fprintf(w, "page: %s\n", filepath.Join(out, compare.PageFile))
	return err
}
