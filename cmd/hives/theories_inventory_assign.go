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

// inventoryAssign is what the command's flags say. limits count in spreads, the mean distance of two sentences, so
// that one setting suits every embedder.
type inventoryAssign struct {
	in, out, bank string
	e             embedder.Options
	limits        inventory.Limits
	notFor        []string
	asJSON        bool
}

// inventoryAssignCommand ties rows to sentences of the inventory.
//
//	work      inventory.AssignFile of data/inventory
//	reads     rows, a model
//	writes    --out, the rows with individual_anchor set; --bank, the inventory with the model on record
//	refuses   the weights of --not-for; limits below zero
//	Ctrl-C    --out stays as it was
//
// Only sentences on the row's own branch of the tree compete. The annotators have said what the text is about;
// which of that value's sentences fits best is all that is left to the embedder.
func inventoryAssignCommand() *cobra.Command {
	a := &inventoryAssign{limits: inventory.DefaultLimits()}
	cmd := &cobra.Command{
		Use:   "assign --model DIR --in FILE --out FILE",
		Short: "Write the nearest sentence of each row's own value into individual_anchor",
		Long: `Which sentence of the inventory fits each row best? The command embeds the texts and the sentences. ` +
			`It looks only at
sentences that are tied to the row's value, or to a value above or below it. It writes the id of the nearest one into
the column individual_anchor. It writes -1 where none is near enough. The limits are shares of the spread, which is the
mean distance of two sentences.

The model is only read. Do not take the model that Stage 2 will train, nor one that was trained on these assignments:
it would be taught its own opinion. Name the former with --not-for, and it is refused. See docs/INVENTORY.md.`,
		Example: `  hives theories inventory assign --model weights/Qwen3-Embedding-0.6B \
      --in rows.parquet --out rows.parquet`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd) },
	}
	a.e.Register(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&a.in, "in", "", "rows to read (.parquet or .csv)")
	flags.StringVar(&a.out, "out", "", "rows to write; may be the same file")
	flags.StringVar(&a.bank, "bank", "", "also write the inventory as the bank that Stage 2 takes, with the model "+
		"on record (.parquet)")
	flags.Float64Var(&a.limits.Margin, "margin", a.limits.Margin,
		"how far the nearest sentence must lead the second nearest, in spreads")
	flags.Float64Var(&a.limits.MaxDistance, "max-distance", a.limits.MaxDistance,
		"how far a text may be from its sentence, in spreads")
	flags.StringArrayVar(&a.notFor, "not-for", nil, "model that these rows will train: its folder, or the SHA-256 "+
		"of its weights; it is refused as the embedder")
	jsonFlag(cmd, &a.asJSON)
	required(cmd, "in", "out")
	cli.TakesStdin(cmd, ".csv", "in")
	cli.TakesStdout(cmd, "out", ".csv")
	return cmd
}

// run refuses the embedder by its weights before any row is embedded: rows that a model assigned to itself would teach
// it its own opinion.
func (a *inventoryAssign) run(cmd *cobra.Command) error {
	if err := (places{known: known(cmd), rows: []string{a.in}, files: []string{a.out, a.bank}}).check(); err != nil {
		return err
	}
	// Its weights are known only now, so --not-for is checked after it opens and before a text is embedded.
	enc, done, err := embedder.Open(cmd.Context(), a.e, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer done()
	weights := enc.Identity().WeightsSHA256
	if err := refuseWeights(weights, a.notFor); err != nil {
		return err
	}
	report, err := inventory.AssignFile(cmd.Context(), a.in, a.out, known(cmd), embedWith(enc), a.limits)
	if err != nil {
		return err
	}
	if a.bank != "" {
		if err := anchors.Write(a.bank, inventory.BankAssignedBy(weights)); err != nil {
			return err
		}
	}
	if report.Embedder = weights; a.asJSON {
		return printJSON(cmd.OutOrStdout(), report)
	}
	return report.WriteTable(cmd.OutOrStdout())
}

// embedWith makes an encoder the inventory's embedder. The inventory takes a function, since packages of rows
// import no encoder (docs/ARCHITECTURE.md).
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
