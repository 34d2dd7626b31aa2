package interview_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/interview"
	"hives/internal/rig/scripted"
)

// TestScoreGivesTheSameBytes: scores are a function of what is stored; another rule for ties gives others, and the
// first rule the first ones again.
func TestScoreGivesTheSameBytes(t *testing.T) {
	w := newWorld(t)
	w.first = .5 // many exact ties: the judge took what stood first in one order and read in the other
	dir := t.TempDir()
	run(t, job(scripted.New(t, w.answer).URL, dir))
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	names := []string{interview.ScoresFile, interview.MatricesFile, interview.PageFile}
	before := map[string][]byte{}
	for _, name := range names {
		before[name] = read(name)
	}
	other, err := interview.Score(dir, interview.Lowest)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(read(interview.ScoresFile), before[interview.ScoresFile]) {
		t.Error("another rule for ties gives the same scores")
	}
	again, err := interview.Score(dir, interview.Soft)
	if err != nil {
		t.Fatal(err)
	}
	// The lower of two tied options lies below their mean.
	if !(float64(other.Acquiescence) < float64(again.Acquiescence)) {
		t.Errorf("mean answer %v by the lower option, %v by the middle", other.Acquiescence, again.Acquiescence)
	}
	for _, name := range names {
		if !bytes.Equal(read(name), before[name]) {
			t.Errorf("%s differs when it is computed again", name)
		}
	}
}

// TestFilesOfSeveralRunsAreRefused: an inventory, or answers, of another run would give figures of neither.
func TestFilesOfSeveralRunsAreRefused(t *testing.T) {
	w := newWorld(t)
	dir, other := t.TempDir(), t.TempDir()
	url := scripted.New(t, w.answer).URL
	run(t, job(url, dir))
	j := job(url, other)
	j.Personas = 9
	run(t, j)
	for _, name := range []string{interview.AnswersFile, interview.PersonasFile, interview.InventoryFile} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == interview.InventoryFile {
			foreign = bytes.Replace(foreign, []byte("very much like me"), []byte("quite like me"), 1)
		}
		if err := os.WriteFile(filepath.Join(dir, name), foreign, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := interview.Score(dir, interview.Soft); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(),
			dir) {
			t.Errorf("%s of another run: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := interview.Score(dir, interview.Soft); err != nil {
		t.Errorf("its own files: %v", err)
	}
	if _, err := interview.Score(t.TempDir(), interview.Soft); err == nil {
		t.Error("an empty folder has scores")
	}
}

// TestRepeatsAreAskedApart: each repeat is a call of its own, and the vote is over all of them.
func TestRepeatsAreAskedApart(t *testing.T) {
	w := newWorld(t)
	calls := map[string]int{}
	server := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.Model == interview.Respondent {
			calls[c.System+c.User]++
		}
		return w.answer(c)
	})
	j := job(server.URL, t.TempDir())
	j.Personas, j.Repeats, j.Config.Parallel, j.Config.Endpoints[0].Parallel = 3, 3, 1, 1
	r := run(t, j)
	if r.Answers != 3*57*3 || r.Repeats != 3 {
		t.Errorf("%d answers, %d repeats", r.Answers, r.Repeats)
	}
	for asked, n := range calls {
		if n != 3 {
			t.Fatalf("%q was asked %d times", asked, n)
		}
	}
	for _, it := range r.Items {
		if it.Answers != 9 {
			t.Errorf("item %s has %d answers", it.ID, it.Answers)
		}
	}
}

// TestGate: a judge that reads passes, one that does not fails, and too few labels say nothing. The control is the
// label: of labels dealt out anew no judge passes.
func TestGate(t *testing.T) {
	lines := func(n, turn int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"item": "sdt-1", "text": "No. %d: to me that is a %d.", "option": %d}`+"\n", i, i%6+1,
				(i+turn*(i/6+1))%6+1)
		}
		path := filepath.Join(t.TempDir(), "gate.jsonl")
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name   string
		labels string
		deaf   bool
		says   string
		passed bool
	}{
		{"reads", lines(120, 0), false, "judge passed", true},
		{"deaf", lines(120, 0), true, "FAILED", false},
		{"other labels", lines(120, 1), false, "FAILED", false},
		{"too few", lines(60, 0), false, "not checked: 60", false},
		{"none", "", false, "judge not checked", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.deaf = c.deaf
			j := job(scripted.New(t, w.answer).URL, t.TempDir())
			j.Personas, j.Gate = 3, c.labels
			r := run(t, j)
			if !strings.Contains(r.Warning, c.says) {
				t.Errorf("the first line is %q, want %q", r.Warning, c.says)
			}
			if r.Gate != nil && r.Gate.Passed != c.passed || c.labels != "" && r.Gate == nil {
				t.Errorf("gate %+v", r.Gate)
			}
		})
	}
}

// TestARefusalIsNoAnswer: who speaks as a machine is counted and left out.
func TestARefusalIsNoAnswer(t *testing.T) {
	w := newWorld(t)
	j := job(scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.Model == interview.Respondent && drawn("refuse", c.System, c.User) < .1 {
			return scripted.Reply{Content: "As an AI I hold no values."}
		}
		return w.answer(c)
	}).URL, t.TempDir())
	r := run(t, j)
	if share := float64(r.Refused) / float64(r.Answers); r.Refused != r.Unusable || share < .05 || share > .16 {
		t.Errorf("%d refused, %d unusable of %d", r.Refused, r.Unusable, r.Answers)
	}
	if math.IsNaN(float64(r.Nothing)) {
		t.Error("what the judge says of nothing is undefined")
	}
}
