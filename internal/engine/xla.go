//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package engine

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// loadPlugin opens the plugin at path as config says and returns the version of its interface.
func loadPlugin(path, config string) (compute.Backend, string, error) {
	xla.EnableAutoInstall(false) // the package read the environment before Open could set it
	b, err := xla.New(config)
	if err != nil {
		return nil, "", err
	}
	version, err := pluginVersion(path)
	return b, version, err
}

// pluginVersion loads the library, once a process, and returns the version of its interface, as "0.115". A library
// cannot be unloaded again.
func pluginVersion(path string) (string, error) {
	plugin, err := pjrt.GetPlugin(path)
	if err != nil {
		return "", err
	}
	major, minor := plugin.Version()
	return fmt.Sprintf("%d.%d", major, minor), nil
}
