package corpora

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"hives/data"
	"hives/data/theories"
)

// The demo's sample goes through the importers whole, stays small, and divides without a crossing.
func TestDemoSample(t *testing.T) {
	root := filepath.Join("..", "..", "demo", "data")
	var size int64
	err := fs.WalkDir(os.DirFS(root), ".", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, err := d.Info()
			if err != nil {
				return err
			}
			size += info.Size()
		}
		return err
	})
	if err != nil || size > 5_000_000 {
		t.Errorf("the sample has %d bytes, at most 5,000,000 are allowed: %v", size, err)
	}
	var all []data.Row
	for _, c := range [][2]string{{"valueeval", "valueeval"}, {"mfrc", "mfrc"}, {"social-chem", "social_chem"},
		{"moral-stories", "moral_stories"}} {
		rows, sum := mustImport(t, c[0], Options{In: filepath.Join(root, c[1])})
		if len(rows) == 0 || len(sum.Bad) != 0 {
			t.Errorf("%s: %d rows, bad %v", c[0], len(rows), sum.Bad)
		}
		all = append(all, rows...)
	}
	merged, _ := data.Dedupe(all, theories.Builtin())
	parts, err := data.Split(merged, data.DefaultSplit())
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]int{}
	for p, part := range parts {
		if len(part) == 0 {
			t.Errorf("%s is empty", data.PartNames[p])
		}
		for _, r := range part {
			for _, name := range []string{r.TextID, r.Group} {
				if was, seen := where[name]; seen && was != p {
					t.Fatalf("%s stands in %s and %s", name, data.PartNames[was], data.PartNames[p])
				}
				where[name] = p
			}
		}
	}
}
