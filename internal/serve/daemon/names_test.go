package daemon

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	for given, want := range map[string][]string{"": {"folder"}, "a": {"a"}, "a, b,c": {"a", "b", "c"}} {
		name, aliases, err := Config{Name: given}.names("folder")
		if err != nil || !slices.Equal(append([]string{name}, aliases...), want) {
			t.Errorf("%q: %s, %v, %v", given, name, aliases, err)
		}
	}
	for _, bad := range []string{",", "a,", " "} {
		if _, _, err := (Config{Name: bad}).names(""); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
