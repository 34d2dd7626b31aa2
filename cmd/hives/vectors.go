package main

import "github.com/spf13/cobra"

// vectorsCommand groups what makes and shows the vectors of human values.
func vectorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Build the vectors of human values in a model's space, and show them",
	}
	cmd.AddCommand(vectorsBuildCommand(), vectorsShowCommand())
	return cmd
}
