//go:build !cgo || noxla || !((linux && (amd64 || arm64)) || (darwin && arm64))

package engine

import (
	"errors"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// loadPlugin has nothing to load in a program built without cgo or with -tags noxla.
func loadPlugin(string, string) (compute.Backend, string, error) {
	return nil, "", errNoXLA
}

// pluginVersion stands in for that of xla.go, so that the rest of the package is the same in both builds.
func pluginVersion(string) (string, error) { return "", errNoXLA }

// errNoXLA is why cuda and cpu are passed over in such a program; the Go engine is left.
var errNoXLA = errors.New("this program was built without XLA (no cgo, or -tags noxla)")

// Overwrite does nothing without XLA.
func Overwrite(_, _ *graph.Node) {}

// Apart does nothing without XLA.
func Apart(values ...*graph.Node) []*graph.Node { return values }
