package statecache

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// refuseElder refuses a folder with states of format 1 that were made from the same weights. Its key named some
// settings of the model by hand, so that nothing proves the others to be those of this run. To compute the states
// again in silence would leave gigabytes lying there, and hours of work unexplained. Elder files of other weights are
// left alone: they are another model's.
func refuseElder(dir string, k Key) error {
	paths, err := filepath.Glob(filepath.Join(dir, "states-*.bin"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		elder, err := elderOf(path, k)
		if err != nil {
			return err
		}
		if elder {
			return fault.New(fault.Mismatch, "%s holds states of these weights in format 1, whose key left out settings of the "+
				"model; remove it and the .idx beside it, and the states are computed anew", path)
		}
	}
	return nil
}

// elderOf tells whether a file is of format 1 and of a key's weights, layers and type. What cannot be read as a
// header is nobody's elder: whoever opens it by name says what is wrong with it. Only the header is read, 512 bytes
// of each file.
func elderOf(path string, k Key) (bool, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false, fsutil.Classify(err, path)
	}
	defer file.Close()
	raw := make([]byte, headerBytes)
	if _, err := io.ReadFull(file, raw); err != nil {
		return false, nil
	}
	var h struct {
		Kind   string `json:"kind"`
		Format int    `json:"format"`
		Key
	}
	if json.Unmarshal(bytes.TrimSpace(raw), &h) != nil || h.Kind != kindStates || h.Format != 1 {
		return false, nil
	}
	// Format 1 wrote its list of sizes behind the hash, in the same field.
	return strings.HasPrefix(h.Weights, k.Weights) && h.Layers == k.Layers && h.Type == k.Type, nil
}
