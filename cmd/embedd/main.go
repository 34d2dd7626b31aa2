// Command embedd serves a model folder's vectors over gRPC.
//
// The program is its flags (flags.go), their headings (flaggroups.go) and two small commands beside it: config shows
// the effective settings, token makes a caller's token. The daemon itself is internal/serve/daemon.
package main

import "hives/internal/cli"

func main() { cli.Main(cli.Command(newRoot())) }
