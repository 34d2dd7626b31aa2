package panel

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/rig/scripted"
)

// Two programs at one run would pay for every answer twice: the second is told who is in the way, asks nobody and
// may run another theory beside the first.
func TestSecondRunIsRefused(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		once.Do(func() { close(begun) })
		<-goOn
		return honest(c)
	})
	j, _ := jobFor(t, testPanel(s.URL, 3), lie)
	first := make(chan error, 1)
	go func() { first <- Run(context.Background(), j) }()
	<-begun
	second := j
	second.Out, second.Stdout = second.Out+".other.parquet", io.Discard // runs at once share no buffer
	err := Run(context.Background(), second)
	if fault.Of(err) != fault.Exists || !strings.Contains(err.Error(), j.DB) ||
		!strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("the second run: %v", err)
	}
	other := second
	other.Theory = "duty"
	third := make(chan error, 1)
	go func() { third <- Run(context.Background(), other) }()
	close(goOn)
	for what, done := range map[string]chan error{"the first run": first, "another theory beside it": third} {
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := Run(context.Background(), second); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

// A resumed run tells texts whose answers are all stored from those that it asks about.
func TestLabelTellsReplayedTexts(t *testing.T) {
	s := scripted.New(t, honest)
	store, err := judge.Open(filepath.Join(t.TempDir(), "votes.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	tree, _ := theories.Builtin().Get("mft")
	define := func(theories.Path) string { return "" }
	items := []judge.Item{{ID: "a", Text: lie}, {ID: "b", Text: "she kept her word"},
		{ID: "c", Text: "they fed the birds"}}
	count := func(items []judge.Item) (asked, replayed int) {
		p, err := New(context.Background(), testPanel(s.URL, 3), tree, define, store)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		if _, err := p.Label(context.Background(), items, func(fresh bool) {
			mu.Lock()
			defer mu.Unlock()
			if fresh {
				asked++
			} else {
				replayed++
			}
		}); err != nil {
			t.Fatal(err)
		}
		return asked, replayed
	}
	if asked, replayed := count(items[:2]); asked != 2 || replayed != 0 {
		t.Errorf("at first %d asked, %d replayed", asked, replayed)
	}
	if asked, replayed := count(items); asked != 1 || replayed != 2 {
		t.Errorf("with one more text %d asked, %d replayed", asked, replayed)
	}
}
