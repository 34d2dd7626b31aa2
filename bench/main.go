// Command bench sets HiVES beside other programs that do the same work, and beside its own goals. It is a measurement,
// not a part of HiVES.
//
//	go run ./bench                       the short set: what needs no more than scripts/setup.sh brings (make bench)
//	go run ./bench --full                all rows (make bench-full)
//	go run ./bench --rows search,tokens  these rows
//	go run ./bench --list                names of all rows
//	go run ./bench --record sft          takes turns that another script measured, as JSON on stdin
//
// A row is one piece of work (row.go). Both sides do it in turns, as processes of their own with the same threads, on
// the same core where they have one (measure.go). Their outputs are compared before anything is timed; where they
// differ there is no figure. Medians, ratios and goals are made in result.go, and table.go writes bench/results.json
// and the table of docs/BENCHMARKS.md. Our sides are functions of this program, which starts itself as a worker; the
// others' sides are scripts in peers/.
//
// Ctrl-C ends the row under way; rows that were done are written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 1 && args[0] == "worker" {
		return work(ctx, args[1], args[2:])
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	full := f.Bool("full", false, "all rows, not only the short set")
	names := f.String("rows", "", "names of rows, with commas between them")
	rounds := f.Int("rounds", 5, "turns of each row that are counted")
	core := f.Int("core", -1, "core of the rows of one thread; -1 takes the last")
	list := f.Bool("list", false, "print the rows' names")
	record := f.String("record", "", "name of a row whose turns come on stdin")
	render := f.Bool("render", false, "write the table anew from bench/results.json, and measure nothing")
	if err := f.Parse(args); err != nil {
		return err
	}
	b, err := open(*rounds, *core)
	if err != nil {
		return err
	}
	defer b.close()
	rows := b.rows()
	switch {
	case *list:
		for _, r := range rows {
			fmt.Printf("%-20s %s\n", r.name, r.work)
		}
		return nil
	case *render:
		return b.write(nil)
	case *record != "":
		return b.record(rows, *record, os.Stdin)
	}
	chosen, err := choose(rows, *names, *full)
	if err != nil {
		return err
	}
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
			return nil, fmt.Errorf("there is no row %q: see --list", name)
		}
		out = append(out, rows[at])
	}
	return out, nil
}

// measureAll goes on after a row that failed: its place in the table says why.
func (b *bench) measureAll(ctx context.Context, rows []row) error {
	failed := 0
	// Paths of this machine are nobody's business.
	plain := strings.NewReplacer(b.cache, "the cache", b.root, ".")
	for _, r := range rows {
		results, err := b.measure(ctx, r)
		if ctx.Err() != nil {
			return fmt.Errorf("stopped in row %s", r.name)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", r.name, err)
			results = r.empty(plain.Replace(err.Error()))
			if !errors.Is(err, errSkipped) {
				failed++
			}
		}
		if err := b.write(results); err != nil {
			return err
		}
		for _, x := range results {
			fmt.Println(x.line())
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d rows failed: see above", failed, len(rows))
	}
	return nil
}
