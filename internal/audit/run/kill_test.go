package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"hives/internal/audit"
	"hives/internal/rig/audittest"
	"hives/internal/rig/scripted"
)

// childJob makes this test's binary run one job, to be killed.
const childJob = "HIVES_STEER_TEST_JOB"

type child struct{ URL, VIDB, Out string }

func (c child) job() Job {
	j := job(c.URL, c.VIDB, c.Out)
	j.Prompts.Regimes, j.Prompts.Targets = []string{audit.RegimeAnchor, audit.RegimeTexts}, []int{2, -2}
	return j
}

// TestKilledChild is no test of its own: it is what TestKilledAnywhere kills.
func TestKilledChild(t *testing.T) {
	var c child
	if json.Unmarshal([]byte(os.Getenv(childJob)), &c) == nil {
		ran(t, c.job())
	}
}

// A run that is killed at twenty calls, one after another, by no signal that it could handle, ends with the record of
// an unbroken run, and asks nothing twice but what was under way.
func TestKilledAnywhere(t *testing.T) {
	w := audittest.New(t, power)
	w.Subject = audittest.Doses(1)
	var mu sync.Mutex
	var hangs chan struct{}
	stall, calls := 0, 0
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if stall > 0 && calls >= stall {
			if calls == stall {
				close(hangs)
			}
			return scripted.Reply{Stall: true}
		}
		return w.Answer(c)
	})
	whole := child{s.URL, w.VIDB, t.TempDir()}
	ran(t, whole.job())
	all := calls
	broken := child{s.URL, w.VIDB, t.TempDir()}
	raw, err := json.Marshal(broken)
	must(t, err)
	const kills = 20
	for range kills {
		mu.Lock()
		calls, stall, hangs = 0, 1+rand.IntN(max(1, all/kills)), make(chan struct{})
		mu.Unlock()
		process := exec.Command(os.Args[0], "-test.run", "^TestKilledChild$")
		process.Env = append(os.Environ(), fmt.Sprintf("%s=%s", childJob, raw))
		must(t, process.Start())
		<-hangs
		must(t, process.Process.Kill())
		process.Wait() //nolint:errcheck // it was killed
	}
	if _, err := os.Stat(filepath.Join(broken.Out, audit.RecordFile)); err == nil {
		t.Error("a killed run left a record")
	}
	mu.Lock()
	stall = 0
	mu.Unlock()
	ran(t, broken.job())
	a, err := os.ReadFile(filepath.Join(whole.Out, audit.RecordFile))
	must(t, err)
	b, err := os.ReadFile(filepath.Join(broken.Out, audit.RecordFile))
	if must(t, err); !bytes.Equal(a, b) {
		t.Error("a run that was killed ends with other bytes")
	}
	askedTwiceAtMost(t, s.Calls(), all, kills)
}

// askedTwiceAtMost: each question once in each of two runs, and what was under way at a kill once more: at most four
// requests, since so many are under way at once.
func askedTwiceAtMost(t *testing.T, calls []scripted.Call, all, kills int) {
	t.Helper()
	answered, known := map[string]int{}, 0
	for _, c := range calls {
		if c.Model != "" { // a request that was cut by the kill
			answered[c.Model+c.User]++
			known++
		}
	}
	if len(answered) != all {
		t.Errorf("%d different questions, an unbroken run asks %d", len(answered), all)
	}
	if known > 2*all+4*kills {
		t.Errorf("%d requests for twice %d questions and %d kills", known, all, kills)
	}
}
