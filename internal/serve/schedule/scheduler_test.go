package schedule

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/serve/share"
	"hives/pack"
)

// TestVectorsComeBackToTheirTexts runs many requests at once, with texts in common, and compares every vector.
func TestVectorsComeBackToTheirTexts(t *testing.T) {
	s := start(t, &fakeRunner{}, Options{CacheTexts: 10})
	defer s.Close()
	var wg sync.WaitGroup
	for r := range 20 {
		wg.Go(func() {
			for round := range 20 {
				var texts []Text
				for i := range 1 + (r+round)%9 {
					texts = append(texts, text(int32((r*i+round)%40), 1+(i+round)%8))
				}
				got, err := embed(context.Background(), s, texts...)
				if err != nil {
					t.Error(err)
					return
				}
				check(t, texts, got)
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); st.Held != 0 || st.Waiting != 0 || st.Joined == 0 {
		t.Errorf("after all answers %d tokens are held, %d wait; %d texts were joined", st.Held, st.Waiting, st.Joined)
	}
}

// TestEqualTextsAreComputedOnce asks for one text from many requests while the engine is busy.
func TestEqualTextsAreComputedOnce(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{})
	var wg sync.WaitGroup
	ask := func(x Text) {
		wg.Go(func() {
			got, err := embed(context.Background(), s, x, x)
			if err != nil {
				t.Error(err)
				return
			}
			check(t, []Text{x, x}, got)
		})
	}
	ask(text(900, 3)) // keeps the engine busy
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	for range 5 {
		ask(text(7, 3))
	}
	eventually(t, "all requests", func() bool { return s.Stats().Texts == 12 })
	close(f.gate)
	wg.Wait()
	s.Close()
	count := 0
	for _, batch := range f.seen {
		for _, ids := range batch {
			if ids[0] == 7 {
				count++
			}
		}
	}
	if count != 1 {
		t.Errorf("one text in five requests was computed %d times", count)
	}
}

func TestCachedTextsCostNothing(t *testing.T) {
	f := &fakeRunner{}
	s := start(t, f, Options{CacheTexts: 2})
	defer s.Close()
	a, b, c := text(1, 3), text(20, 3), text(40, 3)
	for _, x := range []Text{a, b, a, c, a} { // c pushes b out, which was used longest ago
		got, err := embed(context.Background(), s, x)
		if err != nil {
			t.Fatal(err)
		}
		check(t, []Text{x}, got)
	}
	if f.batches() != 3 {
		t.Errorf("%d batches, want one for each of three texts", f.batches())
	}
	if got, _ := embed(context.Background(), s, b); got[0].Batch == 0 {
		t.Error("the text used longest ago is still in a cache of two")
	}
	fresh := a
	fresh.Key[31], fresh.Fresh = 1, true
	for range 2 {
		if got, _ := embed(context.Background(), s, fresh); got[0].Batch == 0 {
			t.Error("a fresh text came from the cache")
		}
	}
}

// TestFullQueueRefusesBeforeWork holds the engine, fills the queue and asks once more.
func TestFullQueueRefusesBeforeWork(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{MaxTokens: 20})
	var wg sync.WaitGroup
	ask := func(x Text) {
		wg.Go(func() {
			if _, err := embed(context.Background(), s, x); err != nil {
				t.Error(err)
			}
		})
	}
	ask(text(1, 8))
	eventually(t, "the first batch", func() bool { return f.batches() == 1 && s.Stats().Held == 0 })
	ask(text(50, 8))
	ask(text(90, 8))
	eventually(t, "a queue of 16", func() bool { return s.Stats().Waiting == 16 })
	_, err := s.Admit(context.Background(), share.Who{}, 5, false)
	isKind(t, err, fault.Exhausted)
	var full *FullError
	if !errors.As(err, &full) || full.Held != 16 || full.Max != 20 || full.Retry <= 0 {
		t.Errorf("the refusal says %+v", full)
	}
	if ticket, err := s.Admit(context.Background(), share.Who{}, 4, false); err != nil {
		t.Errorf("4 tokens fit beside 16 in 20: %v", err)
	} else if _, err = ticket.Embed(context.Background(), &Flow{},
		[]Text{text(200, 8)}); fault.Of(err) != fault.Exhausted {
		t.Errorf("8 tokens on a ticket for 4: %v", err)
	}
	if _, err := embed(context.Background(), s, text(300, 8)); fault.Of(err) != fault.Exhausted || s.Stats().Held != 16 {
		t.Errorf("a refused request: %v; it left %d tokens behind", err, s.Stats().Held-16)
	}
	close(f.gate)
	wg.Wait()
	s.Close()
	if f.batches() > 3 {
		t.Error("a refused text was computed")
	}
}

// TestBulkWaitsAndLeavesRoom fills half of the queue with bulk: more of it waits, and calls still get in.
func TestBulkWaitsAndLeavesRoom(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{MaxTokens: 20})
	if _, err := s.Admit(context.Background(), share.Who{}, 10, true); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Admit(short, share.Who{}, 1, true); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("bulk beyond half of the queue: %v, want to wait until the deadline", err)
	}
	ticket, err := s.Admit(context.Background(), share.Who{}, 10, false)
	if err != nil {
		t.Fatalf("a call beside bulk: %v", err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := s.Admit(context.Background(), share.Who{}, 1, true)
		got <- err
	}()
	ticket.Release() // still half full: the waiting one goes on waiting
	select {
	case err := <-got:
		t.Errorf("bulk was let in beyond half: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	s.mu.Lock()
	s.release(share.Who{}, 10)
	s.mu.Unlock()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// TestCancelledTextsLeaveTheQueue cancels a request that waits; what another one wants stays.
func TestCancelledTextsLeaveTheQueue(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{})
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = embed(context.Background(), s, text(1, 8)) })
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })

	alone, shared := text(100, 5), text(200, 6)
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() {
		if _, err := embed(ctx, s, alone, shared); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled request: %v", err)
		}
	})
	wg.Go(func() {
		got, err := embed(context.Background(), s, shared)
		if err != nil {
			t.Error(err)
			return
		}
		check(t, []Text{shared}, got)
	})
	eventually(t, "both requests", func() bool { return s.Stats().Texts == 4 })
	cancel()
	eventually(t, "the cancelled text to leave", func() bool { return s.Stats().Waiting == 6 })
	close(f.gate)
	wg.Wait()
	s.Close()
	for _, batch := range f.seen {
		for _, ids := range batch {
			if ids[0] == 100 {
				t.Error("a text that nobody waited for was computed")
			}
		}
	}
}

