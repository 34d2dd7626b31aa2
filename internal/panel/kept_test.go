package panel

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// keptURL is where the answers of testdata/votes-before-local.db.gz came from. Nobody listens there: one question that
// is asked anew fails the run.
const keptURL = "http://127.0.0.1:18471/v1"

// A votes file that was written before there were local models is found whole: three texts, three voters, not one
// question asked.
func TestVotesFromBeforeLocalModelsAreFound(t *testing.T) {
	j, _ := jobFor(t, testPanel(keptURL, 3), lie, "she kept her word", "they fed the birds")
	packed, err := os.Open(filepath.Join("testdata", "votes-before-local.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(j.DB, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if rows := run(t, j); len(rows) != 3 {
		t.Errorf("%d rows of 3", len(rows))
	}
	if err := os.Remove(j.DB); err != nil { // the control: without the answers somebody would have to be asked
		t.Fatal(err)
	}
	if Run(t.Context(), j) == nil {
		t.Error("a run without answers asked nobody")
	}
}
