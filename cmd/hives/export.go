package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/export"
)

// exportCommand writes a model for other tools. What the card could not say is printed on standard error.
//
//	work      export.Run of internal/export
//	reads     a model folder, a GGUF file or a finished run
//	writes    --out: a folder for sentence-transformers, or one file for llama.cpp
//	refuses   --out that exists, but for an earlier export with --force; --out that holds the model itself;
//	          BERT as GGUF
//	Ctrl-C    --out appears whole or not at all
//
// The card says nothing that the files do not: a licence is a person's decision, so it is a flag.
func exportCommand() *cobra.Command {
	o := export.Options{Format: export.SentenceTransformers}
	var asJSON bool
	c := &cobra.Command{
		Use:   "export --model DIR --out OUT",
		Short: "Write a model in the form that other tools load",
		Long: `How can other tools load this model? The command writes it in one of two forms.

sentence-transformers is a folder for Python's SentenceTransformer(path). It gives the same vectors there. Pooling,
normalisation, prompts and the end token are part of it. A model card names data, licences, settings, figures and
hashes. The card takes them from the run folder that the model lies in, or from --run. These programs can load the
folder too.

gguf is one file for llama.cpp. --model takes it too.

The result appears when it is whole. See docs/EXPORT.md.`,
		Example: `  # for Python
  hives export --model out/demo/runs/stage2 --out out/demo/st
  python3 -c "import sentence_transformers as s; s.SentenceTransformer('out/demo/st')"

  # half the size, with the card of another run
  hives export --model out/demo/model --run out/demo/runs/stage2 \
      --dtype bfloat16 --out hub/hives-small

  # for llama.cpp
  hives export --model out/demo/model --format gguf --dtype q8_0 --out hives.gguf`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// A card with gaps is written all the same; what is missing is said where a script's output does not
			// swallow it.
			o.Theories, o.Note = known(c), func(line string) { c.PrintErrln(line) }
			res, err := export.Run(o)
			if err != nil {
				return fmt.Errorf("export: %w", err)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), res)
			}
			// Twelve digits of the hash tell exports apart at sight; all 64 stand in --json.
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s, %s, %.1f MB, weights %.12s\n",
				res.Out, res.Format, res.DType, float64(res.Bytes)/1e6, res.Weights)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "model folder, GGUF file, or the folder of a finished run")
	f.StringVar(&o.Out, "out", "", "what to write")
	f.StringVar((*string)(&o.Format), "format", string(o.Format), strings.Join(export.Formats(), " or "))
	// As stored by default, so that no number is rounded that nobody asked to round.
	f.StringVar(&o.DType, "dtype", "", "float32, bfloat16, float16 or, in a GGUF file, q8_0; by default as the "+
		"weights are stored")
	f.BoolVar(&o.Force, "force", false, "replace an earlier export")
	f.StringVar(&o.Run, "run", "", "folder of the run that trained the model, for the card")
	f.StringVar(&o.Data, "data", "", "the rows it was trained on, for the card; by default the file that the run names")
	f.StringVar(&o.Name, "name", "", "the model's name on the card; by default the last part of --out")
	f.StringVar(&o.Licence, "licence", "", "licence for the card's header, as the hub spells it; the decision is yours")
	jsonFlag(c, &asJSON)
	required(c, "model", "out")
	return c
}
