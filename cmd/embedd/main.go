// Command embedd will serve a model's vectors over gRPC and HTTP.
package main

import (
	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/fault"
)

func main() { cli.Main(cli.Command(newRoot())) }

// newRoot is a placeholder that says so, so that nobody takes the program for a server.
func newRoot() *cobra.Command {
	return &cobra.Command{
		Use:     "embedd",
		Short:   "Serve a model's vectors (not built yet)",
		Long:    "embedd will serve a model folder over gRPC and HTTP. It serves nothing yet: embed files with hives embed.",
		Args:    cobra.NoArgs,
		Version: cli.BuildInfo().Release,
		RunE: func(*cobra.Command, []string) error {
			return errNotBuilt
		},
	}
}

var errNotBuilt = fault.New(fault.Unavailable,
	"the daemon is not built yet: embed files with hives embed --model DIR --in FILE.jsonl --out FILE.npy")
