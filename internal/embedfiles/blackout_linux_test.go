package embedfiles

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/rig/powercut"
)

// TestPowerCut cuts the power at every sync and rename of two shards into a folder that is new. Rows that were told to
// be done are there, and the same command ends with the same bytes.
func TestPowerCut(t *testing.T) {
	in, _ := corpus(t, 12)
	whole := t.TempDir()
	for shard := range 2 {
		mustRun(t, newFake("w"), job(in, whole, shard, 2))
	}
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	var rows [2]int
	var finished [2]bool
	looks, of := 0, [2]int{4, 8} // rows of each shard, in blocks of 4
	look := func(image string) {
		looks++
		out := filepath.Join(image, "new", "vectors")
		for shard := range 2 {
			r, err := Run(context.Background(), newFake("w"), job(in, out, shard, 2))
			if err != nil || r.Embedded > of[shard]-rows[shard] || finished[shard] && !r.Already {
				t.Fatalf("shard %d: %d rows done, finished %v: %+v, %v", shard, rows[shard], finished[shard], r, err)
			}
		}
		// Left by whoever claimed the folder: other shards may be writing theirs, so nobody clears them away.
		left, _ := filepath.Glob(filepath.Join(out, ".corpus.json.tmp-*"))
		for _, path := range left {
			os.Remove(path)
		}
		same(t, whole, out)
	}
	disk.EachCut(look)
	for shard := range 2 {
		j := job(in, filepath.Join(root, "new", "vectors"), shard, 2)
		j.Progress = func(n int, _ bool) { rows[shard] += n }
		if r := mustRun(t, newFake("w"), j); r.Embedded != of[shard] {
			t.Fatalf("shard %d: %d rows, want %d", shard, r.Embedded, of[shard])
		}
		finished[shard] = true
	}
	disk.Cut(look)
	if looks < 45 {
		t.Errorf("%d looks: the syncs were not seen", looks)
	}
}
