// Command hives prepares data, evaluates models and answers questions about them.
//
// Where to find what: root.go lists the commands in their groups; each command is a file of its name. A command's
// file has three parts and no more: the words of its help, its flags, and a short run that looks at paths, opens
// what it needs and makes one call into a package. What a command does is in that package.
//
// What all of them keep to: paths are looked at before an engine opens (places.go); outputs appear whole; --json
// prints one object and nothing else; a text of a user is never in a message; mistakes of flags exit with 2, a stop
// that can be gone on from with 75.
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
