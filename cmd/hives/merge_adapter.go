package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/lora"
)

// mergeAdapterCommand makes a whole model of a base and a low-rank adapter.
//
//	work      lora.Merge of internal/lora
//	reads     a base, an adapter in PEFT's layout
//	writes    --out, a model folder, with the hashes of both in its hives.json
//	refuses   --out that is there; an adapter that names other weights, unless --any-base; an adapter that is
//	          more than W + s·B·A
//	Ctrl-C    --out appears whole or not at all
//
// Two commands are called merge: this one is for weights, data merge is for rows. The help of each names the other.
func mergeAdapterCommand() *cobra.Command {
	o := lora.MergeOptions{}
	var asJSON bool
	c := &cobra.Command{
		Use:   "merge --base DIR --adapter DIR --out DIR",
		Short: "Add a low-rank adapter to the base that it was made for",
		Long: `How do I get one model out of a base and a low-rank adapter? ` +
			`The command adds the adapter to the base's weights and
writes a model folder. Its weights are W + s·B·A, in the type that the base's weights are stored in. Tokenizer, pooling
and prompts are those of the base.

An adapter is a folder in the layout of Python's PEFT. train --lora-rank leaves one in final/adapter. PEFT saves others.
An adapter that names other weights than the base's is refused, unless --any-base is given. See docs/LORA.md.

To merge files of rows, use hives data merge.`,
		Example: `  hives merge --base weights/Qwen3-Embedding-0.6B \
      --adapter runs/small/final/adapter --out merged

  # an adapter that Python saved, which names no weights or others
  hives merge --base weights/Qwen3-Embedding-0.6B --adapter from-python \
      --out merged --any-base`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			res, err := lora.Merge(o)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), res)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d linear layers added to, weights %s\n", res.Out,
				res.Adapters, res.Weights)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Base, "base", "", "model folder that the adapter was made for")
	f.StringVar(&o.Adapter, "adapter", "", "folder of adapter_config.json and adapter_model.safetensors")
	f.StringVar(&o.Out, "out", "", "model folder to write, which must not be there")
	// A wrong base gives a model that nobody trained, without any error: hence a flag and not a warning.
	f.BoolVar(&o.AnyBase, "any-base", false, "go on although the adapter names other weights, for instance the "+
		"same weights in another file")
	jsonFlag(c, &asJSON)
	required(c, "base", "adapter", "out")
	return c
}
