package main

import (
	"github.com/spf13/cobra"

	"hives/internal/report"
)

// reportCommand groups the pages that compare models.
// evaluate is no part of it: it measures one model, while these need several that belong together.
func reportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "report", Short: "Draw pages that compare trained models with controls", Args: cobra.NoArgs,
		Long: `What did the training change? These commands compare trained models with controls. ` +
			`"demo" compares one model with itself
before training and with a control. "experiment" judges several runs against their base; a file names them. Each writes
one page that needs no other files, and the page's figures.`,
		Example: `  hives report experiment --config configs/experiment.toml`,
	}
	c.AddCommand(reportDemoCommand(), reportExperimentCommand())
	return c
}

// reportDemoCommand takes models two by two where they only mean something together: random weights before and
// after, anchors and the rows assigned to them.
//
//	work      report.Demo of internal/report
//	reads     three models or more, one after another; rows; a run's log for its curves
//	writes    --out: metrics.json and report.html
//	refuses   half of a pair; an --out that cannot be written, before any model opens
//	Ctrl-C    no file of --out is half written
//
// What is learned is what lies above both: above the model before training, and above a control that was trained as
// long on permuted labels. Either alone would call luck or mere training a success.
func reportDemoCommand() *cobra.Command {
	var j report.DemoJob
	var kind string
	var length int
	c := &cobra.Command{
		Use:   "demo --before DIR --after DIR --control DIR --data FILE",
		Short: "Compare a model before and after training with one trained on permuted labels",
		Long: `Does training help, and is it the labels that help? ` +
			`The command measures three models on rows that none of them has
seen: the model before training, the model after training, and a control. The control was trained for as long on labels
that were dealt out anew.

It writes report.html, with examples and curves, and metrics.json. make demo ends with this command.`,
		Example: `  hives report demo --before runs/before/final --after runs/stage2/final \
      --control runs/control2/final --data rows/test.parquet \
      --train-data rows/train.parquet --run runs/stage1 --out report`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			models, err := openModels(c.Context(), kind, length, &j.Job, c)
			if err != nil {
				return err
			}
			defer models.Close()
			return report.Demo(c.Context(), j)
		},
	}
	c.Flags().StringVar(&j.Before, "before", "", "model folder before training")
	c.Flags().StringVar(&j.After, "after", "", "model folder after training")
	c.Flags().StringVar(&j.Control, "control", "", "model folder trained as long on permuted labels")
	c.Flags().StringVar(&j.Stage1, "stage1", "", "model folder between the stages, where --after is that of Stage 2")
	c.Flags().StringVar(&j.RandomBefore, "random-before", "",
		"model folder of random weights, where --before is pretrained")
	c.Flags().StringVar(&j.Random, "random", "", "model of --random-before after training on the same rows")
	// A trained model alone would have nothing to be compared with.
	c.MarkFlagsRequiredTogether("random-before", "random")
	// Read at the start, so that a folder without a log is said before anything is embedded.
	c.Flags().StringVar(&j.Run, "run", "", "folder of the training run, for its curves")
	c.Flags().StringVar(&j.Anchors, "anchors", "", "bank of cross-theory anchors to show")
	c.Flags().StringVar(&j.Assigned, "assigned", "", "rows that were assigned to the anchors")
	c.MarkFlagsRequiredTogether("anchors", "assigned")
	c.Flags().StringVar(&j.VIDB, "vidb", "", "database of intensities from people's grades: how far do vectors tell them?")
	jobFlags(c, &j.Job, &kind, &length, "out/demo")
	required(c, "before", "after", "control", "data")
	return c
}
