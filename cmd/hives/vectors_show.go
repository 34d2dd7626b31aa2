package main

import (
	"github.com/spf13/cobra"

	"hives/values"
)

// vectorsShowCommand reads the file alone and opens no model.
//
//	work      values.Open and Set.List of package values
//	refuses   a file that is torn, of a newer program, or no file of vectors
//	writes    standard output
func vectorsShowCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show values.db",
		Short: "Print what a file of value vectors holds, as a tree",
		Long: `What does a file of value vectors hold? The command prints the values of each theory as a tree. ` +
			`For each value it prints
the kind of its vector and the rows that it rests on. It says how far the vector moves when the rows are drawn anew. It
names the model that made them.`,
		Example: `  hives vectors show values.db
  hives vectors show values.db --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return showVectors(c, args[0], asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// showVectors reads the file as embedd would and describes it. build ends with it too, so that what was made is
// looked at once before it is used.
func showVectors(c *cobra.Command, path string, asJSON bool) error {
	set, err := values.Open(path)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), set.List())
	}
	return set.List().WriteText(c.OutOrStdout())
}
