// Command releaseplugin installs GoMLX's released CPU plugin into the cache folder named by its argument.
//
// install_pjrt.sh runs it where pip is missing. The release carries no hash to pin, so the manifest
// records that of the file that came; the engine holds the file to it from then on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

func main() { cli.Main(run) }

func run(context.Context) error {
	if len(os.Args) != 2 {
		return fault.Usage(errors.New("give the cache folder"))
	}
	parent := filepath.Join(os.Args[1], "pjrt", "cpu")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	staged, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staged)
	version := pjrt.DefaultCPUVersion
	platform := runtime.GOOS + "_" + runtime.GOARCH
	if err := installer.CPUInstall(platform, version, staged, false, installer.Quiet); err != nil {
		return fault.New(fault.Unavailable, "fetch GoMLX's release %s: %w", version, err)
	}
	return place(staged, filepath.Join(parent, "gomlx-"+version), version)
}

// place names the one library in staged plugin.so, writes its manifest and moves both to final.
func place(staged, final, version string) error {
	libs, err := filepath.Glob(filepath.Join(staged, "*plugin.so"))
	if err != nil || len(libs) != 1 {
		return fmt.Errorf("release %s holds %d plugins, want 1", version, len(libs))
	}
	lib := filepath.Join(staged, "plugin.so")
	if err := os.Rename(libs[0], lib); err != nil {
		return err
	}
	sum, err := fsutil.SHA256(lib)
	if err != nil {
		return err
	}
	note := map[string]any{"format": 1, "package": "gomlx/pjrt-cpu-binaries", "version": "gomlx-" + version, "plugin_sha256": sum}
	err = fsutil.WriteFile(filepath.Join(staged, "manifest.json"), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(note)
	})
	if err != nil {
		return err
	}
	if err := os.Chmod(staged, 0o755); err != nil { // MkdirTemp's are for its owner alone
		return err
	}
	if err := os.Rename(staged, final); err != nil {
		return err
	}
	return fsutil.SyncDir(filepath.Dir(final))
}
