package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/trainer"
)

// run trains and says what came of it.
func run(ctx context.Context, fs *pflag.FlagSet, o *options, out io.Writer) error {
	if o.smoke {
		done, err := o.lightSmoke()
		if err != nil {
			return err
		}
		defer done()
	}
	cfg, options, err := prepare(ctx, fs, o)
	if err != nil {
		return err
	}
	defer options.Engine.Close()
	w := newWatcher(options.Engine.Choice)
	options.Observer = w
	if o.smoke {
		w.Note(smokeWords)
	}
	if o.dryRun {
		return dryRun(ctx, cfg, options, out, o.json)
	}
	cli.EndsItself(ctx)
	metrics, err := o.serveMetrics(&cfg, &options)
	if err != nil {
		return err
	}
	defer metrics.Close()
	summary, err := trainer.Run(ctx, cfg, options)
	w.close()
	if err != nil {
		return err
	}
	if o.smoke {
		fmt.Fprintln(out, smokeWords)
		return nil
	}
	if summary.AlreadyFinished {
		fmt.Fprintf(out, "the run in %s is finished (%d steps); nothing to do\n", o.out, summary.Steps)
	}
	fmt.Fprintf(out, "model: %s\nnext:  hives evaluate --model %s --data FILE\n", summary.Model, summary.Model)
	return nil
}

// prepare turns the flags into a valid configuration and an open engine, which the caller closes.
func prepare(ctx context.Context, fs *pflag.FlagSet, o *options) (trainer.Config, trainer.RunOptions, error) {
	ro := trainer.RunOptions{Out: o.out, Resume: o.resume, AllowChanged: o.allowChanged, WaitForSaves: o.waitForSaves}
	cfg, _, err := load(fs, o)
	cfg = o.smokeFiles.shrink(cfg)
	if err == nil && o.out == "" && !o.dryRun {
		err = fault.Usage(fault.New(fault.Invalid, "no run folder: give --out DIR"))
	}
	if err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		return cfg, ro, err
	}
	if ro.Config, err = cli.EncodeTOML(cfg); err != nil {
		return cfg, ro, err
	}
	ro.Engine, err = engine.Open(ctx, engine.Options{Kind: engine.Kind(o.engine), Threads: o.threads})
	if err == nil {
		ro.Versions = versions(ro.Engine)
	}
	return cfg, ro, err
}

// versions is everything that the bits of a run may depend on.
func versions(e *engine.Engine) map[string]string {
	b := cli.BuildInfo()
	return map[string]string{
		"hives": b.Release, "commit": b.Commit, "go": b.Go, "gomlx": b.GoMLX, "go_xla": b.XLA,
		"engine": string(e.Name), "plugin_sha256": e.PluginSHA256, "pjrt_api": e.PJRTAPI, "threads": fmt.Sprint(e.Threads),
	}
}
