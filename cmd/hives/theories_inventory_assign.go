package main

import (
	"context"

	"github.com/spf13/cobra"

	"hives/data/anchors"
	"hives/data/inventory"
	"hives/encoder"
	"hives/internal/cli"
	"hives/internal/embedder"
)

// inventoryAssignCommand ties rows to sentences of the inventory.
func inventoryAssignCommand() *cobra.Command {
	var in, out, bank string
	var e embedder.Options
	limits := inventory.DefaultLimits()
	var notFor []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "assign --model DIR --in FILE --out FILE",
		Short: "Write the nearest sentence of each row's own value into individual_anchor",
		Long: `Gives each row the id of the sentence nearest to its text, among those tied to the row's value or to a
value above or below it, or -1 where none is near enough. The limits are shares of the spread, the mean
distance of two sentences. The model is only read. It must not be the one that Stage 2 will train, which
--not-for names, nor one trained on these assignments. docs/INVENTORY.md.`,
		Example: `  hives theories inventory assign --model weights/Qwen3-Embedding-0.6B --in rows.parquet --out rows.parquet`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := (places{rows: []string{in}, files: []string{out, bank}}).check(); err != nil {
				return err
			}
			enc, done, err := embedder.Open(cmd.Context(), e, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer done()
			embedder := enc.Identity().WeightsSHA256
			if err := refuseWeights(embedder, notFor); err != nil {
				return err
			}
			report, err := inventory.AssignFile(cmd.Context(), in, out, embedWith(enc), limits)
			if err != nil {
				return err
			}
			if bank != "" {
				if err := anchors.Write(bank, inventory.BankAssignedBy(embedder)); err != nil {
					return err
				}
			}
			if report.Embedder = embedder; asJSON {
				return printJSON(cmd.OutOrStdout(), report)
			}
			return report.WriteTable(cmd.OutOrStdout())
		},
	}
	e.Register(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&in, "in", "", "rows to read (.parquet or .csv)")
	flags.StringVar(&out, "out", "", "rows to write; may be the same file")
	flags.StringVar(&bank, "bank", "", "also write the inventory as the bank that Stage 2 takes, with the model on record (.parquet)")
	flags.Float64Var(&limits.Margin, "margin", limits.Margin, "least lead of the nearest sentence over the second nearest, in spreads")
	flags.Float64Var(&limits.MaxDistance, "max-distance", limits.MaxDistance, "furthest that a text may be from its sentence, in spreads")
	flags.StringArrayVar(&notFor, "not-for", nil, "model folder, or SHA-256 of its weights, that these rows will train: refused as embedder")
	jsonFlag(cmd, &asJSON)
	required(cmd, "in", "out")
	cli.TakesStdin(cmd, ".csv", "in")
	cli.TakesStdout(cmd, "out", ".csv")
	return cmd
}

// embedWith makes an encoder the inventory's embedder.
func embedWith(enc encoder.Encoder) inventory.Embed {
	return func(ctx context.Context, texts []string) ([][]float32, error) {
		inputs := make([]encoder.Input, len(texts))
		for i, text := range texts {
			inputs[i].Text = text
		}
		vectors, _, err := enc.Encode(ctx, inputs)
		return vectors, err
	}
}
