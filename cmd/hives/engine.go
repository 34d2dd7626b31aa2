package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/engine"
	"hives/internal/engine/check"
)

// engineCommand groups what concerns the arithmetic of this machine.
func engineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "engine",
		Short: "Show and check what does the arithmetic here",
		Long: `What does the arithmetic on this machine, and can it be trusted? ` +
			`XLA does it, on a GPU or on the processor, or Go does
it alone. "show" says which of them the programs take and why. "check" says whether its numbers are right.`,
		Example: `  hives engine show
  hives engine check --engine cpu`,
		GroupID: groupSettings,
	}
	cmd.AddCommand(engineShowCommand(), engineCheckCommand(), engineStepsCommand())
	return cmd
}

// engineShowCommand opens the engine as every other command would, so what it says is what they do.
//
//	work      engine.Open of internal/engine, with its self-test
//	writes    one line: which engine, on what, and why it was taken
//	refuses   an engine that was named and cannot be opened; without a name the next one is tried
func engineShowCommand() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Open an engine, self-test it and say what was taken and why",
		Long: `Which engine would the other commands take? The command opens that engine and lets it compute a sum ` +
			`whose result is
known. Then it prints the engine in one line. If the first choice cannot be opened, the line says why and what was taken
instead.`,
		Example: `  hives engine show --engine go
  # → engine go (pure Go, SIMD, 2 threads), as asked`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := engine.Open(cmd.Context(), engine.Options{Kind: engine.Kind(kind)})
			if err != nil {
				return err
			}
			defer e.Close()
			_, err = fmt.Fprintln(cmd.OutOrStdout(), e.Choice)
			return err
		},
	}
	cmd.Flags().StringVar(&kind, "engine", "", engine.FlagUsage)
	return cmd
}

// engineCheckCommand runs this program again, as engineStepsCommand: bits that differ between two processes are the
// fault that it looks for.
//
//	work      check.Run of internal/engine/check
//	writes    the engine, a line for each type (how many repeats gave which hash), how far the values are off
//	fails     where two repeats differ in a bit, or f32 leaves the values of the Go engine
//	Ctrl-C    ends its processes too
//
// A plugin is checked before it is pinned. Training relies on equal bits: a resumed run ends as one that was never
// stopped. With 200 repeats the check took 86 s beside other work (docs/LOG.md).
func engineCheckCommand() *cobra.Command {
	var opt check.Options
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Repeat a training step in two processes, idle and loaded: same bits each time, values of the Go engine",
		Long: `Does this engine give the same bits every time, and the right values? ` +
			`The command runs one training step again and
again: the loss and all gradients, in f32 and in bf16. It does so in two fresh processes. At first the machine is idle.
Then busy loops run on every core.

Every repeat must give the same bits. The f32 values must agree with the pure-Go engine. Run the check once for every
new plugin.`,
		Example: `  hives engine check --repeats 50`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check.Run(cmd.Context(), opt, check.Process, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&opt.Engine, "engine", "", engine.FlagUsage)
	// The same two flags stand in the hidden command below: check passes them on.
	cmd.Flags().IntVar(&opt.Repeats, "repeats", 200, "repeats of the step in each process, idle and again loaded")
	return cmd
}

// engineStepsCommand is what check runs in each of its processes. Its output is read by check and by nobody else, so
// it stands in no help.
func engineStepsCommand() *cobra.Command {
	var opt check.Options
	cmd := &cobra.Command{
		Use: check.StepsCommand,
		// Hidden, but not secret: what check finds can be looked at by hand.
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check.Steps(cmd.Context(), opt, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&opt.Engine, "engine", "", engine.FlagUsage)
	cmd.Flags().IntVar(&opt.Repeats, "repeats", 200, "")
	return cmd
}
