package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/review"
)

func reviewCommand() *cobra.Command {
	var j review.Job
	c := &cobra.Command{
		Use:   "review --db votes.db [--anchors anchors.parquet]",
		Short: "Decide by hand what a panel could not, or look over a bank of anchors",
		Long: `Serves one page on this machine and prints its address. It takes what waits in the votes file: texts of
hives label, or where there is none the sentences of hives anchors build --review. The page shows each
text with the panel's votes and the values' definitions; every button has a key. Several reviewers may
work at once, under their own names; contradictions are shown and counted. Decisions are in the votes
file at once: hives label takes them into its rows at its next start, hives review apply into a bank of
anchors. docs/REVIEW.md.`,
		Example: `  # texts that wait for a human, or the anchors of hives anchors build --review
  hives review --db votes.db

  # any bank, sentence by sentence
  hives review --db votes.db --anchors anchors.parquet --rows train.parquet
  hives review apply --db votes.db --anchors anchors.parquet --out reviewed.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cli.EndsItself(c.Context())
			cli.GoesOn(c.Context())
			j.Stdout, j.Stderr = c.OutOrStdout(), c.ErrOrStderr()
			return review.Run(c.Context(), j)
		},
	}
	f := c.Flags()
	f.StringVar(&j.DB, "db", "", "votes file of hives label or of hives anchors build --review; with --anchors created where there is none")
	f.StringVar(&j.Anchors, "anchors", "", "bank to review, sentence by sentence (.parquet)")
	f.StringVar(&j.Rows, "rows", "", "rows the bank was made from, to show its exemplars' texts (hives anchors build --review stores them itself)")
	f.StringVar(&j.Listen, "listen", "127.0.0.1:0", "loopback address; port 0 takes a free one")
	f.StringVar(&j.Reviewer, "reviewer", "", "your name, which the page asks for otherwise")
	required(c, "db")
	c.AddCommand(reviewApplyCommand())
	return c
}

func reviewApplyCommand() *cobra.Command {
	var in, db, out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "apply --db votes.db --anchors FILE --out FILE",
		Short: "Write a bank of anchors as its reviewers want it",
		Long: `Drops the anchors that were rejected and replaces the sentences that were edited, where all who decided
agree. Others stay as they are. Ids stay, so rows that name an anchor still name it.`,
		Example: `  hives review apply --db votes.db --anchors anchors.parquet --out reviewed.parquet`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			account, err := review.Apply(c.Context(), in, db, out)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), account)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s→ %s\n", account, out)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&db, "db", "", "votes file of the review")
	f.StringVar(&in, "anchors", "", "bank that was reviewed")
	f.StringVar(&out, "out", "", "bank to write; may be the same file")
	jsonFlag(c, &asJSON)
	required(c, "db", "anchors", "out")
	return c
}
