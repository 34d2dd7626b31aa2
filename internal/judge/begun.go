package judge

import (
	"maps"
	"slices"
	"strings"

	"hives/internal/fault"
)

// Changed names the settings that a folder was begun with and that are others now. A setting that only one side has is
// none of them: a run may grow.
func Changed(was, now map[string]string) (keys []string) {
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if old, ok := was[key]; ok && old != now[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// OtherSettings refuses a folder whose results would be replaced by those of another run, or mixed with them.
func OtherSettings(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return fault.New(fault.Mismatch, "was begun with other settings (%s): give another --out, or say --allow-changed",
		strings.Join(keys, ", "))
}
