package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/data/anchors"
	"hives/data/inventory"
)

// inventoryCommand prints the plain-language inventory, writes it as a bank, and assigns rows to it. --out writes
// the whole inventory and takes no filter: a bank with holes would give rows other anchors.
//
//	work      inventory.List and inventory.Bank of data/inventory
//	reads     nothing: the sentences are part of the program, with a version
//	writes    standard output, or --out
//	refuses   --out beside --kind, --value or --json
func inventoryCommand() *cobra.Command {
	var kind, value, out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inventory",
		Short: "Print 407 values, duties and rights in plain language, or write them as an anchor bank",
		Long: fmt.Sprintf(`What does each value mean in plain language? `+
			`The inventory has %d values, %d duties and %d rights. Each is
a sentence that is tied to a node of a theory. The command prints them. With --out it writes all of them as the
individual anchor bank that Stage 2 takes.`,
			inventory.Values, inventory.Duties, inventory.Rights),
		Example: `  hives theories inventory --value mft/care-harm
  # →    19  Looking after relatives and close friends when they need it.  …

  hives theories inventory --out individual_anchors.parquet`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := inventory.List(kind, value, known(cmd))
			switch {
			case err != nil:
				return err
			case out != "":
				// The bank bears the inventory's version, and rows that were assigned to it name sentences by
				// number: the numbers never change.
				if err := anchors.Write(out, inventory.Bank()); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d sentences, version %d\n", out, inventory.Size,
					inventory.Version)
				return err
			case asJSON:
				return printJSON(cmd.OutOrStdout(), list)
			}
			// Neither --out nor --json: the sentences are for a person.
			return list.WriteText(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&kind, "kind", "", "value, duty or right (default all)")
	flags.StringVar(&value, "value", "", "only sentences at or below this value_id, as mft/care-harm")
	flags.StringVar(&out, "out", "", "write the whole inventory to this file of anchors (.parquet)")
	jsonFlag(cmd, &asJSON)
	cmd.AddCommand(inventoryAssignCommand())
	for _, other := range []string{"kind", "value", "json"} {
		cmd.MarkFlagsMutuallyExclusive("out", other)
	}
	return cmd
}
