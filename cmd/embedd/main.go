// Command embedd serves a model folder's vectors over gRPC.
//
//	work      daemon.Run of internal/serve/daemon, which puts internal/serve together
//	reads     --model, --vectors, certificates, a file of tokens
//	writes    nothing but its log
//	refuses   a port that is taken, a model that is damaged, vectors of another model, and to be reached by other
//	          machines without TLS and tokens, unless each was waived
//	Ctrl-C    before the model is loaded it ends at once (130); afterwards it answers every call that it has accepted,
//	          and ends with 0
//	SIGHUP    reads tokens, model and vectors anew, all of them or none
//
// The program is its flags (flags.go), their headings (flaggroups.go) and two small commands beside it: config
// shows the effective settings, token makes a caller's token. The daemon itself is internal/serve/daemon.
package main

import "hives/internal/cli"

func main() { cli.Main(cli.Command(newRoot())) }
