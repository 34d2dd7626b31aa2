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
		Long: `The arithmetic is done by XLA, on a GPU or on the processor, or by Go alone. "show" says which of them programs
take here and why; "check" says whether its numbers can be trusted.`,
		Example: `  hives engine show
  hives engine check --engine cpu`,
		GroupID: groupSettings,
	}
	cmd.AddCommand(engineShowCommand(), engineCheckCommand(), engineStepsCommand())
	return cmd
}

func engineShowCommand() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Open an engine, self-test it and say what was taken and why",
		Long: `Opens the engine that every other command would open, lets it compute a known sum, and prints in a line what it
is. Where the first choice cannot be opened it says why and what was taken in its place.`,
		Example: `  hives engine show
  hives engine show --engine go`,
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

func engineCheckCommand() *cobra.Command {
	var opt check.Options
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Repeat a training step in two processes, idle and loaded: same bits each time, values of the Go engine",
		Long: `check runs one training step (loss and all gradients, f32 and bf16) again and again in two fresh
processes, first idle, then beside busy loops on every core. Every repeat must give the same bits, and the
f32 values must agree with the pure-Go engine. Run it once for every new plugin.`,
		Example: `  hives engine check --repeats 50`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check.Run(cmd.Context(), opt, check.Process, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&opt.Engine, "engine", "", engine.FlagUsage)
	cmd.Flags().IntVar(&opt.Repeats, "repeats", 200, "repeats of the step in each process, idle and again loaded")
	return cmd
}

// engineStepsCommand is what check runs in each of its processes.
func engineStepsCommand() *cobra.Command {
	var opt check.Options
	cmd := &cobra.Command{
		Use:    check.StepsCommand,
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
