package checkpoints

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
)

func TestPruneKeepsTheLastAndTheBest(t *testing.T) {
	cases := []struct {
		name string
		keep Keep
		want []int
	}{
		{"last two", Keep{5, 2, ""}, []int{4, 5}},
		{"last one and the best, the earlier of two", Keep{5, 1, "accuracy"}, []int{2, 5}},
		{"a score of another name is none", Keep{5, 1, "correlation"}, []int{5}},
		{"more than there are", Keep{5, 9, "accuracy"}, []int{1, 2, 3, 4, 5}},
		{"what came after a way back goes, however good", Keep{3, 2, "accuracy"}, []int{2, 3}},
		{"a way back to before the best", Keep{1, 2, "accuracy"}, []int{1}},
	}
	for _, c := range cases {
		dir := t.TempDir()
		for step, score := range []float64{.5, .7, .7, .1, .2} {
			m := metaOf(step + 1)
			m.Score, m.ScoreName = &score, "accuracy"
			if _, err := Save(dir, m, InMemory(state(1))); err != nil {
				t.Fatal(err)
			}
		}
		if err := Prune(dir, c.keep); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, step := range c.want {
			want = append(want, folderName(step))
		}
		if diff := cmp.Diff(want, names(t, dir)); diff != "" {
			t.Errorf("%s (-want +left):\n%s", c.name, diff)
		}
	}
	if err := Prune(t.TempDir(), Keep{}); fault.Of(err) != fault.Invalid {
		t.Errorf("keeping none: %v", err)
	}
}

// With the newest damaged and one kept, the save after it must not be the one that goes.
func TestPruneAfterAWayBackKeepsTheGoodOnes(t *testing.T) {
	dir := t.TempDir()
	paths := saveSteps(t, dir, 10, 20)
	if err := os.Truncate(filepath.Join(paths[1], tensorsFile), 5); err != nil {
		t.Fatal(err)
	}
	if c, skipped := mustLatest(t, dir); c.Meta.Step != 10 || len(skipped) != 1 {
		t.Fatalf("latest is step %d, skipped %v", c.Meta.Step, skipped)
	}
	saveSteps(t, dir, 15)
	if err := Prune(dir, Keep{Newest: 15, Last: 1}); err != nil {
		t.Fatal(err)
	}
	if c, _ := mustLatest(t, dir); c.Meta.Step != 15 {
		t.Errorf("latest is step %d, want 15", c.Meta.Step)
	}
}

func TestBest(t *testing.T) {
	dir := t.TempDir()
	if _, _, found, err := Best(dir, "accuracy", 9); found || err != nil {
		t.Errorf("without checkpoints: %v, %v", found, err)
	}
	for step, score := range []float64{-3, -1, -2} {
		m := metaOf(step + 1)
		m.Score, m.ScoreName = &score, "loss"
		if _, err := Save(dir, m, InMemory(state(1))); err != nil {
			t.Fatal(err)
		}
	}
	if step, score, found, err := Best(dir, "loss", 9); step != 2 || score != -1 || !found || err != nil {
		t.Errorf("best is step %d with %g, %v, %v", step, score, found, err)
	}
	if step, _, found, err := Best(dir, "loss", 1); step != 1 || !found || err != nil {
		t.Errorf("best up to step 1 is step %d, %v, %v", step, found, err)
	}
}
