package statecache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/statecache"
)

// TestElderStatesAreRefusedByName: format 1 kept a list of sizes in its key's weights. States of other weights, layers
// or another type are no concern of this key's, and neither is a file that nobody can read.
func TestElderStatesAreRefusedByName(t *testing.T) {
	const ours = `{"kind":"hives.states","format":1,"weights":"abc[\"qwen3\",2,1,4,0.000001,10000]","layers":3,` +
		`"width":4,"type":"f16"}`
	for header, refused := range map[string]bool{
		ours: true,
		strings.Replace(ours, `"abc[`, `"abd[`, 1):               false,
		strings.Replace(ours, `"layers":3`, `"layers":2`, 1):     false,
		strings.Replace(ours, `"f16"`, `"f32"`, 1):               false,
		strings.Replace(ours, `"format":1`, `"format":2`, 1):     false,
		strings.Replace(ours, `hives.states`, `hives.others`, 1): false,
		"no JSON": false,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "states-0123456789abcdef.bin")
		if err := os.WriteFile(path, fmt.Appendf(nil, "%-511s\nstates", header), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := statecache.Open(dir, key)
		if err == nil {
			c.Close()
		}
		if (err != nil) != refused || refused && (fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "remove it")) {
			t.Errorf("%s: %v, refused should be %v", header, err, refused)
		}
	}
}
