package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestListsKeepTheirColumn: in a list within a help text, what does not fit goes on below the text and not below the
// name; a line without two columns hangs as before.
func TestListsKeepTheirColumn(t *testing.T) {
	got := Paragraphs("Conditions:\n\n  gain=N   a prompt moves a value further than N\n"+
		"  two words alone that do not fit", 30)
	want := []string{
		"Conditions:", "",
		"  gain=N   a prompt moves a",
		"           value further than",
		"           N",
		"  two words alone that do not",
		"    fit",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestFlagNamesSayWhatTheyTake: a reader of the help sees numbers and not the names of Go's types.
func TestFlagNamesSayWhatTheyTake(t *testing.T) {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.IntSlice("targets", nil, "targets")
	fs.Float64Slice("weights", nil, "weights")
	for name, want := range map[string]string{"targets": "--targets N,N…", "weights": "--weights X,X…"} {
		if got := flagName(fs.Lookup(name)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
