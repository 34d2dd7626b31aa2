// Command embedd serves a model folder's vectors over gRPC.
package main

import "hives/internal/cli"

func main() { cli.Main(cli.Command(newRoot())) }
