package schedule

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hives/pack"
)

// TestLingerEndsWhenItShould runs in a bubble whose clock moves only when all sleep, so the waits are exact: a
// twentieth of the last batch's time, no more than MaxLinger, none after a batch of one flow or beside a full one.
func TestLingerEndsWhenItShould(t *testing.T) {
	const run = 100 * time.Millisecond
	for _, c := range []struct {
		name    string
		flows   int
		most    time.Duration
		waiting int           // tokens at the beginning
		comes   int           // tokens that come after a millisecond
		want    time.Duration // how long it waits
	}{
		{"two flows", 2, time.Second, 1, 0, run / 20},
		{"many flows", 7, time.Second, 1, 0, run / 20},
		{"one flow has nobody to wait for", 1, time.Second, 1, 0, 0},
		{"the option bounds it", 2, 2 * time.Millisecond, 1, 0, 2 * time.Millisecond},
		{"a full batch waits already", 2, time.Second, 8, 0, 0},
		{"a full batch comes", 2, time.Second, 1, 7, time.Millisecond},
		{"a text comes and the batch is not full", 2, time.Second, 1, 6, run / 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &Scheduler{opt: Options{MaxLinger: c.most}, waiting: c.waiting, wake: make(chan struct{}, 1)}
			s.Use([]pack.Shape{{Rows: 1, Length: 8, Texts: 1}})
			s.last = Batch{Flows: c.flows, Run: run}
			go func() {
				time.Sleep(time.Millisecond)
				s.mu.Lock()
				s.waiting += c.comes
				s.mu.Unlock()
				s.wake <- struct{}{}
			}()
			began := time.Now()
			s.linger()
			if waited := time.Since(began); waited != c.want {
				t.Errorf("%s: it waits %v, want %v", c.name, waited, c.want)
			}
			time.Sleep(2 * time.Millisecond) // until the other goroutine has ended
		})
	}
}

// TestClientsThatAskAgainShareBatches lets three clients ask, think for a millisecond and ask again. The engine is idle
// at first, so one of them rides alone and the other two behind it. Lingering after these two brings all three
// together; then the engine is idle again. That is three batches in two rounds. Without it one and two take turns for
// ever: four.
func TestClientsThatAskAgainShareBatches(t *testing.T) {
	const rounds = 20
	synctest.Test(t, func(t *testing.T) {
		f := &fakeRunner{onRun: func(*pack.Batch) error { time.Sleep(100 * time.Millisecond); return nil }}
		s := start(t, f, Options{MaxLinger: time.Second})
		done := make(chan error)
		for client := range 3 {
			go func() {
				var err error
				for round := 0; round < rounds && err == nil; round++ {
					_, err = embed(context.Background(), s, text(int32(1000*client+10*round+10), 3))
					time.Sleep(time.Millisecond)
				}
				done <- err
			}()
		}
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		s.Close()
		<-s.Stopped()
		if n := f.batches(); n > 3*rounds/2+3 {
			t.Errorf("%d batches for %d rounds: the clients do not ride together", n, rounds)
		}
	})
}
