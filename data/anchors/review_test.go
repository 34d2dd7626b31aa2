package anchors

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data/theories"
	"hives/internal/fault"
)

func TestAcceptMarksOnce(t *testing.T) {
	for from, want := range map[string]string{"medoid": "medoid+review", "medoid+review": "medoid+review",
		"review": "review"} {
		a := Anchor{Provenance: from}
		if a.Reviewed() != (from == want) {
			t.Errorf("%q counts as reviewed: %v", from, a.Reviewed())
		}
		if a.Accept(); a.Provenance != want || !a.Reviewed() {
			t.Errorf("%q accepted is %q, want %q", from, a.Provenance, want)
		}
	}
}

func TestRejectedAreRemembered(t *testing.T) {
	b := &Bank{Anchors: []Anchor{{Bank: Theory, Kind: KindCluster, Text: "x", Provenance: "medoid"}}}
	if err := b.Reject(); err != nil || b.Meta != nil {
		t.Errorf("rejecting none: %v, %v", err, b.Meta)
	}
	first, second := Rejected{3, []string{"a", "b"}}, Rejected{7, []string{"c"}}
	if err := b.Reject(first); err != nil {
		t.Fatal(err)
	}
	if err := b.Reject(second); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := Write(path, b); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.Rejected()
	if diff := cmp.Diff([]Rejected{first, second}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	b.Meta[metaRejected] = "[{"
	if _, err := b.Rejected(); fault.Of(err) != fault.Corrupt {
		t.Errorf("a damaged list: %v", err)
	}
}
