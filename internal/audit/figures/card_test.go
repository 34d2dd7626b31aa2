package figures_test

import (
	"strings"
	"testing"

	"hives/internal/audit/figures"
)

// TestTheCardSaysWhatStands: the gains beyond noise and no others; of a model that ignores prompts it says none.
func TestTheCardSaysWhatStands(t *testing.T) {
	write := func(w world) string {
		var b strings.Builder
		if err := figures.Compute(w.record(), nil).WriteCard(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	moved, ignored := write(obedient()), write(deaf(4))
	if !strings.Contains(moved, "8 of 8 movements") || !strings.Contains(moved, "| `"+care+"` | anchor at +2 | +") {
		t.Error(moved)
	}
	if !strings.Contains(ignored, "None of 8 movements") {
		t.Error(ignored)
	}
	w := obedient()
	w.name = "a`b\nc"
	if !strings.Contains(write(w), "`a'b c`") {
		t.Error("a name leaves its marks")
	}
}
