package schedule

import (
	"context"
	"errors"
	"sync"
	"testing"

	"hives/internal/serve/share"
)

// TestACallersPartOfTheQueue: one caller gets three quarters of the queue, and another still finds room. Who has
// nothing in it is let in as long as there is room at all.
func TestACallersPartOfTheQueue(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{MaxTokens: 100})
	take := func(caller string) (tokens int, err error) {
		for err == nil {
			if _, err = s.Admit(context.Background(), share.Who{Caller: caller}, 5, false); err == nil {
				tokens += 5
			}
		}
		return tokens, err
	}
	for _, c := range []struct {
		caller string
		want   int
		part   bool
	}{{"a", 75, true}, {"b", 20, true}, {"c", 5, false}, {"d", 0, false}} {
		got, err := take(c.caller)
		var full *FullError
		if !errors.As(err, &full) || got != c.want || full.Part != c.part {
			t.Errorf("caller %s got %d tokens, want %d; then %v", c.caller, got, c.want, err)
		}
	}
	close(f.gate)
}

// TestCancelledTextsFreeTheBound: at a bound of 100 tokens, 1,600 requests that are given up leave nothing behind while
// the engine is busy with another.
func TestCancelledTextsFreeTheBound(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{MaxTokens: 100})
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = embed(context.Background(), s, text(1, 8)) })
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	for i := range 1600 {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := embed(ctx, s, text(int32(10+i), 8)); !errors.Is(err, context.Canceled) {
			t.Fatalf("request %d: %v", i, err)
		}
		s.mu.Lock()
		flows, held := len(s.queue.lines), s.held
		s.mu.Unlock()
		if flows > 0 || held > 0 {
			t.Fatalf("after %d cancelled requests %d flows wait and %d tokens are held", i+1, flows, held)
		}
	}
	close(f.gate)
	wg.Wait()
	s.Close()
}
