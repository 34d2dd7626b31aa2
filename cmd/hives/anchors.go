package main

import "github.com/spf13/cobra"

// anchorsCommand groups what makes, shows and uses the cross-theory bank.
func anchorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "anchors",
		Short: "Build cross-theory anchors from training rows, show them, assign rows to them",
	}
	cmd.AddCommand(anchorsBuildCommand(), anchorsAssignCommand(), anchorsShowCommand())
	return cmd
}