// TestHugeRequestDoesNotStarveSmallOnes counts the batches that a small request waits for.
func TestHugeRequestDoesNotStarveSmallOnes(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{MaxTokens: 100000})
	var huge []Text
	for i := range 1000 {
		huge = append(huge, text(int32(1000+i), 8))
	}
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = embed(context.Background(), s, huge...) })
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	answered := make(chan int, 1)
	wg.Go(func() {
		if _, err := embed(context.Background(), s, text(1, 4), text(2, 4)); err != nil {
			t.Error(err)
		}
		answered <- f.batches()
	})
	eventually(t, "the small request", func() bool { return s.Stats().Texts == 1002 })
	for range 4 {
		f.gate <- struct{}{}
	}
	if n := <-answered; n > 6 {
		t.Errorf("two short texts waited for %d batches of another request", n)
	}
	close(f.gate)
	wg.Wait()
	s.Close()
}

// TestLikeLengthsShareABatch lets short and long texts wait in turns: each batch has texts of one length,
// that of the text whose turn it is, and its rows are full.
func TestLikeLengthsShareABatch(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{}), shapes: []pack.Shape{
		{Rows: 1, Length: 8, Texts: 4}, {Rows: 8, Length: 16, Texts: 64}, {Rows: 1, Length: 128, Texts: 64},
	}}
	s := start(t, f, Options{MaxTokens: 10000})
	var wg sync.WaitGroup
	ask := func(x Text) {
		before := s.Stats().Texts
		wg.Go(func() {
			got, err := embed(context.Background(), s, x)
			if err != nil {
				t.Error(err)
				return
			}
			check(t, []Text{x}, got)
		})
		eventually(t, "a text to enter", func() bool { return s.Stats().Texts == before+1 })
	}
	ask(text(1, 1)) // keeps the engine busy
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	for i := range 20 {
		ask(text(int32(1000+i), 16))
		if i%5 == 0 {
			ask(text(int32(2000+i), 60))
		}
	}
	close(f.gate)
	wg.Wait()
	s.Close()
	for n, want := range [][2]int{{8, 16}, {2, 60}, {8, 16}, {2, 60}} { // the second and the fourth are led by a long text
		batch := f.seen[1+n]
		if len(batch) != want[0] {
			t.Errorf("batch %d has %d texts, %d fill it", n+1, len(batch), want[0])
		}
		for _, ids := range batch {
			if len(ids) != want[1] {
				t.Errorf("batch %d has a text of %d tokens among those of %d", n+1, len(ids), want[1])
			}
		}
	}
}

// TestNotFiniteNeverLeaves spoils one text of a row, and with it, as a model does, all of the row: its request fails,
// its neighbours' do not.
func TestNotFiniteNeverLeaves(t *testing.T) {
	bad := Text{Key: Key{1}, IDs: []int32{666}}
	f := &spoiler{fakeRunner{shapes: []pack.Shape{{Rows: 1, Length: 8, Texts: 4}}, gate: make(chan struct{})}}
	s, err := New(f, Options{MaxTokens: 100, Probe: []int32{1}, CacheTexts: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var wg sync.WaitGroup
	ask := func(x Text, ok bool) {
		before := s.Stats().Texts
		wg.Go(func() {
			got, err := embed(context.Background(), s, x)
			if !ok {
				isKind(t, err, fault.Corrupt)
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			check(t, []Text{x}, got)
		})
		eventually(t, "a text to enter", func() bool { return s.Stats().Texts == before+1 })
	}
	ask(text(100, 8), true) // keeps the engine busy
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	ask(text(5, 3), true)
	ask(bad, false)
	ask(text(20, 2), true)
	close(f.gate)
	wg.Wait()
	if len(f.seen[1]) != 3 {
		t.Fatalf("the second batch has %d texts, want all three in its row", len(f.seen[1]))
	}
	ask(bad, false) // it would come from the cache now
	wg.Wait()
	if n := s.Stats().NonFinite; n != 2 {
		t.Errorf("%d vectors withheld, want 2", n)
	}
}

// spoiler makes every vector of a row with id 666 infinite.
type spoiler struct{ fakeRunner }

func (p *spoiler) Run(ctx context.Context, b *pack.Batch) ([]float32, error) {
	out, err := p.fakeRunner.Run(ctx, b)
	for at, id := range b.IDs {
		if id != 666 || err != nil {
			continue
		}
		row := at / b.Length * b.Length
		for _, slot := range b.Texts[row : row+b.Length] {
			if slot >= 0 {
				out[int(slot)*fakeDim] = float32(math.Inf(-1))
			}
		}
	}
	return out, err
}
