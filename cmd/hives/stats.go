package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"hives/data"
	"hives/data/stats"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	web "hives/internal/page"
	"hives/tokenizer"
)

// statsCommand describes rows.
func statsCommand() *cobra.Command {
	var in, tokens, page string
	var o data.ReadOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats FILE",
		Short: "Count rows by corpus, theory, value and direction, labels a text, and tokens",
		Long: `Counts what a file of rows holds: rows, texts and groups; rows of each corpus, theory, value and direction; labels
of a text; and with --tokenizer the lengths of the texts in tokens. --html draws the same as plots.`,
		Example: `  hives data stats rows.parquet
  hives data stats rows.parquet --tokenizer out/demo/model --html rows.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				in = args[0]
			}
			if in == "" {
				return fault.Usage(fault.New(fault.Invalid, "stats: name a file of rows"))
			}
			if err := spare(page, in, tokens); err != nil {
				return fmt.Errorf("stats: %w", err)
			}
			count, err := tokenCounter(tokens)
			if err != nil {
				return err
			}
			var bad []data.BadRow
			s, err := stats.DescribeStream(count, func(emit func(*data.Row) error) (err error) {
				bad, err = data.Scan(in, o, emit)
				return err
			})
			if err != nil {
				return fmt.Errorf("stats: %w", err)
			}
			listBad(cmd, bad)
			if page != "" {
				if err := writeStats(page, in, s); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), s)
			}
			return s.WriteTable(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&in, "in", "", "file of rows, another way to name it")
	flags.StringVar(&tokens, "tokenizer", "", "tokenizer.json, or a folder that holds it, to measure texts in tokens")
	flags.StringVar(&page, "html", "", "also write a self-contained page of plots to this file")
	skipBadFlag(cmd, &o.SkipBad)
	jsonFlag(cmd, &asJSON)
	cli.TakesStdin(cmd, ".csv", "in", "")
	return cmd
}

// writeStats writes the page, with the digest of the rows where they are a file that can be read again.
func writeStats(page, in string, s *stats.Stats) error {
	name, facts := cli.FileName(in), []web.Fact(nil)
	if info, err := os.Stat(in); err == nil && info.Mode().IsRegular() {
		sum, err := fsutil.SHA256(in)
		if err != nil {
			return err
		}
		facts = append(facts, web.Fact{Name: "rows, SHA-256", Value: sum})
	}
	return fsutil.WriteFile(page, func(w io.Writer) error { return s.WritePage(w, name, facts...) })
}

// tokenCounter opens a tokenizer and counts its ids, end token not included; nil without a file.
func tokenCounter(path string) (stats.TokenCounter, error) {
	if path == "" {
		return nil, nil
	}
	t, err := tokenizer.Open(path)
	if err != nil {
		return nil, err
	}
	var ids []int32
	return func(text string) (int, error) {
		ids, err = t.Encode(ids[:0], text)
		return len(ids), err
	}, nil
}
