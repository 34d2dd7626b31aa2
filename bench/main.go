// Command bench sets HiVES beside other programs that do the same work, and beside its own goals. It is a measurement,
// not a part of HiVES.
//
// A row is one piece of work (row.go). Both sides do it in turns, as processes of their own with the same threads, on
// the same core where they have one (measure.go). Their outputs are compared before anything is timed; where they
// differ there is no figure. Medians, ratios and goals are made in result.go, and table.go writes bench/results.json
// and the table of docs/BENCHMARKS.md. Our sides are functions of this program, which starts itself as a worker; the
// others' sides are scripts in peers/.
//
//	work      bench.measureAll
//	reads     bench/results.json; models, plugin and peers' environments in the cache
//	writes    bench/results.json and docs/BENCHMARKS.md after each row; models and vectors in the cache's folder bench
//	refuses   an unknown row, a core that it may not use; a row's figure where the two outputs differ
//	Ctrl-C    ends the row under way; rows that were done stay written
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "worker" {
		if os.Args[2] == "train" {
			engine.HugePages() // as train itself does
		}
		cli.Main(func(ctx context.Context) error { return work(ctx, os.Args[2], os.Args[3:]) })
	}
	cli.Main(cli.Command(newRoot()))
}

// options are the flags.
type options struct {
	full, list, render bool
	names, record      string
	rounds, core       int
}

func newRoot() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure HiVES beside other programs that do the same work",
		Long: `How fast is HiVES here, and how much memory does it take? The program lets HiVES and another program do the ` +
			`same work in turns, and compares their outputs first. It writes bench/results.json and the table of ` +
			`docs/BENCHMARKS.md after each row. That page explains the table.

Without flags it measures the short set, which takes less than ten minutes on two idle cores. Nothing else should ` +
			`run meanwhile. It names what a row lacks, and how that is brought, before it begins. A row without its peer is ` +
			`measured alone, and does not replace an earlier figure that has one. Ctrl-C ends the row under way.`,
		Example: `  go run ./bench                        # the short set (make bench)
  go run ./bench --full                 # all rows: hours (make bench-full)
  go run ./bench --list                 # names of all rows
  go run ./bench --rows search,tokens   # these rows`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fault.New(fault.Invalid, "%q: name rows as --rows %s", args[0], strings.Join(args, ","))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o, c.OutOrStdout()) },
	}
	f := c.Flags()
	f.BoolVar(&o.full, "full", false, "measure all rows, not only the short set")
	f.StringVar(&o.names, "rows", "", "measure these rows: names with commas between them")
	f.IntVar(&o.rounds, "rounds", 5, "turns of each row that are counted")
	f.IntVar(&o.core, "core", -1, "core of the rows of one thread; -1 takes the last")
	f.BoolVar(&o.list, "list", false, "print the rows' names and works; * marks the short set")
	f.StringVar(&o.record, "record", "", "take the turns of this row, which a script measured, as JSON on stdin")
	f.BoolVar(&o.render, "render", false, "write the table anew from bench/results.json, and measure nothing")
	c.MarkFlagsMutuallyExclusive("full", "rows", "list", "record", "render")
	return c
}

func run(ctx context.Context, o options, out io.Writer) error {
	b, err := open(o.rounds, o.core)
	if err != nil {
		return err
	}
	rows := b.rows()
	switch {
	case o.list:
		for _, r := range rows {
			mark := "*"
			if r.full {
				mark = " "
			}
			fmt.Fprintf(out, "%s %-20s %s\n", mark, r.name, r.work)
		}
		return nil
	case o.render:
		return b.write(nil)
	case o.record != "":
		return b.record(rows, o.record, os.Stdin)
	}
	chosen, err := choose(rows, o.names, o.full)
	if err != nil {
		return fault.Usage(err)
	}
	if err := b.ready(); err != nil {
		return err
	}
	defer b.close()
	return b.measureAll(ctx, chosen)
}

// choose takes rows by their names, else the short set or all.
func choose(rows []row, names string, full bool) (out []row, err error) {
	if names == "" {
		return slices.DeleteFunc(rows, func(r row) bool { return r.full && !full }), nil
	}
	for name := range strings.SplitSeq(names, ",") {
		at := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
		if at < 0 {
			return nil, fault.New(fault.Invalid, "there is no row %q: see --list", name)
		}
		out = append(out, rows[at])
	}
	return out, nil
}

// lacking lists, each side once, what the rows cannot be measured with.
func lacking(rows []row) (out []string) {
	for _, r := range rows {
		for _, s := range []side{r.ours, r.peer} {
			if remedy := s.lacks(); remedy != "" {
				out = append(out, fmt.Sprintf("%s is left out: it needs %s", s.name, remedy))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// measureAll goes on after a row that failed: its place in the table says why.
func (b *bench) measureAll(ctx context.Context, rows []row) error {
	for _, line := range lacking(rows) {
		fmt.Fprintln(os.Stderr, "bench:", line)
	}
	failed, began := 0, time.Now()
	// Paths of this machine are nobody's business.
	plain := strings.NewReplacer(b.cache, "the cache", b.root, ".")
	for i, r := range rows {
		fmt.Fprintf(os.Stderr, "bench: %d of %d, %s: %s%s\n", i+1, len(rows), r.name, r.work, b.expected(r))
		results, err := b.measure(ctx, r)
		if ctx.Err() != nil {
			return fmt.Errorf("row %s has no new figure: %w", r.name, context.Cause(ctx))
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", r.name, err)
			if !errors.Is(err, errSkipped) {
				failed++
			}
			results = r.empty(plain.Replace(err.Error()))
		}
		if err := b.write(results); err != nil {
			return err
		}
		for _, x := range results {
			fmt.Println(x.line())
		}
	}
	fmt.Fprintf(os.Stderr, "bench: done after %s\n", time.Since(began).Round(time.Second))
	if failed > 0 {
		return fmt.Errorf("%d of %d rows failed: see above", failed, len(rows))
	}
	return nil
}
