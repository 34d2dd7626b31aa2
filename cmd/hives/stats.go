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

// dataStats is what the command's flags say: a file of rows, a tokenizer to count with, a page to draw.
type dataStats struct {
	in, tokens, page string
	o                data.ReadOptions
	asJSON           bool
}

// statsCommand describes rows.
//
//	work      stats.DescribeStream of data/stats
//	reads     a file of rows, once
//	writes    standard output; --html, a page of plots
//	refuses   a bad row, unless --skip-bad; a page that would take the place of the rows or the tokenizer
//	Ctrl-C    the page stays as it was
func statsCommand() *cobra.Command {
	d := &dataStats{}
	cmd := &cobra.Command{
		Use:   "stats FILE",
		Short: "Count rows by corpus, theory, value and direction, labels a text, and tokens",
		Long: `What does a file of rows hold? The command counts rows, texts and groups. ` +
			`It counts the rows of each corpus, theory,
value and direction, and the labels of a text. With --tokenizer it also measures the texts in tokens. With --html it
draws the same as plots.`,
		Example: `  # of the corpora in demo/data, merged and split
  hives data stats rows/test.parquet
  # → rows           1718
  # → texts          692
  # → groups         312
  # → components     312  (the largest has 377 rows)
  # → labels a text  2.48

  # lengths in tokens, and a page of plots
  hives data stats rows.parquet --tokenizer out/demo/model --html rows.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: d.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&d.in, "in", "", "file of rows, another way to name it")
	flags.StringVar(&d.tokens, "tokenizer", "", "tokenizer.json, or a folder that holds it, to measure texts in tokens")
	flags.StringVar(&d.page, "html", "", "also write a self-contained page of plots to this file")
	skipBadFlag(cmd, &d.o.SkipBad)
	jsonFlag(cmd, &d.asJSON)
	cli.TakesStdin(cmd, ".csv", "in", "")
	return cmd
}

// run reads the rows once, as a stream: counts need no more memory for a million rows than for a thousand, but for what
// the components of texts and groups take (docs/BENCHMARKS.md).
func (d *dataStats) run(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		d.in = args[0]
	}
	if d.in == "" {
		return fault.Usage(fault.New(fault.Invalid, "stats: name a file of rows"))
	}
	// Before the rows are read: --html rows.csv is typed easily.
	if err := spare(d.page, d.in, d.tokens); err != nil {
		return fmt.Errorf("stats: %w", err)
	}
	d.o.Theories = known(cmd)
	// Also before them: a tokenizer that cannot be opened is known in a moment.
	count, err := tokenCounter(d.tokens)
	if err != nil {
		return err
	}
	var bad []data.BadRow
	s, err := stats.DescribeStream(d.o.Theories, count, func(emit func(*data.Row) error) (err error) {
		// Scan stops at the first bad row unless --skip-bad is given; it hands each row on and keeps none.
		bad, err = data.Scan(d.in, d.o, emit)
		return err
	})

	if err != nil {
		return fmt.Errorf("stats: %w", err)
	}
	listBad(cmd, bad)
	if d.page != "" {
		if err := writeStats(d.page, d.in, s); err != nil {
			return err
		}
	}
	if d.asJSON {
		return printJSON(cmd.OutOrStdout(), s)
	}
	return s.WriteTable(cmd.OutOrStdout())
}

// writeStats writes the page, with the digest of the rows where they are a file that can be read again. A page of
// rows that came through a pipe has no digest: nobody could hash them again.
func writeStats(page, in string, s *stats.Stats) error {
	name, facts := cli.FileName(in), []web.Fact(nil)
	if info, err := os.Stat(in); err == nil && info.Mode().IsRegular() {
		// A second read of the file, and the only one that the page costs.
		sum, err := fsutil.SHA256(in)
		if err != nil {
			return err
		}
		facts = append(facts, web.Fact{Name: "rows, SHA-256", Value: sum})
	}
	return fsutil.WriteFile(page, func(w io.Writer) error { return s.WritePage(w, name, facts...) })
}

// tokenCounter opens a tokenizer and counts its ids, end token not included; nil without a file. The ids' slice is
// used again for every text, so counting a million texts makes no garbage.
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
