package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Set by the linker in builds of the Makefile: -ldflags "-X hives/internal/cli.commit=…". "-dirty" behind the
// commit marks a checkout with changes.
var (
	release = "0.1.0-dev"
	commit  = ""
)

// Build says what this program was made from.
type Build struct {
	Release string `json:"release"`
	Commit  string `json:"commit"` // "" where neither the linker nor Go recorded it; "-dirty" marks changes
	Go      string `json:"go"`
	GoMLX   string `json:"gomlx"`
	XLA     string `json:"go_xla"` // version of the bindings, not of a plugin
}

// BuildInfo returns the program's origin. A release built by the Makefile has its commit from the linker, a plain go
// build in a checkout has it from Go; a build from a source archive has none.
func BuildInfo() Build {
	b := Build{Release: release, Commit: commit, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Commit == "" {
		b.Commit = recordedCommit(info.Settings)
	}
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/gomlx/gomlx":
			b.GoMLX = dep.Version
		case "github.com/gomlx/go-xla":
			b.XLA = dep.Version
		}
	}
	return b
}

// recordedCommit reads what the go command stored of the checkout. "-dirty" says that the program was built from
// files that are in no commit, so the commit alone does not make it again.
func recordedCommit(settings []debug.BuildSetting) string {
	var revision, dirty string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}

// VersionText is what --version prints; extra lines tell of the engine.
func VersionText(program string, extra ...string) string {
	b := BuildInfo()
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s\ncommit %s\n%s, gomlx %s, go-xla %s\n", program, b.Release,
		orUnknown(b.Commit), b.Go, orUnknown(b.GoMLX), orUnknown(b.XLA))
	for _, line := range extra {
		fmt.Fprintln(&s, line)
	}
	return s.String()
}

// orUnknown says so rather than leaving a gap: a bug report that lacks the commit should show that it does.
func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
