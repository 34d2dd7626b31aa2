package engine

import (
	"fmt"
	"os"
	"path/filepath"
)

// Installed describes, a line each, the plugins that Open would find and the interface each speaks. It
// loads the libraries and makes no device ready, so it is quick and needs no GPU.
func Installed() []string {
	var lines []string
	for _, kind := range []Kind{CUDA, CPU} {
		p, err := find(kind)
		if err != nil {
			continue
		}
		lines = append(lines,
			fmt.Sprintf("plugin %s %s, PJRT API %s, sha256 %s", p.Folder, p.Version, apiOf(p.Path), p.SHA256))
	}
	if len(lines) == 0 {
		lines = []string{"no PJRT plugin installed: " + simdText + " does the arithmetic"}
	}
	return lines
}

// apiOf reads the interface's version; "unknown" where the library cannot be loaded. --version must not fail for
// it.
func apiOf(path string) string {
	v, err := pluginVersion(path)
	if err != nil {
		return "unknown"
	}
	return v
}

// libraryMissing tells whether NVIDIA's libraries lie where a CUDA plugin looks first: in the folder nvidia beside
// its version's folder, where install_pjrt.sh --with-libs puts them.
func libraryMissing(plugin string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(filepath.Dir(plugin)), "nvidia"))
	return err != nil
}
