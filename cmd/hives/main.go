// Command hives prepares data, evaluates models and answers questions about them.
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
