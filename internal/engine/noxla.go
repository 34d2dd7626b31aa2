//go:build !cgo || noxla || !((linux && (amd64 || arm64)) || (darwin && arm64))

package engine

import (
	"errors"

	"github.com/gomlx/compute"
)

// loadPlugin has nothing to load in a program built without cgo or with -tags noxla.
func loadPlugin(string, string) (compute.Backend, string, error) {
	return nil, "", errNoXLA
}

func pluginVersion(string) (string, error) { return "", errNoXLA }

var errNoXLA = errors.New("this program was built without XLA (no cgo, or -tags noxla)")
