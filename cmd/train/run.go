package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/runstore"
	"hives/internal/shell"
	"hives/internal/trainer"
)

// run trains and says what came of it. Its order is that of what things cost, so that a mistake costs as little as
// it can: an address, settings, inputs, an engine, steps. Whatever opens is closed by a defer right after it, the
// engine after what lives on it.
func run(ctx context.Context, fs *pflag.FlagSet, o *options, out io.Writer) error {
	if err := o.checkMetrics(); err != nil {
		return err
	}
	if o.smoke {
		done, err := o.lightSmoke()
		if err != nil {
			return err
		}
		defer done()
	}
	cfg, options, err := settings(fs, o)
	if err != nil {
		return err
	}
	if cfg.LoRA.Rank > 0 && !o.smoke {
		keepFreed() // a step's buffers are most of what such a run holds
	}
	if o.dryRun {
		return dryRun(ctx, cfg, options, o, out)
	}
	// Everything that needs no engine first. A mistyped path is then said in a moment, and not after a device was
	// taken, which on a shared machine somebody else may have waited for.
	ready, err := trainer.Prepare(ctx, cfg, options)
	if err != nil {
		return err
	}
	// Frees rows and weights of a run that was not begun; after Run it has nothing to do.
	defer ready.Close()
	// Exit 0: who resumes in a loop until it is done has come to its end.
	if done := ready.Finished(); done != nil {
		fmt.Fprintf(out, "the run in %s is finished (%d steps); nothing to do\n", o.out, done.Steps)
		printNext(out, cfg.Stage, *done)
		return nil
	}
	if err := openEngine(ctx, o, &options); err != nil {
		return err
	}
	defer options.Engine.Close()
	return o.train(ctx, &cfg, ready, options, out)
}

// train takes the steps, watched, and says what came of them.
func (o *options) train(ctx context.Context, cfg *trainer.Config, ready *trainer.Ready, options trainer.RunOptions,
	out io.Writer) error {
	w := newWatcher(options.Engine.Choice)
	options.Observer = w
	if o.smoke {
		w.Note(smokeWords)
	}
	// From here on a signal is the run's to handle: it saves after the step in flight. A second one ends the process.
	cli.EndsItself(ctx)
	// Beside the bar, not in its place: both are observers of the same run.
	metrics, err := o.serveMetrics(cfg, &options)
	if err != nil {
		return err
	}
	defer metrics.Close()
	// The bar's last line comes before anything else is printed below it.
	summary, err := ready.Run(ctx, options)
	w.close()
	if err != nil {
		return err
	}
	if o.smoke {
		fmt.Fprintln(out, smokeWords)
		return nil
	}
	printNext(out, cfg.Stage, summary)
	return nil
}

// printNext says where the model is and what one does with it. The path is quoted as a shell reads it, so that the
// line can be copied.
func printNext(out io.Writer, stage int, s trainer.Summary) {
	if stage == trainer.SFT {
		fmt.Fprintf(out, "model: %s\nnext:  hives ask-llm --model %s\n", s.Model, shell.Word(s.Model))
		return
	}
	fmt.Fprintf(out, "model: %s\nnext:  hives evaluate --model %s --data FILE\n", s.Model, shell.Word(s.Model))
}

// settings turns the flags into a valid configuration. No engine is open yet. The first mistake ends the chain:
// each step needs what the one before found good.
func settings(fs *pflag.FlagSet, o *options) (trainer.Config, trainer.RunOptions, error) {
	ro := trainer.RunOptions{Out: o.out, Resume: o.resume, AllowChanged: o.allowChanged, WaitForSaves: o.waitForSaves,
		Theories: o.known}
	cfg, _, err := load(fs, o)
	// After the settings are known and before they are checked: the settings that run are those that are checked.
	cfg = o.smokeFiles.shrink(cfg)
	if err == nil && o.out == "" && !o.dryRun {
		err = fault.Usage(fault.New(fault.Invalid, "no run folder: give --out DIR"))
	}
	if err == nil {
		err = o.nothingToResume(&cfg)
	}
	if err == nil {
		_, err = engine.ParseKind(o.engine)
	}
	if err == nil {
		err = cfg.Complete()
	}
	if err == nil {
		err = cfg.Validate()
	}
	if err == nil {
		// As it will be stored: a resume compares with these bytes, field by field.
		ro.Config, err = cli.EncodeTOML(cfg)
	}
	return cfg, ro, err
}

// nothingToResume says that --out holds no run. With all that a run needs --resume begins one, so that one command
// serves a machine that may be taken away at any time.
func (o *options) nothingToResume(cfg *trainer.Config) error {
	_, err := runstore.Read(o.out)
	if !o.resume || fault.Of(err) != fault.NotFound || cfg.Model.From != "" && cfg.Data.Train != "" {
		return nil
	}
	return fault.Usage(fault.New(fault.NotFound,
		"%s holds no run to go on with: name the --out of a run, or give --model and --data to begin one there", o.out))
}

// openEngine opens the engine that the flags name. Versions and the command to go on with are known only now: both
// name the engine that was taken, which need not be the first choice.
func openEngine(ctx context.Context, o *options, ro *trainer.RunOptions) (err error) {
	ro.Engine, err = engine.Open(ctx, engine.Options{Kind: engine.Kind(o.engine), Threads: o.threads})
	if err == nil {
		ro.Versions = versions(ro.Engine)
		ro.ResumeCommand = o.resumeCommand(ro.Engine)
	}
	return err
}

// resumeCommand is what goes on with the run on the same engine: what the run folder does not hold.
func (o *options) resumeCommand(e *engine.Engine) string {
	// Settings are in the folder. The engine and what only this process was told are not, and the same bits need
	// the same engine.
	words := []string{"train", "--resume", "--out", o.out, "--engine", string(e.Name)}
	if o.threads > 0 {
		words = append(words, "--threads", fmt.Sprint(o.threads))
	}
	if o.waitForSaves {
		words = append(words, "--checkpoint-sync")
	}
	if o.metricsListen != "" {
		words = append(words, "--metrics-listen", o.metricsListen)
	}
	if o.noAuth {
		words = append(words, "--insecure-no-auth")
	}
	return shell.Line(words...)
}

// versions is everything that the bits of a run may depend on, besides its settings and files. run.json keeps it; a
// resume under other versions goes on and says what changed.
func versions(e *engine.Engine) map[string]string {
	b := cli.BuildInfo()
	return map[string]string{
		"hives": b.Release, "commit": b.Commit, "go": b.Go, "gomlx": b.GoMLX, "go_xla": b.XLA,
		"engine": string(e.Name), "plugin_sha256": e.PluginSHA256, "pjrt_api": e.PJRTAPI, "threads": fmt.Sprint(e.Threads),
	}
}
