package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/review"
)

// reviewCommand serves a page until it is stopped. EndsItself lets an answer that is being stored be stored.
//
//	work      review.Run of internal/review
//	reads     --db, what hives label or anchors build --review put there; --anchors, any other bank
//	writes    --db: one decision as each is made
//	refuses   an address that other machines can reach; requests without the token of this start
//	Ctrl-C    all decisions are kept; exit 75 while items wait, and the same command serves those
//
// The page is for browsers on this machine alone: the texts on it are of strangers, and whoever reaches it could
// decide.
func reviewCommand() *cobra.Command {
	var j review.Job
	c := &cobra.Command{
		Use:   "review --db votes.db [--anchors anchors.parquet]",
		Short: "Decide by hand what a panel could not, or look over a bank of anchors",
		Long: `How do people decide what the panel could not? The command serves one page on this machine and prints its ` +
			`address. The
page shows what waits in the votes file: the texts of hives label, or, where there are none, the sentences of hives
anchors build --review. Beside each text stand the panel's votes and the definitions of the values. Every button has a
key.

Several reviewers may work at once, each under a name. If they contradict each other, the page shows and counts it. A
decision is in the votes file at once. hives label takes it into the rows at its next start, and hives vidb check into
the scores. hives review apply takes it into a bank of anchors. See docs/REVIEW.md.`,
		Example: `  # what waits: texts of hives label, or anchors of hives anchors build
  hives review --db votes.db

  # any bank of anchors, sentence by sentence
  hives review --db votes.db --anchors anchors.parquet --rows train.parquet
  hives review apply --db votes.db --anchors anchors.parquet \
      --out reviewed.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// The order does not matter: one says how it ends, the other that the same command goes on.
			cli.EndsItself(c.Context())
			cli.GoesOn(c.Context())
			j.Stdout, j.Stderr, j.Theories = c.OutOrStdout(), c.ErrOrStderr(), known(c)
			return review.Run(c.Context(), j)
		},
	}
	f := c.Flags()
	f.StringVar(&j.DB, "db", "", "votes file of hives label or of hives anchors build --review; with --anchors "+
		"created where there is none")
	f.StringVar(&j.Anchors, "anchors", "", "bank to review, sentence by sentence (.parquet)")
	f.StringVar(&j.Rows, "rows", "", "rows the bank was made from, to show its exemplars' texts (hives anchors "+
		"build --review stores them itself)")
	// A free port by default: several reviews run beside each other, and the address is printed with its key.
	f.StringVar(&j.Listen, "listen", "127.0.0.1:0", "loopback address; port 0 takes a free one")
	f.StringVar(&j.Reviewer, "reviewer", "", "your name, which the page asks for otherwise")
	required(c, "db")
	c.AddCommand(reviewApplyCommand())
	return c
}

// reviewApplyCommand makes a new bank of what the reviewers decided.
//
//	work      review.Apply of internal/review
//	writes    --out, a bank; it may be the bank that was reviewed
//	Ctrl-C    --out stays as it was
//
// Ids stay as they are: rows name anchors by id. A rejected anchor leaves a gap, and rows that name it name
// nothing.
func reviewApplyCommand() *cobra.Command {
	var in, db, out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "apply --db votes.db --anchors FILE --out FILE",
		Short: "Write a bank of anchors as its reviewers want it",
		Long: `What becomes of the bank after a review? The command drops the anchors that were rejected. ` +
			`It replaces the sentences
that were edited. It does so where all who decided agree. The others stay as they are. Ids stay too, so a row that names
an anchor still names the same one.`,
		Example: `  hives review apply --db votes.db --anchors anchors.parquet \
      --out reviewed.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Where reviewers contradict each other the anchor stays as it was; the account counts these.
			account, err := review.Apply(c.Context(), in, db, out, known(c))
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
