package engine

import (
	_ "embed"
	"encoding/json"
)

// Pin is one plugin as scripts/install_pjrt.sh installs it: a wheel of fixed version and hash, and the shared
// library inside. The hashes stand in the program: what lies in the cache, and what a mirror sends, is compared with
// them and not with what came along with it.
type Pin struct {
	Package      string `json:"package"`
	Version      string `json:"version"`
	WheelSHA256  string `json:"wheel_sha256"`
	Member       string `json:"member"` // path of the library inside the wheel
	PluginSHA256 string `json:"plugin_sha256"`
	Platform     string `json:"platform"`
}

//go:embed pins.json
var pinsJSON []byte

// pinned holds the pins by folder name: cpu, cuda12, cuda13. The installer reads the same file.
var pinned = func() map[string]Pin {
	var file struct {
		CPU    Pin `json:"cpu"`
		CUDA12 Pin `json:"cuda12"`
		CUDA13 Pin `json:"cuda13"`
	}
	if err := json.Unmarshal(pinsJSON, &file); err != nil {
		panic(err) // the file is part of the program
	}
	return map[string]Pin{"cpu": file.CPU, "cuda12": file.CUDA12, "cuda13": file.CUDA13}
}()

// folders names where plugins of a kind may lie below the cache's pjrt folder, preferred first.
var folders = map[Kind][]string{CPU: {"cpu"}, CUDA: {"cuda13", "cuda12"}}
