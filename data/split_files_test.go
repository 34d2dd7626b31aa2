package data

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/fault"
)

// A split that fails at its last file leaves the three of the split before as they were: some new beside some old would
// share texts.
func TestASplitReplacesItsFilesTogether(t *testing.T) {
	dir := t.TempDir()
	write := func(name, theme string, n int) string {
		var rows []Row
		for i := range n {
			rows = append(rows, Row{Text: fmt.Sprintf("%s number %d", theme, i), Theory: "duty", Level1: "fidelity",
				Direction: 1, IndividualAnchor: -1, TheoryAnchor: -1})
		}
		path := filepath.Join(dir, name)
		if err := Write(path, rows); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := filepath.Join(dir, "parts")
	if _, err := SplitFile(write("a.csv", "promise", 40), out, DefaultSplit(), ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(out, PartNames[Test]+".parquet")
	if err := os.Remove(last); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(last, 0o755); err != nil {
		t.Fatal(err)
	}
	var before [][]byte
	read := func() (all [][]byte) {
		for _, name := range PartNames[:Test] {
			raw, err := os.ReadFile(filepath.Join(out, name+".parquet"))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, raw)
		}
		return all
	}
	before = read()
	if _, err := SplitFile(write("b.csv", "gratitude", 60), out, DefaultSplit(),
		ReadOptions{}); fault.Of(err) != fault.Exists {
		t.Errorf("a folder in the place of %s: %v", last, err)
	}
	for i, raw := range read() {
		if string(raw) != string(before[i]) {
			t.Errorf("%s is of the split that failed", PartNames[i])
		}
	}
	if left, _ := filepath.Glob(filepath.Join(out, ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
