// Command train fine-tunes a Qwen3-Embedding model on human values.
//
//	work      internal/trainer: Prepare, Ready.Run; DryRun, ReplayStep and Recover beside them
//	reads     settings from four places, rows, a starting model, with --resume a run folder
//	writes    --out: config.toml, run.json, metrics.jsonl, checkpoints/, at the end final/
//	refuses   settings outside their domains, files that are not there, a batch that the rows cannot fill, and all
//	          that before an engine opens; with --resume settings, rows or a tokenizer that have changed
//	Ctrl-C    the step in flight ends, a checkpoint is saved, and the command that goes on is printed; exit 75. A
//	          second Ctrl-C ends the process at once; the newest whole checkpoint stays
//
// Where to find what: root.go has the help, the named flags' settings and where settings come from; flags.go the
// flags; run.go the course of a run; dryrun.go, replay.go, recover.go, config.go the other things one can ask; and
// theories.go, smoke.go, metrics.go, watcher.go what a run may have besides.
//
// The order of one run, which is also the order in which mistakes are said:
//
//	theories of one's own → settings → their check → run folder, model, rows → engine → steps → final/
//
// A run that is resumed ends with the same bits as one that was never stopped, on the same engine. So everything
// that decides a bit is a setting in config.toml, or is noted in run.json (versions), or stands in the command that
// a stopped run prints (resumeCommand).
package main

import (
	"hives/internal/cli"
	"hives/internal/engine"
)

// main has no logic but for the C library's wish, which must come first: a test calls newRoot with its own writers and
// sees what a user sees.
func main() {
	engine.HugePages()
	keepFreed = engine.KeepFreed
	cli.Main(cli.Command(newRoot()))
}

// keepFreed begins the program anew, which a test must not do: main says what it is.
var keepFreed = func() {}
