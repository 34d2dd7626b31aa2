// Command loadtest starts embedd on a model folder, offers it loads, and prints a table and, with --json, one object.
// It is a measurement, not a part of HiVES.
//
//	saturation   a fixed amount of texts through the daemon and through the bare engine, in turns
//	alone        a lone short text: the call's time beside the engine's
//	loads        open loads as shares of the capacity that saturation found
//	overload     ten times the capacity
//	steady       half the capacity for long: does memory stay?
//	company      how far a text's vector depends on its batch, of the bare engine
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"hives/internal/fault"
)

// config are the flags.
type config struct {
	model, embedd, endpoint, corpora, engine, precision string
	scenarios, loads                                    string
	maxLength, known, work, rounds, lone                int
	each, overload, steady                              time.Duration
	share                                               float64
	seed                                                uint64
	json                                                bool
}

func flags() *config {
	c := &config{}
	flag.StringVar(&c.model, "model", "random:demo/model", "model folder, or random:DIR for one of random weights from "+
		"DIR/config.json")
	flag.StringVar(&c.embedd, "embedd", "bin/embedd", "program to start")
	flag.StringVar(&c.endpoint, "endpoint", "", "host:port of a running embedd in place of one's own; no saturation, "+
		"no figures of its process")
	flag.StringVar(&c.corpora, "corpora", "demo/data", "folder of the demo's corpora, whose texts are sent")
	flag.StringVar(&c.engine, "engine", "", "engine of both, as embedd --engine")
	flag.StringVar(&c.precision, "precision", "f32", "as embedd --precision")
	flag.StringVar(&c.scenarios, "scenarios", "saturation,alone,loads,overload",
		"which, of saturation, alone, loads, overload, steady and company")
	flag.StringVar(&c.loads, "loads", ".1,.3,.5,.7,.8,.9,1,1.2", "shares of the capacity")
	flag.IntVar(&c.maxLength, "max-length", 128, "tokens a text, of a random model")
	flag.IntVar(&c.known, "texts", 16000, "distinct texts; what is asked for twice at a time is computed once, "+
		"so few would flatter")
	flag.IntVar(&c.work, "work", 4000, "texts of a round of saturation")
	flag.IntVar(&c.rounds, "rounds", 3, "rounds of saturation")
	flag.IntVar(&c.lone, "lone", 500, "calls of a lone text")
	flag.DurationVar(&c.each, "each", 15*time.Second, "time of each load, a fifth of it to warm up")
	flag.DurationVar(&c.overload, "overload", time.Minute, "time of the overload")
	flag.DurationVar(&c.steady, "steady", 10*time.Minute, "time of the steady load")
	flag.Float64Var(&c.share, "steady-share", .5, "of the capacity")
	flag.Uint64Var(&c.seed, "seed", 1, "of the arrivals")
	flag.BoolVar(&c.json, "json", false, "print one JSON object at the end")
	flag.Parse()
	return c
}

func (c *config) wants(scenario string) bool {
	for name := range strings.SplitSeq(c.scenarios, ",") {
		if name == scenario {
			return true
		}
	}
	return false
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := flags()
	b, err := open(ctx, c)
	if err == nil {
		err = b.run(ctx)
		b.close()
	}
	if err == nil && c.json {
		err = json.NewEncoder(os.Stdout).Encode(b.report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(fault.ExitCode(err))
	}
}

// say prints a line for a reader; with --json they go to stderr.
func (c *config) say(format string, args ...any) {
	out := os.Stdout
	if c.json {
		out = os.Stderr
	}
	fmt.Fprintf(out, format+"\n", args...)
}
