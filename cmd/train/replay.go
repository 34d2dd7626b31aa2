package main

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"hives/internal/runstore"
	"hives/internal/trainer"
)

// replayCommand looks at one step of a run.
//
//	work      trainer.ReplayStep of internal/trainer
//	reads     the run folder, its rows, the newest checkpoint before the step
//	writes    standard output; the run folder is not touched
//	refuses   a step that the run does not have, changed settings or rows, but for --allow-changed
//
// It is what a run that ended on a number that is not finite advises: the step is a function of the checkpoint and
// the step's number, so it can be taken again, alone, in another precision, with every tensor's gradient in sight.
func replayCommand(o *options) *cobra.Command {
	var step int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "replay --step N --out RUN", Short: "Take one step of a run again and look at it", Args: cobra.NoArgs,
		Long: `What happened in one step of a run? The command takes step N of the run in --out again, from the
newest checkpoint before it. It prints the loss and its levels, and the gradient norm. It prints the
gradient norm of each tensor, or the first one that is not finite. It names the rows and text ids of
the batch. It says whether metrics.jsonl has the same figures.

Nothing in the run folder changes. With --allow-changed the settings may differ: would the step be finite in
f32?`,
		Example: "  train replay --step 1234 --out runs/stage1\n  train replay --step 1234 --out runs/stage1 " +
			"--allow-changed --precision f32",
		PersistentPreRunE: func(*cobra.Command, []string) error {
			// A replay reads a run as a resume does, and takes nothing up.
			o.resume = true // the run's own settings and theories take the place of the defaults
			return o.learnTheories()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := replay(cmd.Context(), cmd, o, step)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			}
			r.Print(cmd.OutOrStdout())
			return nil
		},
	}
	cmd.Flags().IntVar(&step, "step", 0, "the step, as metrics.jsonl counts: 1 is the first")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// replay goes the way of a resumed run up to its engine, and takes one step instead of going on. The checks come in
// the order of what they cost: a folder, settings, the run's record, whether files are there, the engine.
func replay(ctx context.Context, cmd *cobra.Command, o *options, step int) (*trainer.Replay, error) {
	// A folder that is no run is said here; without --out settings says what is missing.
	if _, err := runstore.Read(o.out); o.out != "" && err != nil {
		return nil, err
	}
	cfg, options, err := settings(cmd.Flags(), o)
	if err == nil {
		_, err = trainer.CheckReplay(&cfg, options, step)
	}
	if err == nil {
		err = trainer.CheckInputs(&cfg)
	}
	if err == nil {
		err = openEngine(ctx, o, &options)
	}
	if err != nil {
		return nil, err
	}
	defer options.Engine.Close()
	w := newWatcher(options.Engine.Choice)
	defer w.close()
	options.Observer = w
	return trainer.ReplayStep(ctx, cfg, options, step)
}
