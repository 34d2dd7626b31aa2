package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hives/internal/answers"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// vcaiDecomposeCommand has a model draft what a value consists of.
//
//	work      answers.Decompose of internal/answers, which asks through internal/judge
//	reads     --config
//	writes    --out, or what it prints
//	refuses   a value of no theory; a call that nobody agreed to pay for
//	Ctrl-C    --out stays as it was; a second start asks again
func vcaiDecomposeCommand() *cobra.Command {
	var j answers.DecomposeJob
	var models writerAndJudge
	var out string
	c := &cobra.Command{
		Use:   "decompose VALUE (--model DIR | --config FILE)",
		Short: "Have a model draft the parts of a value, for a person to read",
		Long: `Into which parts does a value fall that is not among our ten? The command asks the writer for a draft: six to
nine sub-values, each with what a text does that agrees and what one does that disagrees. It prints a file as
--decomposition takes it.

It is a draft. What the parts are decides what every degree means, so read it, and mend it, before you build by it. The
value is a value_id or a name of any theory (hives theories lists them).`,
		Example: `  hives vcai decompose mft/care-harm --config two.toml --yes --out care.json
  hives vcai values --decomposition care.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if j.Config, err = models.config(c); err != nil {
				return err
			}
			if out != "" {
				if err := fsutil.CheckWritableFile(out); err != nil {
					return err
				}
			}
			j.Value, j.Known = args[0], known(c)
			d, err := answers.Decompose(c.Context(), j)
			if err != nil {
				return err
			}
			raw, err := json.MarshalIndent(d, "", " ")
			if err != nil {
				return fault.New(fault.Invalid, "%w", err)
			}
			if out == "" {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", raw)
				return err
			}
			return fsutil.WriteFile(out, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s\n", raw)
				return err
			})
		},
	}
	models.register(c)
	f := c.Flags()
	f.StringVar(&j.Definition, "definition", "", "what the value means; empty: the theory's own definition")
	f.BoolVar(&j.Yes, "yes", false, "ask, whatever the estimate says")
	f.StringVar(&out, "out", "", "file to write (.json); empty: print it")
	return c
}
