package runstore

import (
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/powercut"
)

// TestPowerCut cuts the power at every sync and rename in the life of a run in folders that are new. What a call that
// has returned wrote is there; before the first one has, the folder is free for another try.
func TestPowerCut(t *testing.T) {
	root := t.TempDir()
	disk := powercut.Watch(t, root)
	promised := struct {
		begun    bool
		step     int // of run.json
		logged   int // last step that was synced
		best     int
		finished bool
	}{logged: -1}
	looks := 0
	look := func(image string) {
		looks++
		dir := filepath.Join(image, "runs", "a")
		if _, err := Read(dir); fault.Of(err) == fault.NotFound && !promised.begun {
			mustCreate(t, dir).Close()
			return
		}
		r, err := Open(dir)
		if err != nil {
			t.Fatalf("%+v: %v", promised, err)
		}
		defer r.Close()
		stored, err := r.Config()
		if err != nil || string(stored) != config || r.Info().Step < promised.step || promised.finished &&
			r.Info().Status != Finished {
			t.Fatalf("%+v: config %q, %v, info %+v", promised, stored, err, r.Info())
		}
		if b := r.Info().Best; promised.best > 0 && (b == nil || b.Step < promised.best) {
			t.Fatalf("%+v: best %v", promised, b)
		}
		m, err := r.OpenMetrics(promised.logged)
		if err != nil {
			t.Fatalf("%+v: %v", promised, err)
		}
		defer m.Close()
		if got := strings.Count(readLog(t, dir), `"step"`); m.Last("") != promised.logged || got < promised.logged {
			t.Fatalf("%+v: the log has %d lines, the last of step %d", promised, got, m.Last(""))
		}
	}
	disk.EachCut(look)
	r := mustCreate(t, filepath.Join(root, "runs", "a"))
	promised.begun = true
	m := mustMetrics(t, r, -1)
	for step := 0; step < 6; step += 2 {
		logSteps(t, m, step, step+1)
		disk.Cut(look)
		if err := m.Sync(); err != nil {
			t.Fatal(err)
		}
		promised.logged = step + 1
		if err := r.SetBest(&Best{Step: step + 1, Metric: "loss"}); err != nil {
			t.Fatal(err)
		}
		promised.best = step + 1
		if err := r.SetStatus(Interrupted, step+1); err != nil {
			t.Fatal(err)
		}
		promised.step = step + 1
	}
	if err := r.SetStatus(Finished, 6); err != nil {
		t.Fatal(err)
	}
	promised.step, promised.finished = 6, true
	disk.Cut(look)
	if looks < 60 {
		t.Errorf("%d looks: the syncs were not seen", looks)
	}
}
