package panel

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/rig/scripted"
)

// The variables that make this test's binary run one job, to be killed.
const (
	childURL = "HIVES_PANEL_TEST_URL"
	childIn  = "HIVES_PANEL_TEST_IN"
	childOut = "HIVES_PANEL_TEST_OUT"
	childDB  = "HIVES_PANEL_TEST_DB"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		err := Run(context.Background(), Job{
			Config: oneByOne(url), Theory: "mft", In: os.Getenv(childIn), Out: os.Getenv(childOut), DB: os.Getenv(childDB),
			Stdout: os.Stdout,
		})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(fault.ExitCode(err))
	}
	os.Exit(m.Run())
}

// oneByOne lets a single request be under way, so that at the k-th request k−1 answers have come.
func oneByOne(url string) Config {
	cfg := testPanel(url, 3)
	cfg.Parallel, cfg.Endpoints[0].Parallel = 1, 1
	return cfg
}

// A run is killed while its k-th request hangs. Run again, it asks that one once more and no other twice.
func TestKilledRunAsksNothingTwice(t *testing.T) {
	for _, k := range []int{1, 5, 17} {
		t.Run(fmt.Sprint("request ", k), func(t *testing.T) {
			hangs := make(chan struct{})
			var once sync.Once
			s := scripted.New(t, func(c scripted.Call) scripted.Reply {
				if c.N == k {
					once.Do(func() { close(hangs) })
					return scripted.Reply{Stall: true}
				}
				return honest(c)
			})
			j, _ := jobFor(t, oneByOne(s.URL), lie, "she kept her word", "they fed the birds")
			killWhen(t, s.URL, j, hangs, int64(k-1))
			if rows := run(t, j); len(rows) != 3 {
				t.Errorf("%d rows", len(rows))
			}
			asked := map[string]int{}
			for _, c := range s.Calls() {
				asked[c.Model+c.User]++
			}
			const distinct = 3 * 3 * 3 // texts, voters, questions
			if len(asked) != distinct || len(s.Calls()) != distinct+1 {
				t.Errorf("%d requests for %d questions, want one more than %d", len(s.Calls()), len(asked), distinct)
			}
			if c := s.Calls()[k-1]; asked[c.Model+c.User] != 2 {
				t.Error("another request than the one cut off was asked twice")
			}
		})
	}
}

// patience ends a wait that nothing will end; no machine is so busy.
const patience = time.Minute

// killWhen starts the job in a process of its own and kills it once a request hangs and all answers before
// it are in the votes file.
func killWhen(t *testing.T, url string, j Job, hangs <-chan struct{}, answers int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), childURL+"="+url, childIn+"="+j.In, childOut+"="+j.Out, childDB+"="+j.DB)
	var said bytes.Buffer
	child.Stderr = &said
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait() //nolint:errcheck // it was killed
	defer child.Process.Kill()
	select {
	case <-hangs:
	case <-time.After(patience):
		t.Fatalf("the child never got so far: %s", said.String())
	}
	id := runOf(t, j)
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if _, _, n, err := store.Used(context.Background(), id); err == nil && n == answers {
			return
		}
	}
	t.Fatalf("the child did not store %d answers", answers)
}
