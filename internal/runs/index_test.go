package runs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/runstore"
)

// makeRun writes a run folder and gives it back, so that it is held by nobody.
func makeRun(t *testing.T, dir string) string {
	t.Helper()
	r, err := runstore.Create(dir, []byte("stage = 1\nsteps = 100\n"), runstore.Info{Stage: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func lines(from, to int, loss float64) string {
	var b strings.Builder
	for step := from; step <= to; step++ {
		fmt.Fprintf(&b, `{"kind":"train","step":%d,"loss":%g,"loss_levels":[1,2],"grad_norm":null}`+"\n", step, loss)
	}
	return b.String()
}

func setLog(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func openIndex(t *testing.T, path string) *Index {
	t.Helper()
	x, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// look refreshes and returns the runs and the loss curve of the first.
func look(t *testing.T, x *Index, root string) ([]Run, []Figure) {
	t.Helper()
	if err := x.Refresh(context.Background(), root); err != nil {
		t.Fatal(err)
	}
	runs, err := x.Runs(context.Background(), root)
	if err != nil || len(runs) == 0 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	curve, err := x.Curve(context.Background(), &runs[0], "train loss")
	if err != nil {
		t.Fatal(err)
	}
	return runs, curve
}

// A log is followed as it grows; a torn line waits, a cut one is read anew, damage is counted.
func TestLogIsFollowed(t *testing.T) {
	root := t.TempDir()
	dir := makeRun(t, filepath.Join(root, "run"))
	x := openIndex(t, filepath.Join(root, File))
	for _, c := range []struct {
		name  string
		log   string
		steps int
		last  float64
		bad   int
	}{
		{"begins", lines(1, 5, 4), 5, 4, 0},
		{"a torn line waits", lines(1, 5, 4) + lines(6, 6, 3)[:20], 5, 4, 0},
		{"and is taken once it is whole", lines(1, 5, 4) + lines(6, 9, 3), 9, 3, 0},
		{"a resume cut it", lines(1, 4, 4), 4, 4, 0},
		{"a resume cut it and went on beyond", lines(1, 2, 4) + lines(3, 30, 2), 30, 2, 0},
		{"a damaged line is passed over", lines(1, 2, 4) + lines(3, 30, 2) + "}{\n" + lines(31, 31, 1), 31, 1, 1},
		{"a log moved away", "", 0, 0, 0},
	} {
		setLog(t, dir, c.log)
		runs, curve := look(t, x, root)
		if len(curve) != c.steps || runs[0].Bad != c.bad {
			t.Errorf("%s: %d points, %d bad lines, want %d, %d", c.name, len(curve), runs[0].Bad, c.steps, c.bad)
			continue
		}
		if c.steps > 0 && curve[len(curve)-1] != (Figure{c.steps, c.last}) {
			t.Errorf("%s: ends with %v, want %g at %d", c.name, curve[len(curve)-1], c.last, c.steps)
		}
	}
}

// What was read stays read: only bytes beyond it are looked at, apart from the tail that is compared.
func TestOnlyWhatIsNewIsRead(t *testing.T) {
	root := t.TempDir()
	dir := makeRun(t, filepath.Join(root, "run"))
	x := openIndex(t, filepath.Join(root, File))
	log := lines(1, 200, 4)
	setLog(t, dir, log)
	look(t, x, root)
	// A change far before the end is not seen: the proof that the beginning is not read again.
	setLog(t, dir, strings.Replace(log, `"loss":4`, `"loss":9`, 1)+lines(201, 201, 3))
	if _, curve := look(t, x, root); len(curve) != 201 || curve[0].Value != 4 {
		t.Errorf("%d points, the first %v", len(curve), curve[0])
	}
}

func TestFoldersOfAllKinds(t *testing.T) {
	root := t.TempDir()
	whole := makeRun(t, filepath.Join(root, "a", "whole"))
	setLog(t, whole, lines(1, 3, 4))
	makeRun(t, filepath.Join(whole, "final", "inside")) // inside a run: not a run of ours
	makeRun(t, filepath.Join(root, ".hidden"))
	gone := makeRun(t, filepath.Join(root, "gone"))
	torn := makeRun(t, filepath.Join(root, "torn"))
	for path, text := range map[string]string{
		filepath.Join(torn, "run.json"):      `{"kind": "hives.ru`,
		filepath.Join(root, "metrics.jsonl"): "not a run's\n",
		filepath.Join(root, "notes"):         "a foreign file",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	x := openIndex(t, filepath.Join(root, File))
	runs, _ := look(t, x, root)
	if len(runs) != 3 || runs[0].Path != whole || runs[2].Path != torn || runs[2].Problem == "" || runs[0].Problem != "" {
		t.Fatalf("%+v", runs)
	}
	if err := os.RemoveAll(gone); err != nil {
		t.Fatal(err)
	}
	if runs, _ = look(t, x, root); len(runs) != 2 {
		t.Errorf("%d runs after one was removed", len(runs))
	}
	if runs, _ = look(t, x, filepath.Join(root, "a")); len(runs) != 1 {
		t.Errorf("%d runs below one folder", len(runs))
	}
	if all, err := x.Runs(context.Background()); err != nil || len(all) != 2 {
		t.Errorf("a look at one folder dropped runs of another: %d, %v", len(all), err)
	}
	if err := x.Refresh(context.Background(), filepath.Join(root, "absent")); err == nil ||
		!strings.Contains(err.Error(), "no such folder") {
		t.Errorf("an absent folder: %v", err)
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := openIndex(t, path)
	for _, c := range []struct{ pragma, says string }{
		{"user_version = 99", "newer build"}, {"application_id = 7", "another program"},
	} {
		if _, err := x.db.Exec("PRAGMA " + c.pragma); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(context.Background(), path); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.pragma, err)
		}
	}
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 500)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), text); err == nil {
		t.Error("a text file was taken for an index")
	}
}
