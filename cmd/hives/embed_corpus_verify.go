package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/embedfiles"
)

// embedCorpusVerifyCommand reads every part once more and hashes it. It opens no model.
//
//	work      embedfiles.Verify of internal/embedfiles
//	refuses   a missing or unfinished shard, shards of two inputs or two models, a part with another hash
//
// The manifest of a shard is written last and holds its parts' hashes, so a finished shard can be told from one
// that was killed, and a part that was damaged later from one that is sound.
func embedCorpusVerifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check that all shards are there and every part has its hash",
		Long: `Is the work of all shards there, and is it sound? ` +
			`The command reads the folder that the shards of hives embed-corpus
wrote. Every shard must be finished. All shards must have the same input and the same model. Every part must have the
hash that its shard's manifest notes. The command changes nothing.`,
		Example: `  hives embed-corpus verify vectors`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			corpus, err := embedfiles.Verify(args[0])
			return printCorpus(c, asJSON, "whole", corpus, err)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// embedCorpusMergeCommand writes one file, which appears when it is whole. It verifies first: a file that is made
// of damaged parts would have a sound hash of its own.
func embedCorpusMergeCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "merge DIR FILE.parquet",
		Short: "Verify all shards and write their vectors to one file, in the input's order",
		Long: `How do I get one file out of the shards? The command first verifies the folder as "verify" does. ` +
			`Then it writes one
Parquet file with the columns row, text_id and vector. It has one row for each row of the input, in the same order.`,
		Example: `  hives embed-corpus merge vectors vectors.parquet`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			corpus, err := embedfiles.Merge(args[0], args[1])
			return printCorpus(c, asJSON, args[1], corpus, err)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// printCorpus says how many vectors there are, for both commands. It takes the error too, so that neither of them
// says anything of a folder that is not whole.
func printCorpus(c *cobra.Command, asJSON bool, what string, corpus embedfiles.Corpus, err error) error {
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(c.OutOrStdout(), corpus)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d vectors of %d numbers in %d shards\n", what, corpus.Input.Rows,
		corpus.Model.Dimension, corpus.Shards)
	return err
}
