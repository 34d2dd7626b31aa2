package main

import (
	"hives/internal/cli"
	"hives/internal/engine"
)

// versionText is what --version prints. It names the plugins that are installed without loading one.
func versionText() string {
	return cli.VersionText("hives", engine.Installed()...)
}
