package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// dataCommand groups what makes, joins, divides and describes rows. The helpers below are shared by its commands
// and by import: flags that mean the same are added by the same function, and what is left out is told in the same
// words.
func dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Make, merge, split and describe rows of value annotations",
		Long: `What is a row? It is one text with one value. It says where the value stands in its theory. ` +
			`It says whether the text
supports the value or opposes it.

These commands make rows from published corpora, join files of rows, divide them and count what they hold. See
docs/DATA.md for the columns.`,
		Example: `  # from two corpora to a split, and what is in it
  hives data import valueeval --in touche --out a.parquet
  hives data import mfrc --in mfrc --out b.parquet
  hives data merge a.parquet b.parquet --out all.parquet
  hives data split --in all.parquet --out rows
  hives data stats rows/train.parquet`,
	}
	cmd.AddCommand(importCommand(), mergeCommand(), splitCommand(), statsCommand(), cardCommand())
	return cmd
}

// skipBadFlag adds the flag that leaves bad rows out. Failing is the default: a corpus that lost rows in silence
// would still give figures.
func skipBadFlag(cmd *cobra.Command, skip *bool) {
	cmd.Flags().BoolVar(skip, "skip-bad", false, "leave bad rows out and list them, instead of failing at the first")
}

// jsonFlag adds the flag that replaces the table by one JSON object. It has one text for all commands, since what
// it promises is the same everywhere; evaluate alone has its own, since it may write files as well.
func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print one JSON object and nothing else")
}

// listBad tells which rows were left out; never their texts. A row's text may be anybody's: a message names its
// file, its number and what is wrong, and quotes nothing.
func listBad(cmd *cobra.Command, bad []data.BadRow) {
	for _, b := range bad {
		fmt.Fprintf(cmd.ErrOrStderr(), "skipped %s\n", b)
	}
}

// listNotes tells what of a file's further columns could not be kept. The rows are whole, so it is a note and no
// error; it goes to standard error, where it does not mix with JSON.
func listNotes(cmd *cobra.Command, notes []string) {
	for _, n := range notes {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %s\n", n)
	}
}

// spare refuses an output that would take an input's place. An output that is not asked for is empty. Outputs take
// their places by rename, so the input would be gone, whole or not, when the command ends.
// Files are compared as files and not by name, so a link to the input is found too.
func spare(out string, in ...string) error {
	for _, path := range in {
		if out != "" && fsutil.Same(out, path) {
			return fault.New(fault.Invalid, "%s is read and would be overwritten; name another file to write", path)
		}
	}
	return nil
}

// leftOutFlag adds the flag that lists what merging leaves out. The list names each row by file and number, so that
// a person can look it up; it repeats no text.
func leftOutFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "left-out", "", "also write a CSV that lists, by file and row, the rows that "+
		"contradict each other or that a judged row replaces")
}

// writeLeftOut writes that list, if one is asked for. It is written even if the list is empty: a file with its
// header alone says that nothing was left out.
func writeLeftOut(path string, list []data.LeftOut) error {
	if path == "" {
		return nil
	}
	return data.WriteLeftOut(path, list)
}

// printJSON writes one object. It is what --json promises: one object and nothing else on standard output. What else
// is said goes to standard error.
func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
