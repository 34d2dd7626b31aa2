// Command loadtest starts embedd on a model folder, offers it loads, and prints a table and, with --json, one
// object. It is a measurement, not a part of HiVES.
//
//	saturation   a fixed amount of texts through the daemon and through the bare engine, in turns
//	alone        a lone short text: the call's time beside the engine's
//	loads        open loads as shares of the capacity that saturation found
//	overload     ten times the capacity
//	steady       half the capacity for long: does memory stay?
//	company      how far a text's vector depends on its batch, of the bare engine
//
// The questions, and where the figures stand that answered them: docs/BENCHMARKS.md, "embedd under load". What does
// a daemon cost beside the engine that it stands on? (saturation, alone) How do times grow with the load, and what
// happens beyond what it can do? (loads, overload) Does it leak? (steady) Does a vector depend on who else asks?
// (company)
//
// Two rules make the figures mean something. Every vector is compared with the one that the text has without a
// daemon: a wrong answer ends the run with an error, whatever the speed. And what is compared is measured in turns,
// in one run: the machines here are shared, and an hour later is another machine.
//
// What decides a result's reading: the client runs on the same cores. client_cpu_share says how much it took; at a
// fifth the daemon had less than the machine has.
//
// Ctrl-C ends the load under way and stops the daemon; nothing is written.
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

// config are the flags. Those of the daemon are embedd's own, so a result can be repeated by hand.
type config struct {
	// What is measured, and by which programs.
	model, embedd, endpoint, corpora, engine, precision string
	// Which measurements.
	scenarios, loads string
	// Counts: tokens, texts, texts, turns, calls.
	maxLength, known, work, rounds, lone int
	// How long, and how much of the capacity is offered for long.
	each, overload, steady time.Duration
	share                  float64
	seed                   uint64
	json                   bool
}

// flags reads the command line. The defaults are those of the table in docs/BENCHMARKS.md.
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
	// 16,000 of the demo's texts; the table in docs/BENCHMARKS.md was made so.
	flag.IntVar(&c.known, "texts", 16000, "distinct texts; what is asked for twice at a time is computed once, "+
		"so few would flatter")
	flag.IntVar(&c.work, "work", 4000, "texts of a round of saturation")
	flag.IntVar(&c.rounds, "rounds", 3, "rounds of saturation")
	flag.IntVar(&c.lone, "lone", 500, "calls of a lone text")
	// Long enough for a queue to fill up where it will, short enough for eight loads in two minutes.
	flag.DurationVar(&c.each, "each", 15*time.Second, "time of each load, a fifth of it to warm up")
	flag.DurationVar(&c.overload, "overload", time.Minute, "time of the overload")
	flag.DurationVar(&c.steady, "steady", 10*time.Minute, "time of the steady load")
	flag.Float64Var(&c.share, "steady-share", .5, "of the capacity")
	flag.Uint64Var(&c.seed, "seed", 1, "of the arrivals")
	flag.BoolVar(&c.json, "json", false, "print one JSON object at the end")
	flag.Parse()
	return c
}

// wants tells whether a scenario was asked for. A name that there is none of is passed over: nothing is then
// measured.
func (c *config) wants(scenario string) bool {
	for name := range strings.SplitSeq(c.scenarios, ",") {
		if name == scenario {
			return true
		}
	}
	return false
}

// main ends by the exit codes of package fault, so a script can tell a wrong flag from a daemon that answered
// wrongly.
func main() {
	// Not package cli: a bench needs no help pages, and must not share the manner of ending of what it measures.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := flags()
	// The daemon is stopped whether a scenario failed or not; what was measured until then has been printed.
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
// A line is printed when its part is over, so a run of an hour can be watched and stopped.
func (c *config) say(format string, args ...any) {
	out := os.Stdout
	if c.json {
		out = os.Stderr
	}
	fmt.Fprintf(out, format+"\n", args...)
}
