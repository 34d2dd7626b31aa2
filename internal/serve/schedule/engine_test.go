package schedule

import (
	"context"
	"testing"
	"time"

	"hives/internal/fault"
	"hives/internal/serve/share"
	"hives/pack"
)

// TestEngineSurvivesABadBatch lets one batch fail, once by an error and once by a panic; the probe works, so the
// next request does too.
func TestEngineSurvivesABadBatch(t *testing.T) {
	for name, fail := range map[string]func() error{
		"an error": func() error { return errFake },
		"a panic":  func() error { panic("the fake engine panics") },
	} {
		f := &fakeRunner{onRun: func(b *pack.Batch) error {
			if b.IDs[0] == 13 {
				return fail()
			}
			return nil
		}}
		s := start(t, f, Options{})
		_, err := embed(context.Background(), s, text(13, 2))
		isKind(t, err, fault.Unavailable)
		good := text(5, 3)
		got, err := embed(context.Background(), s, good)
		if err != nil {
			t.Fatalf("after %s: %v", name, err)
		}
		check(t, []Text{good}, got)
		if n := s.Stats().EngineErrors; n != 1 || s.Err() != nil {
			t.Errorf("after %s: %d errors counted, lost: %v", name, n, s.Err())
		}
		s.Close()
	}
}

// TestLostEngineAnswersEverybody fails batch and probe: all that waits gets an error, and nothing is admitted.
func TestLostEngineAnswersEverybody(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{}), onRun: func(*pack.Batch) error { return errFake }}
	s := start(t, f, Options{})
	errs := make(chan error)
	for i := range 3 {
		go func() {
			_, err := embed(context.Background(), s, text(int32(100*(i+1)), 8))
			errs <- err
		}()
	}
	eventually(t, "three requests", func() bool { return s.Stats().Texts == 3 })
	close(f.gate)
	for range 3 {
		isKind(t, <-errs, fault.Unavailable)
	}
	<-s.Failed()
	isKind(t, s.Err(), fault.Unavailable)
	_, err := embed(context.Background(), s, text(1, 1))
	isKind(t, err, fault.Unavailable)
	s.Close()
}

// TestHungEngineIsLost never lets the batch end.
func TestHungEngineIsLost(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{RunTimeout: 20 * time.Millisecond})
	_, err := embed(context.Background(), s, text(1, 1))
	isKind(t, err, fault.Unavailable)
	<-s.Failed()
	s.Close() // does not wait for it
	close(f.gate)
	<-s.Stopped()
}

// TestCloseAnswersWhatWasAdmitted closes while texts wait and a ticket is out.
func TestCloseAnswersWhatWasAdmitted(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{})}
	s := start(t, f, Options{})
	errs := make(chan error)
	ask := func(x Text) {
		_, err := embed(context.Background(), s, x)
		errs <- err
	}
	go ask(text(1, 8))
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	go ask(text(50, 8))
	eventually(t, "the second request", func() bool { return s.Stats().Waiting == 8 })
	ticket, err := s.Admit(context.Background(), share.Who{}, 3, false)
	if err != nil {
		t.Fatal(err)
	}
	go s.Close()
	eventually(t, "closing", func() bool {
		ticket, err := s.Admit(context.Background(), share.Who{}, 1, false)
		if err == nil {
			ticket.Release()
		}
		return fault.Of(err) == fault.Unavailable
	})
	close(f.gate)
	for range 2 {
		if err := <-errs; err != nil {
			t.Errorf("an admitted request was not answered: %v", err)
		}
	}
	if _, err := ticket.Embed(context.Background(), &Flow{}, []Text{text(90, 3)}); err != nil {
		t.Errorf("a ticket of before: %v", err)
	}
	<-s.Stopped()
}

// TestRemaindersGoBack takes three texts at a time of which two fit a batch. While more wait, the third rides in
// the next batch rather than in one of its own, so thirty texts need hardly more than fifteen batches, not twenty.
func TestRemaindersGoBack(t *testing.T) {
	f := &fakeRunner{gate: make(chan struct{}), shapes: []pack.Shape{{Rows: 2, Length: 8, Texts: 4}}}
	var seen []Batch
	s := start(t, f, Options{OnBatch: func(b Batch) { seen = append(seen, b) }})
	done := make(chan error)
	ask := func(texts ...Text) {
		got, err := embed(context.Background(), s, texts...)
		if err == nil {
			check(t, texts, got)
		}
		done <- err
	}
	go ask(text(1, 8))
	eventually(t, "the first batch", func() bool { return f.batches() == 1 })
	var many []Text
	for i := range 30 {
		many = append(many, text(int32(100*(i+1)), 5))
	}
	go ask(many...)
	eventually(t, "all texts", func() bool { return s.Stats().Waiting == 150 })
	close(f.gate)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	s.Close()
	texts := 0
	for _, b := range seen {
		texts += b.Texts
	}
	if len(seen) > 17 || texts != 31 {
		t.Errorf("%d texts in %d batches, want 31 in at most 17", texts, len(seen))
	}
	if st := s.Stats(); st.Held != 0 || st.Waiting != 0 {
		t.Errorf("%d tokens held, %d waiting at the end", st.Held, st.Waiting)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		shapes []pack.Shape
		opt    Options
	}{
		"no shapes": {nil, Options{MaxTokens: 1, Probe: []int32{1}}},
		"no room":   {smallShapes(), Options{Probe: []int32{1}}},
		"no probe":  {smallShapes(), Options{MaxTokens: 1}},
	} {
		if _, err := New(&fakeRunner{shapes: c.shapes}, c.opt); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
