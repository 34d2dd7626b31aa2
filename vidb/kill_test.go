package vidb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"hives/internal/rig/scripted"
)

// childJob makes this test's binary run one build, to be killed.
const childJob = "HIVES_VIDB_TEST_JOB"

// child is what the killed process is told.
type child struct{ Path, Votes, URL string }

// build is the job of a child, one call at a time.
func (c child) build(t *testing.T, w world) BuildJob {
	j := w.job(t, c.URL, c.Path, 1)
	j.Votes, j.Design.M = c.Votes, 6
	return j
}

// TestKilledChild is no test of its own: it is what TestKilledBuildGoesOn kills.
func TestKilledChild(t *testing.T) {
	var c child
	if json.Unmarshal([]byte(os.Getenv(childJob)), &c) != nil {
		return
	}
	_, err := Build(context.Background(), c.build(t, newWorld(2, 16, 2)))
	must(t, err)
}

// A build that is killed in the middle of a call, by no signal that it could handle, goes on and ends with the bytes of
// an unbroken one.
func TestKilledBuildGoesOn(t *testing.T) {
	w := newWorld(2, 16, 2)
	hangs, stall := make(chan struct{}), 0
	var once sync.Once
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.N == stall {
			once.Do(func() { close(hangs) })
			return scripted.Reply{Stall: true}
		}
		return w.Answer(c)
	})
	run := func(kill bool) []byte {
		c := child{Path: w.pool(t), Votes: t.TempDir() + "/votes.db", URL: s.URL}
		if kill {
			stall = len(s.Calls()) + 40
			raw, _ := json.Marshal(c)
			process := exec.Command(os.Args[0], "-test.run", "^TestKilledChild$")
			process.Env = append(os.Environ(), fmt.Sprintf("%s=%s", childJob, raw))
			must(t, process.Start())
			<-hangs
			must(t, process.Process.Kill())
			process.Wait() //nolint:errcheck // it was killed
		}
		_, err := Build(context.Background(), c.build(t, w))
		must(t, err)
		raw, err := os.ReadFile(c.Path)
		must(t, err)
		return raw
	}
	whole := run(false)
	calls := len(s.Calls())
	if again := run(true); !bytes.Equal(whole, again) {
		t.Error("a killed build ends with other bytes")
	}
	if more := len(s.Calls()) - calls; more != calls+1 {
		t.Errorf("%d calls with a kill, %d without: want one more", more, calls)
	}
}
