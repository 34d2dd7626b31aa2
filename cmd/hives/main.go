// Command hives prepares data, evaluates models and answers questions about them.
//
// Where to find what: root.go lists the commands in their groups; each command is a file of its name. A command's
// file has three parts and no more: the words of its help, its flags, and a short run that looks at paths, opens
// what it needs and makes one call into a package. What a command does is in that package.
//
// What all of them keep to: paths are looked at before an engine opens (places.go); outputs appear whole; --json
// prints one object and nothing else; a text of a user is never in a message; mistakes of flags exit with 2, a stop
// that can be gone on from with 75.
//
// The comment on a command's function is a card of its lines:
//
//	work      the function that does it, and its package
//	reads     what it needs besides its flags
//	writes    what is there afterwards
//	refuses   what it ends with an error for, before the work where that can be known
//	Ctrl-C    what is left after a stop
//
// Nothing on Ctrl-C means that nothing is written. Otherwise package cli cancels the command's context, gives it a
// second, removes what is half written and exits with 130, or 143 after SIGTERM.
package main

import (
	"hives/internal/cli"
	"hives/internal/page"
)

// Pages name the release that drew them; package page must not know package cli, so it is told here.
func main() {
	build := cli.BuildInfo()
	page.Program.Release, page.Program.Commit = build.Release, build.Commit
	cli.Main(cli.Command(newRoot()))
}
