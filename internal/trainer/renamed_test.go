package trainer

import (
	"testing"

	"hives/internal/runstore"
)

// Older names of a setting are no change of it, and another setting is one.
func TestRenamed(t *testing.T) {
	for _, c := range []struct {
		field, stored, given string
		same                 bool
	}{
		{"model.precision", `"bf16"`, `"mixed"`, true},
		{"model.precision", `"mixed"`, `"bf16"`, true},
		{"model.precision", `"f16"`, `"mixed16"`, true},
		{"model.precision", `"bf16"`, `"mixed16"`, false},
		{"model.precision", `"f32"`, `"mixed"`, false},
		{"model.precision", `"other"`, `"unknown"`, false},
		{"memory.moments", `"bf16"`, `"mixed"`, false},
	} {
		if got := renamed(runstore.Change{Field: c.field, Stored: c.stored, Given: c.given}); got != c.same {
			t.Errorf("%s: %s and %s are the same: %v, want %v", c.field, c.stored, c.given, got, c.same)
		}
	}
}
